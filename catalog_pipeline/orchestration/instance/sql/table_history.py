"""The recorded past as the tables of this package's storages hold it, without Dagster.

Few rows answer what `status` and a run ask that has nothing to do; importing Dagster takes ten
times as long. Read is only what is plain: tables of the version that is known here, assets that
were never wiped as a whole, runs that are over. Of everything else Dagster's instance has to be
asked (`asking`). Nothing is written. Not here: where the tables are, and connections, which are
each engine's own (`sqlite/file_history`, `postgres/server_history`).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from types import MappingProxyType
from typing import Any, ClassVar

from catalog_pipeline.orchestration.instance.history import (
    MATERIALIZATION,
    Kind,
    LatestEvent,
    NewestEvent,
    RunFacts,
    Wipe,
)
from catalog_pipeline.orchestration.instance.lease_shares import LeaseHolder
from catalog_pipeline.orchestration.instance.sql.event_values import (
    latest_event_of_text,
    values_of_text,
)
from catalog_pipeline.orchestration.names import KeyPath

KNOWN_VERSION = "29b539ebc72a"
"""The version of Dagster's tables that is read here."""

_PLANNED = "ASSET_MATERIALIZATION_PLANNED"
_WIPED = "ASSET_WIPED"
_TEXTS_AT_ONCE = 500


class NotPlainError(Exception):
    """The tables alone do not tell it, or are not to be trusted with it."""


class NothingRecordedError(NotPlainError):
    """There are no tables yet: Dagster makes them when it first opens the home."""


class TableHistory(ABC):
    """The past at one moment, in the order in which it cannot be misread.

    The runs' moment is not after that of the events: whatever a run recorded before it was over is
    among the events.
    """

    latest_query: ClassVar[str]
    """Partition, id and run of the latest event of an asset's partitions, of a kind."""
    _LATEST_IDS = (
        "SELECT partition, max(id) FROM event_logs WHERE asset_key = ? "
        "AND dagster_event_type = ? AND partition IS NOT NULL GROUP BY partition"
    )
    """The same without the run, which an index answers that has not the events themselves."""

    def __init__(self) -> None:
        self._known_ids: dict[tuple[KeyPath, Kind], Mapping[str, int]] = {}

    @abstractmethod
    def ask_events(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds in the index of the event log; parameters are question marks in it."""

    @abstractmethod
    def ask_runs(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """What a query finds in the run storage."""

    def latest_ids(self, path: KeyPath, kind: Kind) -> Mapping[str, int]:
        known = self._known_ids.get((path, kind))
        if known is None:
            key = _key_text(path)
            self._check_wipes(key)
            # Of one moment: whoever asks again would be told the same.
            known = self._known_ids[path, kind] = MappingProxyType(
                dict(self.ask_events(self._LATEST_IDS, key, kind))
            )
        return known

    def latest_events(
        self, path: KeyPath, kind: Kind, partitions: Set[str]
    ) -> Iterator[LatestEvent]:
        of_ids = {
            event_id: partition
            for partition, event_id in self.latest_ids(path, kind).items()
            if partition in partitions
        }
        # In the order in which they are stored, so that no part of the file is read twice.
        ids = sorted(of_ids)
        for start in range(0, len(ids), _TEXTS_AT_ONCE):
            some = ids[start : start + _TEXTS_AT_ONCE]
            marks = ", ".join("?" * len(some))
            # Only question marks are put in.
            query = f"SELECT id, event FROM event_logs WHERE id IN ({marks})"  # noqa: S608
            for event_id, text in self.ask_events(query, *some):
                yield latest_event_of_text(of_ids[event_id], text)

    def newest(self, path: KeyPath, kind: Kind) -> NewestEvent | None:
        found = self._newest(path, kind)
        return NewestEvent(found[0], values_of_text(found[1])) if found else None

    def newest_id(self, path: KeyPath, kind: Kind) -> int | None:
        found = self._newest(path, kind)
        return int(found[0]) if found else None

    def attempts(self, path: KeyPath) -> Mapping[str, str]:
        done_at = self.latest_ids(path, MATERIALIZATION)
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

    def unfinished_attempt(self, path: KeyPath) -> str | None:
        key = _key_text(path)
        self._check_wipes(key)
        query = (
            "SELECT dagster_event_type, run_id FROM event_logs WHERE asset_key = ? "
            "AND dagster_event_type IN (?, ?) ORDER BY id DESC LIMIT 1"
        )
        for kind, run_id in self.ask_events(query, key, _PLANNED, MATERIALIZATION):
            return str(run_id) if kind == _PLANNED else None
        return None

    def found_partitions(self, name: str) -> Sequence[str]:
        query = "SELECT partition FROM dynamic_partitions WHERE partitions_def_name = ? ORDER BY id"
        return [partition for (partition,) in self.ask_events(query, name)]

    def asset_paths(self) -> Sequence[KeyPath]:
        query = "SELECT asset_key FROM asset_keys ORDER BY asset_key"
        keys = [key for (key,) in self.ask_events(query)]
        for key in keys:
            self._check_wipes(key)
        return [tuple(json.loads(key)) for key in keys]

    def wipes(self, is_wanted: Callable[[KeyPath], bool]) -> Iterable[Wipe]:
        query = "SELECT id FROM event_logs WHERE dagster_event_type = ? LIMIT 1"
        if self.ask_events(query, _WIPED):
            raise NotPlainError("something was wiped")
        return ()

    def run(self, run_id: str) -> RunFacts | None:
        query = "SELECT status, start_time, run_body FROM runs WHERE run_id = ?"
        for status, started_at, body in self.ask_runs(query, run_id):
            run = json.loads(body)
            root, tags = run.get("root_run_id"), run.get("tags", {})
            return RunFacts.of_tags(run_id, status, started_at, root, tags)
        return None

    def is_alive(self, run_id: str) -> bool:
        raise NotPlainError(f"run {run_id} is not over")

    def crawlers(self, catalogue: str) -> Sequence[LeaseHolder]:
        return ()

    def _latest(self, path: KeyPath, kind: str) -> list[tuple[str, tuple[int, str]]]:
        """Partition, and id and run of its latest event of that kind."""
        key = _key_text(path)
        self._check_wipes(key)
        rows = self.ask_events(self.latest_query, key, kind)
        return [(partition, (event_id, run_id)) for partition, event_id, run_id in rows]

    def _newest(self, path: KeyPath, kind: Kind) -> tuple[Any, ...] | None:
        key = _key_text(path)
        self._check_wipes(key)
        query = (
            "SELECT id, event FROM event_logs WHERE asset_key = ? AND dagster_event_type = ? "
            "ORDER BY id DESC LIMIT 1"
        )
        return next(iter(self.ask_events(query, key, kind)), None)

    def _check_wipes(self, key: str) -> None:
        query = "SELECT asset_details FROM asset_keys WHERE asset_key = ?"
        if any(details for (details,) in self.ask_events(query, key)):
            raise NotPlainError(f"{key} was wiped")


def _key_text(path: KeyPath) -> str:
    return json.dumps(list(path))
