"""Reads the event log: the checkpoints of pages, their statuses, their recorded failures.

The event log is the only truth about which page is done; nothing is remembered here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timezone

import dagster as dg
from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import PageKeyError
from catalog_pipeline.orchestration.checkpoints.latest_events import latest_metadata
from catalog_pipeline.orchestration.checkpoints.metadata import failure_of_values, page_of_values
from catalog_pipeline.orchestration.instance.liveness import is_run_alive
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline.records import PageFailure, StoredPage

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PageStatuses:
    """Every page of a catalogue is in exactly one of these, as the contract defines them.

    A page's failure stands until it has a newer checkpoint, and is seen while its run goes on.
    `failed` and `in_progress` name the run, `failed` only if it is the page's latest;
    `interrupted` are the pages of `missing` and `done` whose last run died without a word.
    Beside them `strange` are the partitions of the history that name no page.
    """

    done: frozenset[PageKey]
    failed: Mapping[PageKey, str | None]
    in_progress: Mapping[PageKey, str]
    missing: frozenset[PageKey]
    interrupted: Mapping[PageKey, str]
    strange: frozenset[str] = frozenset()

    @property
    def due(self) -> list[PageKey]:
        """Pages to crawl when no cut-off is given: missing, failed, or left by a dead run."""
        return sorted({*self.missing, *self.failed, *self.interrupted})


def read_statuses(
    instance: DagsterInstance, catalogue: Catalogue, pages: Iterable[PageKey]
) -> PageStatuses:
    """The status of each of the given pages."""
    key = pages_key(catalogue)
    wanted = set(pages)
    storage = instance.event_log_storage
    recorded = instance.get_materialized_partitions(key)
    pages_recorded = pages_named(catalogue, recorded)
    materialized = set(pages_recorded.values())
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations(
        key
    )
    planned = pages_named(catalogue, attempts)
    observed = storage.get_latest_storage_id_by_partition(key, DagsterEventType.ASSET_OBSERVATION)
    pages_observed = pages_named(catalogue, observed)
    failed_at = {page: observed[partition] for partition, page in pages_observed.items()}
    run_of = {page: attempts[partition][0] for partition, page in planned.items() if page in wanted}
    fates = {run_id: _fate(instance, run_id) for run_id in set(run_of.values())}
    by_fate: dict[str, dict[PageKey, str]] = {"failed": {}, "alive": {}, "dead": {}, "over": {}}
    for page, run_id in run_of.items():
        by_fate[fates[run_id]][page] = run_id
    planned_at = {page: attempts[partition][1] for partition, page in planned.items()}
    failed: dict[PageKey, str | None] = {**by_fate["failed"]}
    in_progress, interrupted = by_fate["alive"], by_fate["dead"]
    for page, recorded_at in standing_failures(
        instance, catalogue, failed_at, wanted - failed.keys()
    ).items():
        if page not in in_progress:
            failed[page] = None
            interrupted.pop(page, None)
        elif recorded_at > planned_at[page]:
            failed[page] = in_progress.pop(page)
    done = (materialized & wanted) - failed.keys() - in_progress.keys()
    missing = wanted - materialized - failed.keys() - in_progress.keys()
    strange = {*recorded, *attempts, *observed}
    strange -= pages_recorded.keys() | planned.keys() | pages_observed.keys()
    return PageStatuses(
        frozenset(done), failed, in_progress, frozenset(missing), interrupted, frozenset(strange)
    )


def standing_failures(
    instance: DagsterInstance,
    catalogue: Catalogue,
    failed_at: Mapping[PageKey, int],
    pages: Set[PageKey],
) -> dict[PageKey, int]:
    """Pages whose failure, recorded at `failed_at`, is newer than their checkpoint; both are ids.

    Whatever run came after it, cancelled, dead or never begun, has not mended the page.
    """
    if not failed_at:
        return {}
    latest = instance.event_log_storage.get_latest_storage_id_by_partition
    done_at = latest(pages_key(catalogue), DagsterEventType.ASSET_MATERIALIZATION)
    standing = {
        page: at
        for page, at in failed_at.items()
        if page in pages and at > done_at.get(str(page), 0)
    }
    # Others may report observations too; only ours are failures.
    ours = read_failures(instance, catalogue, standing)
    return {page: standing[page] for page in ours}


def _fate(instance: DagsterInstance, run_id: str) -> str:
    """What became of a run that planned pages and did not record them."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.status in (DagsterRunStatus.SUCCESS, DagsterRunStatus.CANCELED):
        return "over"
    if run.status == DagsterRunStatus.FAILURE:
        record = instance.get_run_record_by_id(run_id)
        # A run that never began has tried nothing.
        return "failed" if record is not None and record.start_time is not None else "over"
    return "alive" if is_run_alive(instance, run) else "dead"


def read_checkpoints(
    instance: DagsterInstance, catalogue: Catalogue, pages: Iterable[PageKey]
) -> dict[PageKey, StoredPage]:
    """The latest checkpoint of each page that has one."""
    return checkpoints_of(instance, pages_key(catalogue), pages)


def checkpoints_of(
    instance: DagsterInstance, key: dg.AssetKey, pages: Iterable[PageKey]
) -> dict[PageKey, StoredPage]:
    """The latest checkpoint of each page that has one under that key."""
    found: dict[PageKey, StoredPage] = {}
    for partition, values, _ in latest_metadata(
        instance,
        key,
        DagsterEventType.ASSET_MATERIALIZATION,
        {str(page) for page in pages},
    ):
        stored = page_of_values(PageKey.parse(partition), values)
        if stored is not None:
            found[stored.record.page] = stored
    return found


def read_failures(
    instance: DagsterInstance, catalogue: Catalogue, pages: Iterable[PageKey]
) -> dict[PageKey, PageFailure]:
    """The latest recorded failure of each page that has one, whatever came after it."""
    found: dict[PageKey, PageFailure] = {}
    for partition, values, recorded_at in latest_metadata(
        instance,
        pages_key(catalogue),
        DagsterEventType.ASSET_OBSERVATION,
        {str(page) for page in pages},
    ):
        failure = failure_of_values(PageKey.parse(partition), values, recorded_at)
        if failure is not None:
            found[failure.page] = failure
    return found


def explain_failures(
    instance: DagsterInstance,
    catalogue: Catalogue,
    statuses: PageStatuses,
    pages: Iterable[PageKey],
) -> dict[PageKey, PageFailure]:
    """Why the failed ones among the pages failed.

    A page that its run never came to has no failure of that run, and is not in the answer.
    """
    failed = statuses.failed.keys() & set(pages)
    runs = {run_id for run_id in statuses.failed.values() if run_id is not None}
    began: dict[str | None, float] = {run_id: _began_at(instance, run_id) for run_id in runs}
    return {
        page: failure
        for page, failure in read_failures(instance, catalogue, failed).items()
        if failure.failed_at.timestamp() >= began.get(statuses.failed[page], 0.0)
    }


def _began_at(instance: DagsterInstance, run_id: str) -> float:
    """When the run, or the one that it is a retry of, began: a retry leaves out what is in vain."""
    record = instance.get_run_record_by_id(run_id)
    if record is not None and record.dagster_run.root_run_id not in (None, run_id):
        record = instance.get_run_record_by_id(str(record.dagster_run.root_run_id)) or record
    return record.start_time or 0.0 if record is not None else 0.0


def run_created_at(instance: DagsterInstance, run: dg.DagsterRun, catalogue: Catalogue) -> datetime:
    """When the root run of `run` was created.

    The run storage keeps whole seconds only; the first event that a run's creation writes, its
    plan, has microseconds.
    """
    root = run.root_run_id or run.run_id
    planned = instance.get_asset_event_summary_records(
        event_type=DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        asset_key=pages_key(catalogue),
        run_id=root,
        limit=1,
        ascending=True,
    )
    if planned:
        return datetime.fromtimestamp(planned[0].timestamp, timezone.utc)
    record = instance.get_run_record_by_id(root)
    if record is None:
        return datetime.now(timezone.utc)
    return record.create_timestamp.replace(tzinfo=timezone.utc)


def latest_page_event(instance: DagsterInstance, catalogue: Catalogue) -> int | None:
    """The storage id of the newest checkpoint of any page; None if there is none."""
    records = instance.fetch_materializations(pages_key(catalogue), limit=1).records
    return records[0].storage_id if records else None


def pages_recorded_after(
    instance: DagsterInstance, catalogue: Catalogue, event_id: int | None
) -> set[PageKey]:
    """The pages with a checkpoint that is newer than the event of that storage id."""
    partitions = instance.get_materialized_partitions(
        pages_key(catalogue), after_cursor=event_id or 0
    )
    return set(pages_named(catalogue, partitions).values())


def pages_named(catalogue: Catalogue, partitions: Iterable[str]) -> dict[str, PageKey]:
    """The page of each partition of the event log; those that name none are warned of."""
    found: dict[str, PageKey] = {}
    for partition in partitions:
        try:
            found[partition] = PageKey.parse(partition)
        except PageKeyError as error:
            _log.warning(
                "Catalogue %s: a partition of its history is left out: %s", catalogue.name, error
            )
    return found
