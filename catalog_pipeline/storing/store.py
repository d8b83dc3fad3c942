"""What a store of page files has to do, wherever it keeps them.

One suite of tests holds every implementation to it (`catalog_pipeline_tests/storing/test_store`).
How a file looks inside belongs in `catalog_pipeline.storing.page_file`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import PageRecord, StoredPage
from catalog_pipeline.storing.page_file import FileName, PageFile


class Store(Protocol):
    """The page files of one catalogue. Safe to use from several threads and processes."""

    reads_at_once: int
    """How many of its files are best read at the same time: as many as hide what one waits for."""

    def prepare(self, *, is_alone: bool = True) -> None:
        """Make ready for writing, and remove what a killed writer left half-written; unless others
        may just be writing, so that the caller is not `is_alone`.

        Raises:
            StorageError: it cannot be written to.
        """

    def discard_half_written_by(self, pid: int) -> None:
        """Remove what a process that is dead was just writing; what it has stored stays.

        Raises:
            StorageError: it cannot be removed.
        """

    def write(self, record: PageRecord, rows: bytes, body: bytes) -> StoredPage:
        """Store a page whole or not at all; it lasts when `sync` has returned.

        Raises:
            StorageError: it cannot be written.
        """

    def write_again(self, record: PageRecord, file: PageFile) -> StoredPage:
        """Store a page whose rows and body are those of `file`, under a new record.

        Raises:
            StorageError: it cannot be written.
        """

    def sync(self) -> None:
        """Make all that was written so far last, also through a loss of power.

        Raises:
            StorageError: it cannot be made to.
        """

    def read(self, page: PageKey, name: str, sha256: str) -> PageFile:
        """A page's file as it was recorded.

        Raises:
            StoredPageError: it is missing, not the file that was recorded, or one of another page.
            StorageError: the store cannot be read.
        """

    def recognise(self, name: FileName) -> StoredPage:
        """A file without a checkpoint, as the page that would have been recorded.

        Raises:
            StoredPageError: it is not whole, cannot be used, or is not what its name says.
            StorageError: the store cannot be read.
        """

    def newest(self) -> dict[PageKey, FileName]:
        """The newest file of each page: of the latest fetch, and among its files the last one.

        Raises:
            StorageError: the store cannot be read.
        """

    def has_all(self, pages: Iterable[PageKey]) -> bool:
        """Whether each of the pages has a file; a page without one cannot be done."""

    def files(self) -> dict[FileName, int]:
        """All page files, with their bytes.

        Raises:
            StorageError: the store cannot be read.
        """

    def half_written(self) -> dict[str, int]:
        """What writers have not finished, or have left when they were killed, with its bytes."""

    def remove(self, names: Iterable[FileName]) -> None:
        """Remove page files.

        Raises:
            StorageError: they cannot be removed.
        """

    def discard(self, stored: StoredPage) -> None:
        """Remove one file, of a page that is not to be done by it.

        Raises:
            StorageError: it cannot be removed.
        """

    def discard_others(self, kept: Iterable[StoredPage], *, now: datetime) -> None:
        """Remove all files of the given pages but the given ones and later fetches.

        A file with a time after `now` was stored while the clock was ahead, and goes too.

        Raises:
            StorageError: they cannot be removed.
        """
