"""The recorded past in the SQLite files of this package's storages, without Dagster.

A damaged file is told by Dagster's instance. Not here: the questions (`sql/table_history`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from catalog_pipeline.errors import UsageError
from catalog_pipeline.home_settings import read_settings, template_settings
from catalog_pipeline.orchestration.instance.sql.table_history import (
    KNOWN_VERSION,
    NothingRecordedError,
    NotPlainError,
    TableHistory,
)

_STORAGES = ("event_log_storage", "run_storage", "schedule_storage")
_ELSEWHERE = ("storage", "local_artifact_storage", "instance_class")
"""Settings by which the files may be in other places, or none."""


class FileHistory(TableHistory):
    """The past in two files, each with a moment of its own."""

    # SQLite takes what stands bare beside `max` from the row that has it.
    latest_query = (
        "SELECT partition, max(id), run_id FROM event_logs WHERE asset_key = ? "
        "AND dagster_event_type = ? AND partition IS NOT NULL GROUP BY partition"
    )

    def __init__(self, index: sqlite3.Connection, runs: sqlite3.Connection) -> None:
        super().__init__()
        self._index = index
        self._runs = runs

    def ask_events(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self._index.execute(query, parameters).fetchall()

    def ask_runs(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        return self._runs.execute(query, parameters).fetchall()


@contextmanager
def file_history(home: Path) -> Iterator[FileHistory]:
    """The past that the files of a home hold.

    Raises:
        NothingRecordedError: there are none yet.
        NotPlainError: they are other ones than are read here, some are lacking, or what is asked
            of them within the block is not plain.
    """
    _check_settings(home)
    folder = home / "history"
    if not folder.exists():
        raise NothingRecordedError(f"{folder} is not there")
    try:
        with ExitStack() as stack:
            # Asked for nothing; where it is damaged, whoever opens the instance is told so.
            stack.enter_context(closing(_opened(home / "schedules" / "schedules.db")))
            runs = stack.enter_context(closing(_opened(folder / "runs.db")))
            index = stack.enter_context(closing(_opened(folder / "runs" / "index.db")))
            yield FileHistory(index, runs)
    except sqlite3.Error as error:
        raise NotPlainError(str(error)) from error


def _check_settings(home: Path) -> None:
    try:
        sections = read_settings(home).sections
    except UsageError as error:
        raise NotPlainError(str(error)) from error
    ours = template_settings()
    is_ours = all(sections.get(name) == ours[name] for name in _STORAGES)
    if not is_ours or any(name in sections for name in _ELSEWHERE):
        raise NotPlainError(f"{home} has other storages")


def _opened(path: Path) -> sqlite3.Connection:
    """A connection whose answers are all of the moment of its opening."""
    if not path.is_file():
        raise NotPlainError(f"{path} is not there")
    connection = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, isolation_level=None)
    try:
        connection.execute("BEGIN")
        found: Any = connection.execute("SELECT version_num FROM alembic_version").fetchall()
        if found != [(KNOWN_VERSION,)]:
            raise NotPlainError(f"{path} is of another version")
    except BaseException:
        connection.close()
        raise
    return connection
