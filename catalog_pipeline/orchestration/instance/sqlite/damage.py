"""Whether a SQLite file is damaged, and setting a damaged one aside.

Damaged is what is no regular file, what is empty although runs have been recorded, and what
SQLite takes for no database or for a malformed one. Not here: what is done without the file
(`index_recovery`, `run_storage`).
"""

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing, suppress

from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS

_WORDS_OF_DAMAGE = ("malformed", "not a database")
_COMPANIONS = ("", "-wal", "-shm")


def damage_of(path: str, has_history: Callable[[], bool]) -> str | None:
    """What is wrong with the file; None if nothing is, or if it has not been made yet."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return "is missing, though runs have been recorded" if has_history() else None
    if not stat.S_ISREG(found.st_mode):
        return "is no file"
    if not found.st_size:
        return "is empty, though runs have been recorded" if has_history() else None
    with closing(sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS)) as connection:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlite3.DatabaseError as error:
            if tells_of_damage(error):
                return f"cannot be read: {error}"
            raise
    return None


def tells_of_damage(error: BaseException) -> bool:
    """Whether SQLite found the file damaged, rather than locked, full or forbidden."""
    return any(words in str(error) for words in _WORDS_OF_DAMAGE)


def set_aside(path: str) -> str:
    """Renames the file, with what SQLite has beside it, to a name that nobody uses; returns it."""
    number = 1
    while os.path.lexists(f"{path}.damaged-{number}"):
        number += 1
    aside = f"{path}.damaged-{number}"
    for suffix in _COMPANIONS:
        with suppress(FileNotFoundError):
            os.rename(path + suffix, aside + suffix)
    return aside
