"""A history in the files of a home whose settings name a database: it is moved, or given up.

Who goes on without having decided that has two halves of a past, of which only one is seen. Not
here: the move (`moved`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

from catalog_pipeline.errors import UsageError
from catalog_pipeline.wording import counted

MOVED_MARK = "catalog_pipeline/moved_from"
"""Where a database itself remembers, among the key-value pairs, what was moved into it."""
_RUNS = Path("history", "runs.db")


def runs_in_files(home: Path, since: datetime | None = None) -> int:
    """How many runs the files of a home hold, or made since; none if they cannot be read."""
    path = (home / _RUNS).absolute()
    if not path.is_file():
        return 0
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as opened:
            query, values = "SELECT count(*) FROM runs", list[str]()
            if since is not None:
                query += " WHERE create_timestamp > ?"
                values = [f"{since.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S.%f}"]
            return int(opened.execute(query, values).fetchone()[0])
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


def check_not_gone_on(home: Path, moved_from: str, at: str) -> None:
    """Look whether somebody went on with the files of a home after they had been moved, at a time
    in ISO-8601, from what may be another one.

    Raises:
        UsageError: somebody did.
    """
    if Path(moved_from).resolve() != home.resolve():
        return
    number = runs_in_files(home, datetime.fromisoformat(at))
    if number:
        raise UsageError(
            f"The history in {home} was moved at {at}, and its files hold {counted(number, 'run')} "
            f"of later, which the database does not: two histories cannot be made one. Pages that "
            f"these stored are taken from their files by the next run, without a download, where "
            f"both have the same data folder; move {home / _RUNS.parent} and {home / 'schedules'} "
            f"away to go on with the database."
        )
