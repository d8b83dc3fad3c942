"""The objects below one address of an object store: whole objects, named, told apart by their tags.

An object that was put is there for good when `put` returns; nobody ever sees half of one. What goes
wrong becomes one sentence. Which objects there are, and when one is put, is the owners' business
(`object_store`, `shelf`, `evidence`); how a store's answers are told is in `object_errors`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from catalog_pipeline.errors import StorageError, UsageError
from catalog_pipeline.storing.object_errors import is_of_bucket, told

if TYPE_CHECKING:
    from obstore.store import ObjectStore

PATIENCE_SECONDS = 45.0
"""How long a store may be away or overloaded before a request is given up: a worker that stores a
page is replaced after a minute."""
_LONGEST_PAUSE_SECONDS = 2.0
_MOST_TRIES = 100
_MOST_BYTES_IN_ONE_PUT = 256 << 20
_MOST_NAMES_AT_ONCE = 1000
_CHUNK_BYTES = 4 << 20
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_S3_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")


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
        self._store = _opened(address, environ, patience_seconds)

    def put(self, name: str, content: bytes) -> str:
        """Put an object in the place of whatever has its name; its tag.

        Raises:
            StorageError: it cannot be written.
        """
        import obstore

        with self._telling("write", name):
            done = obstore.put(self._used, name, content, use_multipart=False)
        return done["e_tag"] or ""

    def put_file(self, name: str, path: Path) -> str:
        """Put what is in a file; its tag. The object is the old one or the new one, never between.

        Raises:
            StorageError: it cannot be written.
            OSError: the file cannot be read.
        """
        import obstore

        in_parts = path.stat().st_size > _MOST_BYTES_IN_ONE_PUT
        with self._telling("write", name), path.open("rb") as file:
            content = file if in_parts else file.read()
            done = obstore.put(self._used, name, content, use_multipart=in_parts)
        return done["e_tag"] or ""

    def get(self, name: str, *, max_bytes: int) -> bytes:
        """The content of an object that its owner never makes longer than `max_bytes`.

        Raises:
            FileNotFoundError: there is none of that name.
            TooLongObjectError: it is longer; nothing of it was read.
            StorageError: it cannot be read.
        """
        import obstore

        with self._telling("read", name):
            found = obstore.get(self._used, name)
            if found.meta["size"] <= max_bytes:
                return bytes(found.bytes())
        raise TooLongObjectError(found.meta["size"])

    def fetch(self, name: str, path: Path) -> str:
        """Write an object to a new file, which is on the disk when this returns; its tag.

        Only its owner may read it: it may be a copy of what is behind a login.

        Raises:
            FileNotFoundError: there is none of that name.
            StorageError: it cannot be read.
            OSError: the file cannot be written.
        """
        import obstore

        with self._telling("read", name):
            found = obstore.get(self._used, name)
            with open(os.open(path, _NEW_FILE, 0o600), "wb") as file:
                for chunk in found.stream(min_chunk_size=_CHUNK_BYTES):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
        return found.meta["e_tag"] or ""

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

    @property
    def _used(self) -> ObjectStore:
        _require_no_fork()
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
            raise
        except (BaseError, PermissionError) as error:
            raise told(act, place, error) from error


def _opened(address: str, environ: Mapping[str, str], patience_seconds: float) -> ObjectStore:
    """
    Raises:
        UsageError: the library is missing, or the address is none of a store.
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{address} needs the package obstore, which is not installed: "
            f"pip install 'catalog-pipeline[objects]'."
        ) from error
    options: dict[str, Any] = {}
    endpoint = next((environ[each] for each in _S3_ENDPOINTS if environ.get(each)), None)
    if address.startswith("s3:") and endpoint is not None:
        allows = {"allow_http": endpoint.startswith("http:")}
        options = {"endpoint": endpoint, "client_options": allows}
    try:
        return from_url(
            address,
            retry_config={
                "max_retries": _MOST_TRIES,
                "retry_timeout": timedelta(seconds=patience_seconds),
                "backoff": {
                    "init_backoff": timedelta(milliseconds=100),
                    "max_backoff": timedelta(seconds=_LONGEST_PAUSE_SECONDS),
                    "base": 2,
                },
            },
            **options,
        )
    except (BaseError, ValueError) as error:
        raise UsageError(f"{address}: {str(error).splitlines()[0]}.") from error


_used_by: int | None = None


def _require_no_fork() -> None:
    """
    Raises:
        StorageError: another process than this one has used the library, and this is its fork.
    """
    global _used_by
    if _used_by is None:
        _used_by = os.getpid()
    elif _used_by != os.getpid():
        raise StorageError(
            f"Process {os.getpid()} was forked of one that has used the object store, and cannot "
            f"use it: start it as a program of its own."
        )
