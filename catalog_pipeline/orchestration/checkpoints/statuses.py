"""Which status each page of a catalogue has, by its checkpoints, its failures and its runs.

What is due by them is decided in `standing`; checkpoints and failures are read by `reader`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import (
    pages_named,
    read_failures,
    runs_of_failures,
)
from catalog_pipeline.orchestration.instance.liveness import came_to_nothing, is_run_alive
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline.records import PageFailure


@dataclass(frozen=True)
class PageStatuses:
    """Every page of a catalogue is in exactly one of these, as the contract defines them.

    A page's failure stands until it has a newer checkpoint, and is seen while its run goes on.
    `failed` and `in_progress` name the run, `failed` only if it is the page's latest;
    `interrupted` are the pages of `missing` and `done` whose last run died without a word.
    Beside them `outside` are pages with a checkpoint that are none of those asked for, as after the
    YAML's last page was lowered, and `strange` the partitions of the history that name no page.
    """

    done: frozenset[PageKey]
    failed: Mapping[PageKey, str | None]
    in_progress: Mapping[PageKey, str]
    missing: frozenset[PageKey]
    interrupted: Mapping[PageKey, str]
    strange: frozenset[str] = frozenset()
    outside: frozenset[PageKey] = frozenset()

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
    failed: dict[PageKey, str | None] = {**by_fate["failed"]}
    in_progress, interrupted = by_fate["alive"], by_fate["dead"]
    standing = standing_failures(instance, catalogue, failed_at, wanted - failed.keys())
    for page, run_id in standing.items():
        if page not in in_progress:
            failed[page] = None
            interrupted.pop(page, None)
        elif run_id == in_progress[page]:
            # Where it failed in another run, the one that announced it has yet to try it.
            failed[page] = in_progress.pop(page)
    done = (materialized & wanted) - failed.keys() - in_progress.keys()
    missing = wanted - materialized - failed.keys() - in_progress.keys()
    strange = {*recorded, *attempts, *observed}
    strange -= pages_recorded.keys() | planned.keys() | pages_observed.keys()
    return PageStatuses(
        done=frozenset(done),
        failed=failed,
        in_progress=in_progress,
        missing=frozenset(missing),
        interrupted=interrupted,
        strange=frozenset(strange),
        outside=frozenset(materialized - wanted),
    )


def standing_failures(
    instance: DagsterInstance,
    catalogue: Catalogue,
    failed_at: Mapping[PageKey, int],
    pages: Set[PageKey],
) -> dict[PageKey, str]:
    """The pages whose failure, the event `failed_at`, is newer than their checkpoint, and its run.

    Whatever run came after it, cancelled, dead or never begun, has not mended the page.
    """
    if not failed_at:
        return {}
    latest = instance.event_log_storage.get_latest_storage_id_by_partition
    done_at = latest(pages_key(catalogue), DagsterEventType.ASSET_MATERIALIZATION)
    standing = {
        page for page, at in failed_at.items() if page in pages and at > done_at.get(str(page), 0)
    }
    # Others may report observations too; only ours are failures.
    return runs_of_failures(instance, catalogue, standing)


def _fate(instance: DagsterInstance, run_id: str) -> str:
    """What became of a run that planned pages and did not record them."""
    record = instance.get_run_record_by_id(run_id)
    if record is None or came_to_nothing(record):
        return "over"
    run = record.dagster_run
    if run.status == DagsterRunStatus.SUCCESS:
        return "over"
    if run.status == DagsterRunStatus.FAILURE:
        return "failed"
    return "alive" if is_run_alive(instance, run) else "dead"


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
