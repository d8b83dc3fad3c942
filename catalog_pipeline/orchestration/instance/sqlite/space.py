"""Giving back to the file system what was freed in a SQLite file, while others write to it.

SQLite keeps the room of what was deleted. A file that was made for it gives it back some pages at a
time, between which others write; one of an earlier release, or of Dagster's own making, is written
anew once, and is such a file from then on. Not here: what is deleted (`superseded`).
"""

import os
import sqlite3
from contextlib import closing, suppress

from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

_PAGES_AT_ONCE = 500
_INCREMENTAL = 2
_WORTH_A_COPY = 0.1
"""The share of a file that has to be free for it to be written anew, unless it is small."""
_COPIED_AT_ONCE = 16 * 1024 * 1024
"""Bytes below which a file is small."""
_COPIED_BESIDE_WRITERS = 256 * 1024 * 1024
"""Bytes that are written in a part of the time for which writers wait."""
_WAIT_FOR_READERS_MS = 1000


def bytes_on_disk(path: str) -> int:
    """What a database takes, with what SQLite has beside it."""
    sizes = 0
    for suffix in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            sizes += os.stat(path + suffix).st_size
    return sizes


def give_back(path: str, *, is_alone: bool) -> str | None:
    """Shrink the file by what is free in it; a sentence if that could not be done now.

    `is_alone` says that nobody is waiting to write for long, so that any file may be copied.
    """
    with closing(
        sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS, isolation_level=None)
    ) as database:
        try:
            return _shrink(database, path, is_alone=is_alone)
        except sqlite3.OperationalError as error:
            return f"the room that is free in {path} is not given back yet: {error}"


def _shrink(database: sqlite3.Connection, path: str, *, is_alone: bool) -> str | None:
    free, pages, page_bytes, mode = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("freelist_count", "page_count", "page_size", "auto_vacuum")
    )
    if mode == _INCREMENTAL:
        while free:
            database.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()
            left = int(database.execute("PRAGMA freelist_count").fetchone()[0])
            if left >= free:
                break
            free = left
    elif free > pages * _WORTH_A_COPY or (free and pages * page_bytes < _COPIED_AT_ONCE):
        if not is_alone and (pages - free) * page_bytes > _COPIED_BESIDE_WRITERS:
            return f"the room that is free in {path} is given back when no run is alive"
        database.execute(f"PRAGMA auto_vacuum={_INCREMENTAL}")
        database.execute("VACUUM")
    database.execute(f"PRAGMA busy_timeout={_WAIT_FOR_READERS_MS}")
    # Readers of what was may hold on to the log: then it shrinks the next time.
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return None
