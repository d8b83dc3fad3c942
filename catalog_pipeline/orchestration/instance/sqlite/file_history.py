"""The recorded past as the SQLite files of this package's storages hold it, without Dagster.

Few rows answer what `status` and a run ask that has nothing to do; importing Dagster takes ten
times as long. Read is only what is plain: files of the version that is known here, assets that
were never wiped as a whole, runs that are over. Of everything else, a damaged file among it,
Dagster's instance has to be asked (`asking`). Nothing is written.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

from catalog_pipeline.errors import UsageError
from catalog_pipeline.home_settings import read_settings, template_settings
from catalog_pipeline.orchestration.instance.history import (
    Kind,
    LatestEvent,
    NewestEvent,
    RunFacts,
)
from catalog_pipeline.orchestration.instance.sqlite.event_values import (
    latest_event_of_text,
    values_of_text,
)
from catalog_pipeline.orchestration.names import KeyPath

KNOWN_VERSION = "29b539ebc72a"
"""The version of Dagster's tables that is read here."""

_STORAGES = ("event_log_storage", "run_storage", "schedule_storage")
_ELSEWHERE = ("storage", "local_artifact_storage", "instance_class")
"""Settings by which the files may be in other places, or none."""
_OVER = frozenset({"SUCCESS", "FAILURE", "CANCELED"})
_PLANNED = "ASSET_MATERIALIZATION_PLANNED"


class NotPlainError(Exception):
    """The files alone do not tell it, or are not to be trusted with it."""


class FileHistory:
    """The past at one moment, in the order in which it cannot be misread.

    The runs' moment is before that of the events: whatever a run recorded before it was over is
    among the events.
    """

    def __init__(self, index: sqlite3.Connection, runs: sqlite3.Connection) -> None:
        self._index = index
        self._runs = runs

    def latest_ids(self, path: KeyPath, kind: Kind) -> Mapping[str, int]:
        return {partition: event_id for partition, (event_id, _) in self._latest(path, kind)}

    def latest_events(
        self, path: KeyPath, kind: Kind, partitions: Set[str]
    ) -> Iterator[LatestEvent]:
        latest = [each for each in self._latest(path, kind) if each[0] in partitions]
        for partition, (event_id, _) in latest:
            query = "SELECT event FROM event_logs WHERE id = ?"
            (text,) = self._index.execute(query, (event_id,)).fetchone()
            yield latest_event_of_text(partition, text)

    def newest(self, path: KeyPath, kind: Kind) -> NewestEvent | None:
        found = self._newest(path, kind)
        return NewestEvent(found[0], values_of_text(found[1])) if found else None

    def newest_id(self, path: KeyPath, kind: Kind) -> int | None:
        found = self._newest(path, kind)
        return int(found[0]) if found else None

    def attempts(self, path: KeyPath) -> Mapping[str, str]:
        done_at = self.latest_ids(path, "ASSET_MATERIALIZATION")
        attempts = {
            partition: run_id
            for partition, (event_id, run_id) in self._latest(path, _PLANNED)
            if event_id > done_at.get(partition, 0)
        }
        for run_id in set(attempts.values()):
            run = self.run(run_id)
            if run is not None and run.came_to_nothing:
                raise NotPlainError(f"run {run_id} came to nothing, and another may count")
        return attempts

    def found_partitions(self, name: str) -> Sequence[str]:
        query = "SELECT partition FROM dynamic_partitions WHERE partitions_def_name = ? ORDER BY id"
        return [partition for (partition,) in self._index.execute(query, (name,))]

    def asset_paths(self) -> Sequence[KeyPath]:
        query = "SELECT asset_key FROM asset_keys ORDER BY asset_key"
        keys = [key for (key,) in self._index.execute(query).fetchall()]
        for key in keys:
            self._check_wipes(key)
        return [tuple(json.loads(key)) for key in keys]

    def run(self, run_id: str) -> RunFacts | None:
        query = "SELECT status, start_time, run_body FROM runs WHERE run_id = ?"
        found = self._runs.execute(query, (run_id,)).fetchone()
        if found is None:
            return None
        status, started_at, body = found
        return RunFacts(status, started_at, json.loads(body).get("root_run_id"))

    def is_alive(self, run_id: str) -> bool:
        raise NotPlainError(f"run {run_id} is not over")

    def _latest(self, path: KeyPath, kind: str) -> list[tuple[str, tuple[int, str]]]:
        """Partition, and id and run of its latest event of that kind."""
        key = _key_text(path)
        self._check_wipes(key)
        # SQLite takes what stands bare beside `max` from the row that has it.
        query = (
            "SELECT partition, max(id), run_id FROM event_logs WHERE asset_key = ? "
            "AND dagster_event_type = ? AND partition IS NOT NULL GROUP BY partition"
        )
        rows = self._index.execute(query, (key, kind)).fetchall()
        return [(partition, (event_id, run_id)) for partition, event_id, run_id in rows]

    def _newest(self, path: KeyPath, kind: Kind) -> tuple[int, str] | None:
        key = _key_text(path)
        self._check_wipes(key)
        query = (
            "SELECT id, event FROM event_logs WHERE asset_key = ? AND dagster_event_type = ? "
            "ORDER BY id DESC LIMIT 1"
        )
        found: tuple[int, str] | None = self._index.execute(query, (key, kind)).fetchone()
        return found

    def _check_wipes(self, key: str) -> None:
        query = "SELECT asset_details FROM asset_keys WHERE asset_key = ?"
        found = self._index.execute(query, (key,)).fetchone()
        if found is not None and found[0]:
            raise NotPlainError(f"{key} was wiped")


@contextmanager
def file_history(home: Path) -> Iterator[FileHistory]:
    """The past that the files of a home hold.

    Raises:
        NotPlainError: they are other ones than are read here, there are none, or what is asked
            of them within the block is not plain.
    """
    _check_settings(home)
    folder = home / "history"
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


def _key_text(path: KeyPath) -> str:
    return json.dumps(list(path))
