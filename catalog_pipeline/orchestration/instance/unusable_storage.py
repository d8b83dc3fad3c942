"""What is said when Dagster's storage cannot be used: a full disk, a lock, no server, ...

A file of it that is damaged has sentences of its own (`sqlite`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy.exc import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
)

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.unusable_server import unusable_server

_IN_USE: tuple[type[Exception], ...] = (
    OperationalError,
    InterfaceError,
    InternalError,
    sqlite3.OperationalError,
)
_OPENED: tuple[type[Exception], ...] = (DatabaseError, *_IN_USE, sqlite3.DatabaseError, OSError)


@contextmanager
def storage_in_use(home: str) -> Iterator[None]:
    """What the storage of `home` cannot do in here is a sentence.

    Raises:
        StorageError: it cannot.
    """
    try:
        yield
    except _IN_USE as error:
        raise _unusable(home, error) from error
    except ProgrammingError as error:
        # A right that was taken away, a table that is gone; in files it is a mistake of ours.
        if getattr(error.orig, "pgcode", None) is None:
            raise
        raise _unusable(home, error) from error


def server_in_use() -> AbstractContextManager[None]:
    """The same of a storage that is a server, whichever home names it."""
    return storage_in_use("")


@contextmanager
def storage_opened(home: str) -> Iterator[None]:
    """So is that it cannot be opened, whatever is half made of it because a disk is full.

    Raises:
        StorageError: it cannot.
    """
    try:
        yield
    except _OPENED as error:
        raise _unusable(home, error) from error


def _unusable(home: str, error: Exception) -> StorageError:
    reason = getattr(error, "orig", None) or error
    if type(reason).__module__.startswith("psycopg"):
        return unusable_server(reason)
    return StorageError(
        f"Cannot use Dagster's storage in {home}: {reason}. Is the disk full, "
        f"write-protected or locked? Nothing recorded is lost; mend it and run again."
    )
