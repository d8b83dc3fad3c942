"""What the site answered when a page failed last: one file per page, until the page comes.

For people who look for the reason; nothing is decided by it, so that it is written without waiting
for the disk, and one that cannot be read is none. Pages that came are in a `store`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

import msgspec
import zstandard

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import PageKeyError, StorageError
from catalog_pipeline.records import FailedAnswer
from catalog_pipeline.storing.objects import Objects, TooLongObjectError
from catalog_pipeline.storing.page_file import pack
from catalog_pipeline.system import durable_files

_MAGIC = b"failed answer 1\n"
_SUFFIX = ".answer"
_MAX_FILE_BYTES = 64 << 20


class _Head(msgspec.Struct):
    url: str
    status: int
    headers: list[tuple[str, str]]
    at: datetime | None = None
    """When it came; what earlier releases wrote does not say it."""


_head_encoder = msgspec.json.Encoder()
# Made once, in the thread that imports: threads that make one at the same time crash the process.
_head_decoder = msgspec.json.Decoder(_Head)


class Evidence:
    """The failed answers of a catalogue's pages, in one place. Threads may share it."""

    def __init__(self, place: Path | Objects) -> None:
        self._files: _Files = _Folder(place) if isinstance(place, Path) else _Bucket(place)

    def keep(self, page: PageKey, answer: FailedAnswer) -> None:
        """Put the answer in the place of the page's last one; without room there is none."""
        now = datetime.now(timezone.utc)
        head = _Head(answer.url, answer.status, list(answer.headers), now)
        content = b"".join((_MAGIC, _head_encoder.encode(head), b"\n", pack(answer.body)))
        with suppress(OSError, StorageError):
            self._files.put(_name(page), content)

    def read(self, page: PageKey, *, since: datetime | None = None) -> FailedAnswer | None:
        """The page's last failed answer; None if there is none that can be read, or only one of
        before, as a machine that stood still may bring when another has fetched the page."""
        try:
            content = self._files.get(_name(page))
            head, _, packed = content.removeprefix(_MAGIC).partition(b"\n")
            found = _head_decoder.decode(head)
            body = zstandard.ZstdDecompressor().decompress(packed, max_output_size=_MAX_FILE_BYTES)
        except (OSError, TooLongObjectError, msgspec.DecodeError, zstandard.ZstdError):
            return None
        if since is not None and found.at is not None and found.at < since:
            return None
        return FailedAnswer(found.url, found.status, tuple(found.headers), body)

    def forget(self, page: PageKey, *, is_there: bool = False) -> None:
        """The page has come: its failed answer goes; if it `is_there` may be unknown."""
        with suppress(OSError, StorageError):
            self._files.remove(_name(page), is_there=is_there)

    def discard_half_written(self) -> None:
        """Remove what killed writers left; for whoever holds the catalogue's crawl lock."""
        self._files.discard_half_written()

    def pages(self) -> Iterator[PageKey]:
        """The pages that have one."""
        for name in self._files.names():
            with suppress(PageKeyError):
                yield PageKey.parse(name.removesuffix(_SUFFIX))


class _Files(Protocol):
    """Files by their names, as far as failed answers need them."""

    def put(self, name: str, content: bytes) -> object: ...
    def get(self, name: str) -> bytes: ...
    def remove(self, name: str, *, is_there: bool) -> None: ...
    def names(self) -> Iterable[str]: ...
    def discard_half_written(self) -> None: ...


class _Folder:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, content: bytes) -> None:
        path = self._folder / name
        temporary = path.with_name(f".{name}-{os.getpid()}-{threading.get_ident()}")
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)

    def get(self, name: str) -> bytes:
        return durable_files.read_plain(self._folder / name, max_bytes=_MAX_FILE_BYTES)

    def remove(self, name: str, *, is_there: bool) -> None:
        os.unlink(self._folder / name)

    def names(self) -> Iterable[str]:
        with suppress(FileNotFoundError):
            return os.listdir(self._folder)
        return ()

    def discard_half_written(self) -> None:
        for path in self._folder.glob(".*"):
            with suppress(OSError):
                path.unlink()


class _Bucket:
    """Asks for what is there once, of all: most pages that come have not failed."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._lock = threading.Lock()
        self._known: set[str] | None = None

    def put(self, name: str, content: bytes) -> None:
        self._objects.put(name, content)

    def get(self, name: str) -> bytes:
        return self._objects.get(name, max_bytes=_MAX_FILE_BYTES)

    def remove(self, name: str, *, is_there: bool) -> None:
        with self._lock:
            is_there = is_there or name in self._listed()
            if self._known is not None:
                self._known.discard(name)
        if is_there:
            self._objects.remove([name])

    def names(self) -> Iterable[str]:
        return [each.name for each in self._objects.list()]

    def _listed(self) -> set[str]:
        if self._known is None:
            self._known = set(self.names())
        return self._known

    def discard_half_written(self) -> None:
        """There is none."""


def _name(page: PageKey) -> str:
    return f"{page}{_SUFFIX}"
