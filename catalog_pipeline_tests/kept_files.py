"""Files of a catalogue, wherever they are kept, as somebody may find, read and harm them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.storing.objects import Objects
from catalog_pipeline.storing.stores import page_store

_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class KeptObject:
    """One in an object store, with as much of a path as tests need."""

    name: str
    objects: Objects

    def exists(self) -> bool:
        """Whether it is there."""
        return any(each.name == self.name for each in self.objects.list())

    def read_bytes(self) -> bytes:
        """Its content."""
        return self.objects.get(self.name, max_bytes=_MOST_BYTES)

    def read_text(self) -> str:
        """Its content, as text."""
        return self.read_bytes().decode()

    def write_bytes(self, content: bytes | bytearray) -> int:
        """Replace its content."""
        self.objects.put(self.name, bytes(content))
        return len(content)

    def unlink(self) -> None:
        """Remove it."""
        self.objects.remove([self.name])


Kept = Path | KeptObject


def kept(places: CataloguePlaces, path: Path) -> Kept:
    """What has that path below the catalogue's folder, where it is kept."""
    if places.address is None:
        return path
    return KeptObject(path.name, Objects(places.told(path.parent)))


def page_file_of(places: CataloguePlaces, page: PageKey) -> Kept:
    """The newest file of a page."""
    return kept(places, places.pages / str(page_store(places).newest()[page]))
