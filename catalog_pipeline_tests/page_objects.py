"""The file of a stored page, wherever it is, as somebody may find, read and harm it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.storing.objects import Objects
from catalog_pipeline.storing.page_file import MAX_FILE_BYTES
from catalog_pipeline.storing.stores import page_store


@dataclass(frozen=True)
class PageObject:
    """One in an object store, with as much of a path as tests need."""

    name: str
    objects: Objects

    def read_bytes(self) -> bytes:
        """Its content."""
        return self.objects.get(self.name, max_bytes=MAX_FILE_BYTES)

    def write_bytes(self, content: bytes | bytearray) -> int:
        """Replace its content."""
        self.objects.put(self.name, bytes(content))
        return len(content)

    def unlink(self) -> None:
        """Remove it."""
        self.objects.remove([self.name])


def page_file_of(places: CataloguePlaces, page: PageKey) -> Path | PageObject:
    """The newest file of a page."""
    name = str(page_store(places).newest()[page])
    if places.address is None:
        return places.pages / name
    return PageObject(name, Objects(places.told(places.pages)))
