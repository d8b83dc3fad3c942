"""What all stores of page files have in common: how a file is named, verified, and superseded.

Where the files are, and how they get there, is each store's own (`folder_store`, `object_store`).
What is done and what is due is not decided here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from datetime import datetime

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StoredPageError
from catalog_pipeline.records import PageRecord, StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.page_file import FileName, PageFile


class PageFiles(ABC):
    """The page files of one catalogue; a page may have several for a while.

    The one that its checkpoint names stays until a newer checkpoint is recorded, so that whatever
    reads the table's pages always finds them.
    """

    def write(self, record: PageRecord, rows: bytes, body: bytes) -> StoredPage:
        """Store a page.

        Raises:
            StorageError: the disk is full, the folder read-only, the bucket out of reach, ...
        """
        return self._write(record, page_file.encode(record, rows, body))

    def write_again(self, record: PageRecord, file: PageFile) -> StoredPage:
        """Store a page whose rows and body are those of `file`, under a new record."""
        renewed = PageFile(record, file.packed_rows, file.packed_body)
        return self._write(record, page_file.encode_packed(renewed))

    def read(self, page: PageKey, name: str, sha256: str) -> PageFile:
        """A page's file as it was recorded.

        Raises:
            StoredPageError: it is missing, not the file that was recorded, or one of another page.
        """
        content = self._get(page, name)
        if page_file.file_digest(content) != sha256:
            raise StoredPageError(f"stored file {name} was altered after its checkpoint", page=page)
        file = page_file.decode(content, page=page, name=name)
        if file.record.page != page:
            problem = f"stored file {name} is one of page {file.record.page}"
            raise StoredPageError(problem, page=page)
        return file

    def recognise(self, name: FileName) -> StoredPage:
        """A file without a checkpoint, as the page that would have been recorded.

        Raises:
            StoredPageError: it is not whole, cannot be used, or is not what its name says.
        """
        content = self._get(name.page, str(name))
        digest = page_file.file_digest(content)
        if not digest.startswith(name.digest):
            raise StoredPageError(f"stored file {name} is not whole", page=name.page)
        file = page_file.decode(content, page=name.page, name=str(name))
        inside = page_file.name_of(file.record, digest)
        if inside != name:
            problem = f"stored file {name} holds what belongs under the name {inside}"
            raise StoredPageError(problem, page=name.page)
        page_file.verify(file, name=str(name))
        return StoredPage(file.record, str(name), digest)

    def has_all(self, pages: Iterable[PageKey]) -> bool:
        """Whether each of the pages has a file; a page without one cannot be done."""
        stored = self.newest()
        return all(page in stored for page in pages)

    def discard(self, stored: StoredPage) -> None:
        """Remove one file, of a page that is not to be done by it."""
        name = FileName.parse(stored.file_name)
        if name is not None:
            self.remove([name])

    def discard_others(self, kept: Iterable[StoredPage], *, now: datetime) -> None:
        """Remove all files of the given pages but the given ones and later fetches.

        A file with a time after `now` was stored while the clock was ahead, and goes too.
        """
        current = {stored.record.page: FileName.parse(stored.file_name) for stored in kept}

        def is_superseded(name: FileName) -> bool:
            keep = current.get(name.page)
            return (
                keep is not None and name != keep and not keep.fetched_at < name.fetched_at <= now
            )

        self.remove(filter(is_superseded, self._names()))

    @abstractmethod
    def newest(self) -> dict[PageKey, FileName]:
        """The newest file of each page."""

    @abstractmethod
    def remove(self, names: Iterable[FileName]) -> None:
        """Remove page files; those that are not there are none."""

    @abstractmethod
    def _names(self) -> Iterable[FileName]:
        """The names of all page files."""

    @abstractmethod
    def _get(self, page: PageKey, name: str) -> bytes:
        """The content of a file of a page.

        Raises:
            StoredPageError: there is none, or it is none that a crawl wrote.
            StorageError: the store cannot be read.
        """

    @abstractmethod
    def _put(self, page: PageKey, name: str, content: bytes) -> None:
        """Store a file whole or not at all.

        Raises:
            StorageError: it cannot be written.
        """

    def _write(self, record: PageRecord, content: bytes) -> StoredPage:
        digest = page_file.file_digest(content)
        name = str(page_file.name_of(record, digest))
        self._put(record.page, name, content)
        return StoredPage(record, name, digest)


def newest_of(
    names: Iterable[FileName], written_at: Callable[[FileName], float]
) -> dict[PageKey, FileName]:
    """The newest file of each page; one fetch may have been parsed again, and stored again."""
    newest: dict[PageKey, FileName] = {}

    def is_newer(name: FileName, other: FileName) -> bool:
        if name.fetched_at != other.fetched_at:
            return name.fetched_at > other.fetched_at
        return (written_at(name), name.digest) > (written_at(other), other.digest)

    for name in names:
        known = newest.get(name.page)
        if known is None or is_newer(name, known):
            newest[name.page] = name
    return newest


def named(files: Iterable[str]) -> list[FileName]:
    """Those of the names that are names of page files."""
    return [name for each in files if (name := FileName.parse(each)) is not None]


def missing(page: PageKey, name: str) -> StoredPageError:
    """That a file is not there."""
    return StoredPageError(f"stored file {name} is missing", page=page)


def too_long(page: PageKey, name: str, bytes_found: int) -> StoredPageError:
    """That a file is longer than what any crawl writes."""
    problem = f"stored file {name} has {bytes_found:,} bytes, more than any page"
    return StoredPageError(problem, page=page)
