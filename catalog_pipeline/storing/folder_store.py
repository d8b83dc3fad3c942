"""The folder of a catalogue's page files: durable writes, verified reads.

A file is written under a temporary name, synced, and renamed; `sync` then makes the name itself
durable. What is the same for files anywhere is in `page_files`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import StorageError, StoredPageError
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.page_file import FileName
from catalog_pipeline.storing.page_files import PageFiles, missing, named, newest_of, too_long
from catalog_pipeline.system import durable_files
from catalog_pipeline.system.durable_files import NotAPlainFileError, TooLongError

_TEMPORARY_PREFIX = ".writing-"


class FolderStore(PageFiles):
    """The page files below one folder. Safe to use from several threads and processes.

    A file's content is on the disk when it is stored, its name after `sync`.
    """

    reads_at_once = 2

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._prefix = os.path.join(folder, "")

    def prepare(self, *, is_alone: bool = True) -> None:
        """Make the folder, and remove what a killed writer left half-written.

        Only for a process that has the right to crawl; it `is_alone` if nobody else has it for
        other pages, who may just be writing.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if is_alone:
                self._discard_half_written(f"{_TEMPORARY_PREFIX}*")
        except OSError as error:
            raise _storage_error("prepare the folder", self.folder, error) from error

    def discard_half_written_by(self, pid: int) -> None:
        """Remove what a process that is dead was just writing."""
        try:
            self._discard_half_written(f"{_TEMPORARY_PREFIX}{pid}-*")
        except OSError as error:
            raise _storage_error("tidy the folder", self.folder, error) from error

    def sync(self) -> None:
        """Make the names of all files written so far durable."""
        try:
            durable_files.sync_folder(self.folder)
        except OSError as error:
            raise _storage_error("sync the folder", self.folder, error) from error

    def newest(self) -> dict[PageKey, FileName]:
        return newest_of(self._names(), self._written_at)

    def _written_at(self, name: FileName) -> int:
        try:
            return os.stat(self.folder / str(name), follow_symlinks=False).st_mtime_ns
        except OSError:
            return 0

    def files(self) -> dict[FileName, int]:
        return {name: _bytes_of(self.folder / str(name)) for name in self._names()}

    def half_written(self) -> dict[str, int]:
        """What writers have not finished, or have left when they were killed, with its bytes."""
        paths = self.folder.glob(f"{_TEMPORARY_PREFIX}*")
        return {path.name: _bytes_of(path) for path in paths}

    def remove(self, names: Iterable[FileName]) -> None:
        for name in names:
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
            return named(os.listdir(self.folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise _storage_error("list", self.folder, error) from error

    def _get(self, page: PageKey, name: str) -> bytes:
        try:
            return durable_files.read_plain(self._prefix + name, max_bytes=page_file.MAX_FILE_BYTES)
        except FileNotFoundError as error:
            raise missing(page, name) from error
        except NotAPlainFileError as error:
            problem = f"where its stored file {name} should be is {error.kind}"
            raise StoredPageError(problem, page=page) from error
        except TooLongError as error:
            raise too_long(page, name, error.bytes_found) from error
        except OSError as error:
            raise _storage_error("read", self.folder / name, error) from error

    def _put(self, page: PageKey, name: str, content: bytes) -> None:
        by = f"{durable_files.own_suffix()}-{threading.get_ident()}"
        temporary = f"{self._prefix}{_TEMPORARY_PREFIX}{by}"
        try:
            durable_files.write_file(self._prefix + name, content, temporary=temporary)
        except OSError as error:
            raise _storage_error(f"store page {page} in", self.folder, error) from error


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
