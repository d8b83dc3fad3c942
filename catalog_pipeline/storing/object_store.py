"""A catalogue's page files in an object store: one object for a page's file, under the same name.

The name holds the digest of the content, so that whoever stores a page again, because the answer
was lost or a retry came late, stores the same. What is the same for files anywhere is in
`page_files`, what a request to the store means in `objects`.
"""

from __future__ import annotations

from collections.abc import Iterable

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.objects import ObjectInfo, Objects, TooLongObjectError
from catalog_pipeline.storing.page_file import FileName
from catalog_pipeline.storing.page_files import PageFiles, missing, named, newest_of, too_long


class ObjectStore(PageFiles):
    """The page files below one address. Safe to use from several threads and processes.

    A file is stored for good when it is stored: nothing is ever half-written, and nothing is to be
    synced.
    """

    reads_at_once = 64

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def prepare(self, *, is_alone: bool = True) -> None:
        """There is no folder to make, and nothing is half-written."""

    def discard_half_written_by(self, pid: int) -> None:
        """An object is there whole or not at all."""

    def sync(self) -> None:
        """What was put lasts."""

    def newest(self) -> dict[PageKey, FileName]:
        listed = self._listed()
        return newest_of(listed, lambda name: listed[name].modified.timestamp())

    def files(self) -> dict[FileName, int]:
        return {name: found.bytes for name, found in self._listed().items()}

    def half_written(self) -> dict[str, int]:
        return {}

    def remove(self, names: Iterable[FileName]) -> None:
        self._objects.remove(map(str, names))

    def _listed(self) -> dict[FileName, ObjectInfo]:
        found = ((FileName.parse(each.name), each) for each in self._objects.list())
        return {name: each for name, each in found if name is not None}

    def _names(self) -> list[FileName]:
        return named(each.name for each in self._objects.list())

    def _get(self, page: PageKey, name: str) -> bytes:
        try:
            return self._objects.get(name, max_bytes=page_file.MAX_FILE_BYTES)
        except FileNotFoundError as error:
            raise missing(page, name) from error
        except TooLongObjectError as error:
            raise too_long(page, name, error.bytes_found) from error

    def _put(self, page: PageKey, name: str, content: bytes) -> None:
        self._objects.put(name, content)
