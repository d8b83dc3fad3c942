"""The folder of a catalogue's page files: durable writes, verified reads.

A file is written under a temporary name, synced, and renamed; `sync` then makes the name itself
durable. A page may have several files for a while: the one that its checkpoint names stays until
a newer checkpoint is recorded, so that whatever reads the table's pages always finds them. What
is done and what is due is not decided here.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StorageError, StoredPageError
from catalog_pipeline.records import PageRecord, StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.page_file import FileName, PageFile
from catalog_pipeline.system import durable_files
from catalog_pipeline.system.durable_files import NotAPlainFileError, TooLongError

_TEMPORARY_PREFIX = ".writing-"


class FolderStore:
    """The page files below one folder. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = os.path.join(folder, "")

    def prepare(self) -> None:
        """Make the folder and remove what a killed writer left half-written.

        Only for the process that holds the catalogue's crawl lock.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._discard_half_written(f"{_TEMPORARY_PREFIX}*")
        except OSError as error:
            raise _storage_error("prepare the folder", self.folder, error) from error

    def discard_half_written_by(self, pid: int) -> None:
        """Remove what a process that is dead was just writing."""
        try:
            self._discard_half_written(f"{_TEMPORARY_PREFIX}{pid}-*")
        except OSError as error:
            raise _storage_error("tidy the folder", self.folder, error) from error

    def write(self, record: PageRecord, rows: bytes, body: bytes) -> StoredPage:
        """Store a page; its content is on disk when this returns, its name after `sync`.

        Raises:
            StorageError: the disk is full, the folder read-only, ...
        """
        return self._write(record, page_file.encode(record, rows, body))

    def write_again(self, record: PageRecord, file: PageFile) -> StoredPage:
        """Store a page whose rows and body are those of `file`, under a new record."""
        renewed = PageFile(record, file.packed_rows, file.packed_body)
        return self._write(record, page_file.encode_packed(renewed))

    def sync(self) -> None:
        """Make the names of all files written so far durable."""
        try:
            durable_files.sync_folder(self.folder)
        except OSError as error:
            raise _storage_error("sync the folder", self.folder, error) from error

    def read(self, page: PageKey, name: str, sha256: str) -> PageFile:
        """A page's file as it was recorded.

        Raises:
            StoredPageError: it is missing, not the file that was recorded, or one of another page.
        """
        content = self._content(page, name)
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
        content = self._content(name.page, str(name))
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

    def newest(self) -> dict[PageKey, FileName]:
        newest: dict[PageKey, FileName] = {}
        for name in self._names():
            known = newest.get(name.page)
            if known is None or self._is_newer(name, known):
                newest[name.page] = name
        return newest

    def _is_newer(self, name: FileName, other: FileName) -> bool:
        """Whether a file of a page came later; one fetch may have been parsed again and stored."""
        if name.fetched_at != other.fetched_at:
            return name.fetched_at > other.fetched_at
        return (self._written_at(name), name.digest) > (self._written_at(other), other.digest)

    def _written_at(self, name: FileName) -> int:
        try:
            return os.stat(self.folder / str(name), follow_symlinks=False).st_mtime_ns
        except OSError:
            return 0

    def has(self, page: PageKey) -> bool:
        """Whether the page has a file."""
        return self.has_all([page])

    def has_all(self, pages: Iterable[PageKey]) -> bool:
        """Whether each of the pages has a file; a page without one cannot be done."""
        stored = self.newest()
        return all(page in stored for page in pages)

    def files(self) -> dict[FileName, int]:
        return {name: _bytes_of(self.folder / str(name)) for name in self._names()}

    def half_written(self) -> dict[str, int]:
        """What writers have not finished, or have left when they were killed, with its bytes."""
        paths = self.folder.glob(f"{_TEMPORARY_PREFIX}*")
        return {path.name: _bytes_of(path) for path in paths}

    def remove(self, names: Iterable[FileName]) -> None:
        for name in names:
            self._remove(name)

    def discard(self, stored: StoredPage) -> None:
        """Remove one file, of a page that is not to be done by it."""
        name = FileName.parse(stored.file_name)
        if name is not None:
            self._remove(name)

    def discard_others(self, kept: Iterable[StoredPage], *, now: datetime) -> None:
        """Remove all files of the given pages but the given ones and later fetches.

        A file with a time after `now` was stored while the clock was ahead, and goes too.
        """
        current = {stored.record.page: FileName.parse(stored.file_name) for stored in kept}
        for name in self._names():
            keep = current.get(name.page)
            if keep is not None and name != keep and not keep.fetched_at < name.fetched_at <= now:
                self._remove(name)

    def _discard_half_written(self, pattern: str) -> None:
        for path in self.folder.glob(pattern):
            path.unlink(missing_ok=True)

    def _remove(self, name: FileName) -> None:
        path = self.folder / str(name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            # Somebody's folder under a page's name is no file of ours to remove.
            if durable_files.kind_of(path) != "a folder":
                raise _storage_error("remove old files from", self.folder, error) from error

    def _names(self) -> list[FileName]:
        try:
            names = [FileName.parse(name) for name in os.listdir(self.folder)]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _storage_error("list", self.folder, error) from error
        return [name for name in names if name is not None]

    def _content(self, page: PageKey, name: str) -> bytes:
        try:
            return durable_files.read_plain(self._prefix + name, max_bytes=page_file.MAX_FILE_BYTES)
        except FileNotFoundError as error:
            raise StoredPageError(f"stored file {name} is missing", page=page) from error
        except NotAPlainFileError as error:
            problem = f"where its stored file {name} should be is {error.kind}"
            raise StoredPageError(problem, page=page) from error
        except TooLongError as error:
            problem = f"stored file {name} has {error.bytes_found:,} bytes, more than any page"
            raise StoredPageError(problem, page=page) from error
        except OSError as error:
            raise _storage_error("read", self.folder / name, error) from error

    def _write(self, record: PageRecord, content: bytes) -> StoredPage:
        digest = page_file.file_digest(content)
        name = str(page_file.name_of(record, digest))
        by = f"{durable_files.own_suffix()}-{threading.get_ident()}"
        temporary = f"{self._prefix}{_TEMPORARY_PREFIX}{by}"
        try:
            durable_files.write_file(self._prefix + name, content, temporary=temporary)
        except OSError as error:
            raise _storage_error(f"store page {record.page} in", self.folder, error) from error
        return StoredPage(record, name, digest)


def _bytes_of(path: Path) -> int:
    """The size of a file; none of one that is no more."""
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def _storage_error(act: str, path: Path, error: OSError) -> StorageError:
    reason = error.strerror or str(error)
    return StorageError(
        f"Cannot {act} {path}: {reason}. Nothing recorded is lost; mend it and run again."
    )
