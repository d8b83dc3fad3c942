"""One `run` against an open instance whose catalogue is locked: plan, crawl, build, count."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from dagster import DagsterInstance, DagsterRunStatus

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.cli.progress import RunProgress
from catalog_pipeline.cli.run_summary import RunSummary
from catalog_pipeline.crawling.observer import observed_by
from catalog_pipeline.crawling.plan import damage_of
from catalog_pipeline.orchestration.checkpoints import (
    read_checkpoints,
    read_failures,
    read_statuses,
)
from catalog_pipeline.orchestration.due import due_pages
from catalog_pipeline.orchestration.table_state import table_is_current
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import CrawlOutcome
from catalog_pipeline.storing.page_store import PageStore

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.local_run import LocalRun


def run_session(
    instance: DagsterInstance,
    catalogue: Catalogue,
    selection: list[int],
    cutoff: datetime | None,
    progress: RunProgress,
    *,
    reparse: bool,
) -> RunSummary:
    """Crawl what is due of the selection, build the table, and sum it up."""
    due = _due(instance, catalogue, selection, cutoff, reparse=reparse)
    crawl: LocalRun | None = None
    if due:
        from catalog_pipeline.orchestration.local_run import crawl_here

        progress.crawl_starts(len(due), reparse=reparse)
        with observed_by(progress):
            crawl = crawl_here(instance, catalogue, due, cutoff, reparse=reparse)
    is_interrupted = crawl is not None and crawl.status == DagsterRunStatus.CANCELED
    table_error: str | None = None
    if not is_interrupted and not table_is_current(instance, catalogue):
        from catalog_pipeline.orchestration.local_run import build_table_here

        progress.table_starts()
        table_error = build_table_here(instance, catalogue).error
    return _sum_up(instance, catalogue, selection, cutoff, progress.outcome, crawl, table_error)


def _due(
    instance: DagsterInstance,
    catalogue: Catalogue,
    selection: list[int],
    cutoff: datetime | None,
    *,
    reparse: bool,
) -> list[int]:
    wanted = set(selection)
    statuses = read_statuses(instance, catalogue.name, catalogue.pages)
    if reparse:
        return sorted(read_checkpoints(instance, catalogue.name, wanted))
    due = wanted & set(due_pages(instance, catalogue, cutoff))
    # Whoever plans pages that are in progress elsewhere does not crawl them: the lock is ours.
    due |= wanted & statuses.in_progress.keys()
    store = PageStore(catalogue_places(catalogue.name).pages)
    checkpoints = read_checkpoints(instance, catalogue.name, (wanted & statuses.done) - due)
    due |= {page for page in (wanted & statuses.done) - due if page not in checkpoints}
    due |= {page for page, stored in checkpoints.items() if damage_of(stored, store)}
    return sorted(due)


def _sum_up(
    instance: DagsterInstance,
    catalogue: Catalogue,
    selection: list[int],
    cutoff: datetime | None,
    outcome: CrawlOutcome | None,
    crawl: LocalRun | None,
    table_error: str | None,
) -> RunSummary:
    statuses = read_statuses(instance, catalogue.name, catalogue.pages)
    chosen = set(selection)
    failed = chosen & statuses.failed.keys()
    failures = read_failures(instance, catalogue.name, failed)
    is_failure = crawl is not None and crawl.status == DagsterRunStatus.FAILURE
    return RunSummary(
        catalogue=catalogue.name,
        selected=len(selection),
        is_whole=len(selection) == len(catalogue.pages),
        done=len(chosen & statuses.done),
        failed=len(failed),
        missing=len(chosen & statuses.missing),
        in_progress=len(chosen & statuses.in_progress.keys()),
        downloads=outcome.downloads if outcome else 0,
        not_modified=outcome.not_modified if outcome else 0,
        failures=tuple(failures[page] for page in sorted(failures)),
        is_interrupted=crawl is not None and crawl.status == DagsterRunStatus.CANCELED,
        cutoff=cutoff,
        crawl_error=crawl.error if crawl is not None and is_failure else None,
        table_error=table_error,
        table=catalogue_places(catalogue.name).table,
        run_id=crawl.run_id if crawl is not None else None,
    )
