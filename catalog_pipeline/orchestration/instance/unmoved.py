"""A history in the files of a home whose settings name a database: it is moved, or given up.

Who goes on without having decided that has two halves of a past, of which only one is seen. Not
here: the move (`moved`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from catalog_pipeline.errors import UsageError
from catalog_pipeline.wording import counted

MOVED_MARK = "catalog_pipeline/moved_from"
"""Where a database itself remembers, among the key-value pairs, what was moved into it."""
_RUNS = Path("history", "runs.db")


def runs_in_files(home: Path) -> int:
    """How many runs the files of a home hold; none if they cannot be read."""
    path = (home / _RUNS).absolute()
    if not path.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as opened:
            return int(opened.execute("SELECT count(*) FROM runs").fetchone()[0])
    except sqlite3.Error:
        return 0


def check_moved(home: Path, has_past: Callable[[], bool]) -> None:
    """Look whether the files of a home hold a history that an empty database should have.

    A database has a past that holds a run, or into which one was moved, whatever became of it.

    Raises:
        UsageError: they do.
    """
    number = runs_in_files(home)
    if number and not has_past():
        raise UsageError(
            f"{home} names an empty database in PostgreSQL, and its files hold "
            f"{counted(number, 'run')}, which nobody would see there. catalog-pipeline migrate "
            f"moves them into the database; to begin without them, move "
            f"{home / _RUNS.parent} and {home / 'schedules'} away."
        )
