"""The objects below one address of an object store: whole objects, named, told apart by their tags.

An object that was put is there for good when `put` returns; nobody ever sees half of one. What goes
wrong becomes one sentence. Which objects there are, and when one is put, is the owners' business
(`object_store`, `shelf`, `evidence`); how long one is waited for is in `object_client`, how its
answers are told in `object_errors`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from errno import ENOENT
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from catalog_pipeline.storing.object_client import PATIENCE_SECONDS, opened, require_no_fork
from catalog_pipeline.storing.object_errors import ReplacedMeanwhileError, is_of_bucket, told

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult
    from obstore.store import ObjectStore

_PART_BYTES = 5 << 20
"""What is sent or asked for by one request: each has its own time."""
_MOST_NAMES_AT_ONCE = 1000
_MOST_TIMES_ANEW = 5
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class ObjectInfo(NamedTuple):
    """What the store says of an object; another content has another tag."""

    name: str
    bytes: int
    modified: datetime
    tag: str


class TooLongObjectError(Exception):
    """An object is longer than whoever reads it ever wrote."""

    def __init__(self, bytes_found: int) -> None:
        self.bytes_found = bytes_found
        super().__init__(f"it has {bytes_found:,} bytes")


class Objects:
    """The objects below an address such as `s3://bucket/folder`. Threads may share it.

    The library has threads, which no forked process gets: a fork of one that used it refuses.
    """

    def __init__(
        self,
        address: str,
        environ: Mapping[str, str] = os.environ,
        *,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.address = address
        self._store = opened(address, environ, patience_seconds)

    def put(self, name: str, content: bytes) -> str:
        """Put an object in the place of whatever has its name; its tag.

        Raises:
            StorageError: it cannot be written.
        """
        return self._put(name, content, len(content))

    def put_file(self, name: str, path: Path) -> str:
        """Put what is in a file; its tag. The object is the old one or the new one, never between.

        Raises:
            StorageError: it cannot be written.
            OSError: the file cannot be read.
        """
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            return self._put(name, file if size > _PART_BYTES else file.read(), size)

    def get(self, name: str, *, max_bytes: int) -> bytes:
        """The content of an object that its owner never makes longer than `max_bytes`.

        Raises:
            FileNotFoundError: there is none of that name.
            TooLongObjectError: it is longer; nothing of it was read.
            StorageError: it cannot be read.
        """
        found = self._found(name)
        if found.meta["size"] > max_bytes:
            raise TooLongObjectError(found.meta["size"])
        return b"".join(self._parts(name, found))

    def fetch(self, name: str, path: Path) -> str:
        """Write an object to a new file, which is on the disk when this returns; its tag.

        Only its owner may read it: it may be a copy of what is behind a login.

        Raises:
            FileNotFoundError: there is none of that name.
            StorageError: it cannot be read.
            OSError: the file cannot be written.
        """
        found = self._found(name)
        with open(os.open(path, _NEW_FILE, 0o600), "wb") as file:
            for left in reversed(range(_MOST_TIMES_ANEW)):
                try:
                    file.writelines(self._parts(name, found))
                    break
                except ReplacedMeanwhileError:
                    if left == 0:
                        raise
                    file.seek(0)
                    file.truncate()
                    found = self._found(name)
            file.flush()
            os.fsync(file.fileno())
        return found.meta["e_tag"] or ""

    def end_of(self, found: ObjectInfo, length: int) -> bytes:
        """The last bytes of an object that was listed; all of it if it has no more.

        Raises:
            ReplacedMeanwhileError: another is in its place.
            FileNotFoundError, StorageError: as `get`.
        """
        size = found.bytes
        return self._part(found.name, max(size - length, 0), size, found.tag) if size else b""

    def list(self) -> list[ObjectInfo]:
        """All objects at the address itself, not those further below.

        Raises:
            StorageError: they cannot be listed.
        """
        import obstore

        with self._telling("list", ""):
            found = obstore.list_with_delimiter(self._used)["objects"]
        return [
            ObjectInfo(each["path"], each["size"], each["last_modified"], each["e_tag"] or "")
            for each in found
        ]

    def remove(self, names: Iterable[str]) -> None:
        """Remove objects; one that is not there is none.

        Raises:
            StorageError: they cannot be removed.
        """
        import obstore

        left = list(names)
        while left:
            now, left = left[:_MOST_NAMES_AT_ONCE], left[_MOST_NAMES_AT_ONCE:]
            try:
                with self._telling("remove", now[0]):
                    obstore.delete(self._used, now)
            except FileNotFoundError:
                # Some stores say so, and stop there.
                left += now[1:]

    def copy(self, name: str, other: str) -> str:
        """Give an object a second name, in the place of whatever has that; the new one's tag.

        Raises:
            FileNotFoundError: there is none of that name.
            StorageError: it cannot be copied.
        """
        import obstore

        with self._telling("copy", name):
            obstore.copy(self._used, name, other)
            return obstore.head(self._used, other)["e_tag"] or ""

    def _put(self, name: str, content: bytes | IO[bytes], size: int) -> str:
        import obstore

        with self._telling("write", name):
            done = obstore.put(
                self._used,
                name,
                content,
                use_multipart=size > _PART_BYTES,
                chunk_size=_PART_BYTES,
                # All of a slow line for one, which is to be through in time.
                max_concurrency=1,
            )
        return done["e_tag"] or ""

    def _found(self, name: str) -> GetResult:
        import obstore

        with self._telling("read", name):
            return obstore.get(self._used, name)

    def _parts(self, name: str, found: GetResult) -> Iterator[bytes]:
        """The content, a part at a time, none of which is of another object than the others."""
        size, tag = found.meta["size"], found.meta["e_tag"]
        if size <= _PART_BYTES:
            with self._telling("read", name):
                whole = bytes(found.bytes())
            yield whole
            return
        for start in range(0, size, _PART_BYTES):
            yield self._part(name, start, min(start + _PART_BYTES, size), tag)

    def _part(self, name: str, start: int, end: int, tag: str | None) -> bytes:
        import obstore
        from obstore.exceptions import PreconditionError

        options: GetOptions = {"range": (start, end)}
        if tag:
            options["if_match"] = tag
        with self._telling("read", name):
            try:
                return bytes(obstore.get(self._used, name, options=options).bytes())
            except PreconditionError as error:
                raise ReplacedMeanwhileError(
                    f"Cannot read {self.address}/{name}: it is replaced again and again. "
                    f"Run again when that is over."
                ) from error

    @property
    def _used(self) -> ObjectStore:
        require_no_fork()
        return self._store

    @contextmanager
    def _telling(self, act: str, name: str) -> Iterator[None]:
        from obstore.exceptions import BaseError

        place = f"{self.address}/{name}" if name else self.address
        try:
            yield
        except FileNotFoundError as error:
            if is_of_bucket(error):
                raise told(act, place, error) from error
            raise FileNotFoundError(ENOENT, "there is no such object", place) from error
        except (BaseError, PermissionError) as error:
            raise told(act, place, error) from error
