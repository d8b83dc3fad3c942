"""All that the SQLite files of a home hold, read row by row while nobody else has them open.

Here: what is there, and that nobody uses it. Not here: where it goes (`postgres/moving`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from catalog_pipeline.errors import StorageError, UsageError
from catalog_pipeline.home_settings import read_settings
from catalog_pipeline.orchestration.instance.liveness import LIVE_RUNS
from catalog_pipeline.orchestration.instance.postgres.address import storage_settings
from catalog_pipeline.orchestration.instance.sql.table_history import KNOWN_VERSION
from catalog_pipeline.system.locked_file import is_locked

RUNS, INDEX, SCHEDULES = "runs", "index", "schedules"
_FILES = {
    RUNS: Path("history", "runs.db"),
    INDEX: Path("history", "runs", "index.db"),
    SCHEDULES: Path("schedules", "schedules.db"),
}
_STORAGES = ("event_log_storage", "run_storage", "schedule_storage")
_SECONDS_FOR_OTHERS = 2.0
"""How long somebody who has a file open has to close it: one who has just ended, no service."""

LOG_COLUMNS = ("run_id", "event", "dagster_event_type", "timestamp", "step_key", "asset_key")
LogRow = tuple[Any, ...]
"""An event in the log of a run: `LOG_COLUMNS`, and its partition."""


class WholeHome:
    """The three databases of a home, and the logs of its runs.

    That a file cannot be read is a sentence, whatever is asked of it.
    """

    def __init__(self, home: Path, databases: dict[str, sqlite3.Connection]) -> None:
        self.home = home
        self._databases = databases
        self._cursors: list[sqlite3.Cursor] = []

    def close(self) -> None:
        """End what is still being read: the file of an open cursor stays locked."""
        for cursor in self._cursors:
            cursor.close()

    def count(self, database: str, table: str, where: str = "true") -> int:
        """How many rows a table has."""
        # A name of Dagster's own is put in, here and below.
        query = f'SELECT count(*) FROM "{table}" WHERE {where}'  # noqa: S608
        ((number,),) = self._found(database, query)
        return int(number)

    def rows(
        self, database: str, table: str, columns: Sequence[str], where: str = "true"
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of a table in the order of their ids."""
        names = ", ".join(f'"{name}"' for name in columns)
        query = f'SELECT {names} FROM "{table}" WHERE {where} ORDER BY id'  # noqa: S608
        return self._found(database, query)

    def last_id(self, database: str, table: str) -> int:
        """The highest id that a table has; 0 of an empty one."""
        query = f'SELECT coalesce(max(id), 0) FROM "{table}"'  # noqa: S608
        ((number,),) = self._found(database, query)
        return int(number)

    def finished_migrations(self) -> set[str]:
        """The changes to the data that Dagster has made to these files."""
        query = "SELECT name FROM secondary_indexes WHERE migration_completed IS NOT NULL"
        return {name for database in self._databases for (name,) in self._found(database, query)}

    def logs(self) -> list[str]:
        """The runs that have a log, in the order in which they were made; first that of no run."""
        runs = [run_id for (run_id,) in self.rows(RUNS, "runs", ["run_id"])]
        return [run_id for run_id in ("", *runs) if self._log(run_id).is_file()]

    def count_log(self, run_id: str) -> int:
        """How many events the log of a run has."""
        with self._opened_log(run_id) as log:
            return int(log.execute("SELECT count(*) FROM event_logs").fetchone()[0])

    def log(self, run_id: str) -> Iterator[LogRow]:
        """The events of a run in their order."""
        with self._opened_log(run_id) as log:
            columns = ", ".join(LOG_COLUMNS)
            query = f"SELECT {columns}, partition FROM event_logs ORDER BY id"  # noqa: S608
            yield from log.execute(query)

    def _found(self, database: str, query: str) -> Iterator[tuple[Any, ...]]:
        try:
            cursor = self._databases[database].execute(query)
            self._cursors.append(cursor)
            for row in cursor:  # noqa: UP028 - whose end would close the cursor once more
                yield row
        except sqlite3.DatabaseError as error:
            raise _unreadable(self.home / _FILES[database], error) from error

    @contextmanager
    def _opened_log(self, run_id: str) -> Iterator[sqlite3.Connection]:
        path = self._log(run_id)
        try:
            with closing(_connected(path)) as log:
                yield log
        except sqlite3.DatabaseError as error:
            raise StorageError(
                f"The log of a run, {path}, cannot be read: {error}. Nothing has been moved. Pages "
                f"that the run stored stay; move the file away to do without it."
            ) from error

    def _log(self, run_id: str) -> Path:
        return self.home / "history" / "runs" / f"{run_id}.db"


@contextmanager
def whole_home(home: Path) -> Iterator[WholeHome]:
    """The files of a home, which nobody else can use until the end of the block.

    Raises:
        UsageError: there are none, they are in other places, or of another version of Dagster.
        StorageError: somebody uses them, or one of them cannot be read.
    """
    _check_places(home)
    _check_nobody_runs(home)
    with ExitStack() as stack:
        databases = {}
        for name, path in _FILES.items():
            try:
                databases[name] = stack.enter_context(closing(_alone(home, path)))
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise _unreadable(home / path, error) from error
                raise StorageError(
                    f"Another process has {home / path} open. End the web UI, the daemon and all "
                    f"commands that use {home}, and start again; nothing has been moved."
                ) from error
            except sqlite3.DatabaseError as error:
                raise _unreadable(home / path, error) from error
        yield stack.enter_context(closing(WholeHome(home, databases)))


def _check_places(home: Path) -> None:
    sections = read_settings(home).sections
    # Where the settings name a database already, the files are those of the home.
    for name in _STORAGES if storage_settings(sections) is None else ():
        section = sections.get(name)
        if isinstance(section, dict) and section.get("config"):
            raise UsageError(
                f"{home / 'dagster.yaml'} keeps files elsewhere ({name} has a config), and only "
                f"what is in the home itself can be moved."
            )
    for path in _FILES.values():
        if not (home / path).is_file():
            raise UsageError(
                f"{home} holds no history in SQLite files: {home / path} is not there. Name the "
                f"home whose history is to be moved with --from."
            )


def _check_nobody_runs(home: Path) -> None:
    signs = home / LIVE_RUNS
    for path in signs.iterdir() if signs.is_dir() else ():
        if is_locked(path):
            raise StorageError(
                f"Run {path.name} of {home} is being executed. End it, or wait for its end, and "
                f"start again; nothing has been moved."
            )


def _unreadable(path: Path, error: Exception) -> StorageError:
    return StorageError(f"{path} cannot be read: {error}. Nothing has been moved.")


def _alone(home: Path, path: Path) -> sqlite3.Connection:
    """A connection to a file of a home beside which there is no other one while it is open."""
    connection = _connected(home / path)
    try:
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN IMMEDIATE")
        found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        if found != [(KNOWN_VERSION,)]:
            raise UsageError(
                f"{home / path} is of another version of Dagster. Let the one that is installed "
                f"bring it up to date first: `dagster instance migrate` with DAGSTER_HOME={home}."
            )
    except BaseException:
        connection.close()
        raise
    return connection


def _connected(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(address, uri=True, isolation_level=None, timeout=_SECONDS_FOR_OTHERS)
