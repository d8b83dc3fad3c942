"""Old runs of an instance: which of them nothing needs any more, and removing them.

A run goes whole, with its log and its events, or stays whole but for what later ones superseded.
Needed is whatever stands by it (`sql/superseded`), what runs that stay were made from, and what
a backfill that goes on asks for. Each step of a removal leaves a right instance: events leave the
index before the run's log, and the run itself is the last to go, so that whoever comes next
finishes what was begun. Where the two are one table, what is superseded leaves the logs of old runs
too. Not here: whose runs they are, and how old is old (`runs/pruning`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import dagster as dg
import sqlalchemy as db
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
)
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.schema import RunsTable
from dagster._core.storage.tags import BACKFILL_ID_TAG

from catalog_pipeline.orchestration.instance.run_states import FINISHED
from catalog_pipeline.orchestration.instance.sql import superseded
from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog

_ORIGINS = ("root_run_id", "parent_run_id")
_RUNS_AT_ONCE = 500
_EVENTS_AT_ONCE = 1000
"""In one transaction, for which others that write wait."""


@dataclass(frozen=True)
class OldRuns:
    """What is to go: runs, and events by their ids with the bytes of their texts.

    `events` are those of the runs, `superseded` those of old runs that stay.
    """

    runs: tuple[str, ...] = ()
    log_bytes: int = 0
    events: dict[int, int] = field(default_factory=dict)
    superseded: dict[int, int] = field(default_factory=dict)


def event_log_of(instance: dg.DagsterInstance) -> BatchedEventLog | None:
    """The event log of this package, from which alone runs are removed."""
    storage = instance.event_log_storage
    return storage if isinstance(storage, BatchedEventLog) else None


def find_old_runs(
    instance: dg.DagsterInstance,
    is_ours: Callable[[dg.RunRecord], bool],
    before: datetime,
    keys: Collection[dg.AssetKey],
    pages_key: dg.AssetKey | None,
    *,
    kept: Callable[[], Collection[str]] = tuple,
    telling: str = "",
) -> OldRuns:
    """Finished runs that ended before an instant and that nothing needs.

    `kept` says which are needed besides what stands by them.
    `keys` are the assets that they materialize, of which `pages_key` is the one with partitions;
    an observation of it that tells with the label `telling` stands until there is a later one.
    """
    storage = event_log_of(instance)
    if storage is None:
        return OldRuns()
    old = [record.dagster_run for record in _finished(instance, before) if is_ours(record)]
    if not old:
        return OldRuns()
    with storage.index_connection() as connection:
        needed = superseded.runs_that_stand(connection, keys, telling or "no label")
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations
    needed |= {run_id for key in keys for run_id, _ in attempts(key).values()} | set(kept())
    needed |= _of_backfills(instance, old)
    candidates = {run.run_id for run in old} - needed
    gone = candidates - _origins(instance, candidates)
    runs = tuple(run.run_id for run in old if run.run_id in gone)
    stay = [run.run_id for run in old if run.run_id not in gone]
    with storage.index_connection() as connection:
        events = superseded.events_of_runs(connection, runs)
        overtaken = (
            superseded.superseded_events(connection, pages_key, stay, telling or "no label")
            if pages_key is not None
            else {}
        )
    log_bytes = sum(_bytes_of_log(instance, storage, run_id) for run_id in runs)
    return OldRuns(runs, log_bytes, events, overtaken)


def remove_old_runs(instance: dg.DagsterInstance, old: OldRuns) -> None:
    """Remove them, some at a time; others write meanwhile."""
    storage = event_log_of(instance)
    if storage is None:
        return
    ids = sorted({**old.events, **old.superseded})
    for start in range(0, len(ids), _EVENTS_AT_ONCE):
        with storage.index_for_writing() as connection:
            superseded.remove_events(connection, ids[start : start + _EVENTS_AT_ONCE])
    if old.runs:
        with storage.index_for_writing() as connection:
            superseded.remove_verdicts(connection, old.runs)
    for run_id in old.runs:
        _remove_run(instance, storage, run_id)


def _remove_run(instance: dg.DagsterInstance, storage: BatchedEventLog, run_id: str) -> None:
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    shutil.rmtree(_output_folder(instance, run_id), ignore_errors=True)
    storage.remove_log(run_id)
    instance.run_storage.delete_run(run_id)


def _finished(instance: dg.DagsterInstance, before: datetime) -> Iterator[dg.RunRecord]:
    filters = dg.RunsFilter(statuses=FINISHED, updated_before=before)
    cursor = None
    while True:
        records = instance.get_run_records(filters, limit=_RUNS_AT_ONCE, cursor=cursor)
        for record in records:
            if record.end_time is None or record.end_time < before.timestamp():
                yield record
        if len(records) < _RUNS_AT_ONCE:
            return
        cursor = records[-1].dagster_run.run_id


def _of_backfills(instance: dg.DagsterInstance, runs: Sequence[dg.DagsterRun]) -> set[str]:
    """The runs of backfills that are not over."""
    going_on = [each for each in BulkActionStatus if each not in BULK_ACTION_TERMINAL_STATUSES]
    alive = {
        backfill.backfill_id
        for backfill in instance.get_backfills(filters=BulkActionsFilter(statuses=going_on))
    }
    return {run.run_id for run in runs if run.tags.get(BACKFILL_ID_TAG) in alive}


def _origins(instance: dg.DagsterInstance, candidates: Collection[str]) -> set[str]:
    """Those of the runs that a run which stays is a retry of: by them it knows when it began."""
    storage = instance.run_storage
    if not isinstance(storage, SqlRunStorage):
        return set(candidates)
    runs = RunsTable.c
    with storage.connect() as connection:
        asked = db.select(runs.run_id, *_origins_in(connection))
        pairs = [
            (run_id, origin)
            for run_id, *found in connection.execute(asked)
            for origin in found
            if origin is not None
        ]
    needed: set[str] = set()
    while True:
        more = {
            origin
            for run_id, origin in pairs
            if origin in candidates
            and origin not in needed
            and (run_id not in candidates or run_id in needed)
        }
        if not more:
            return needed
        needed |= more


def _origins_in(connection: db.Connection) -> list[db.ColumnElement[str]]:
    body = RunsTable.c.run_body
    if connection.dialect.name == "sqlite":
        return [db.func.json_extract(body, f"$.{name}") for name in _ORIGINS]
    return [db.cast(body, db.JSON)[name].as_string() for name in _ORIGINS]


def _bytes_of_log(instance: dg.DagsterInstance, storage: BatchedEventLog, run_id: str) -> int:
    folder = _output_folder(instance, run_id)
    files = folder.rglob("*") if folder.is_dir() else ()
    output = sum(path.lstat().st_size for path in files if path.is_file())
    return output + storage.log_bytes(run_id)


def _output_folder(instance: dg.DagsterInstance, run_id: str) -> Path:
    """What the processes of a run printed, unless somebody else keeps it."""
    return Path(os.path.join(instance.storage_directory(), run_id))
