"""One `run` against an open instance whose catalogue is locked: plan, crawl, build, count."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from dagster import DagsterInstance

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.cli.progress import RunProgress
from catalog_pipeline.cli.run_order import RunOrder
from catalog_pipeline.cli.run_summary import RunSummary
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.plan import damage_of
from catalog_pipeline.orchestration.checkpoints.due import read_standing, tell_moved
from catalog_pipeline.orchestration.checkpoints.other_history import tell_other_history
from catalog_pipeline.orchestration.checkpoints.reader import (
    explain_failures,
    latest_page_event,
    pages_recorded_after,
    read_checkpoints,
    read_statuses,
)
from catalog_pipeline.orchestration.checkpoints.table_state import (
    LastBuild,
    damage_of_last_table,
    read_last_build,
    why_outdated,
)
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.storing.folder_store import PageStore
from catalog_pipeline.system.durable_files import kind_of

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.commands.in_process import LocalRun


def run_session(
    instance: DagsterInstance,
    order: RunOrder,
    progress: RunProgress,
    crawl_context: CrawlContext,
) -> RunSummary:
    """Crawl what is due of the order, build the table, and sum it up."""
    catalogue = order.catalogue
    newest_before = latest_page_event(instance, catalogue)
    progress.found_other_history(tell_other_history(instance, catalogue))
    due = _due(instance, order, progress)
    crawl: LocalRun | None = None
    if due:
        from catalog_pipeline.orchestration.commands.in_process import crawl_here

        progress.crawl_starts(len(due), reparse=order.reparse)
        crawl = crawl_here(
            instance,
            catalogue,
            due,
            order.cutoff,
            reparse=order.reparse,
            crawl_context=crawl_context,
        )
    build = None if _is_interrupted(crawl) else _build(instance, order, progress)
    unusable = _unusable(instance, order)
    if unusable and not _is_interrupted(crawl) and not _is_interrupted(build):
        # Once: what is of no use after this download too is told, and tried by the next command.
        from catalog_pipeline.orchestration.commands.in_process import crawl_here

        progress.found_damaged(reason for reason in unusable.values() if reason)
        progress.crawl_starts(len(unusable), reparse=False)
        now = datetime.now(timezone.utc)
        # The workers that were started early have ended with the first crawl, if there was one.
        again = replace(crawl_context, workforce=None)
        crawl = crawl_here(instance, catalogue, sorted(unusable), now, crawl_context=again)
        build = (None if _is_interrupted(crawl) else _build(instance, order, progress)) or build
    landed = pages_recorded_after(instance, catalogue, newest_before)
    done_before = set() if order.reparse else set(order.pages) - set(due)
    settled = done_before | landed
    return _sum_up(instance, order, progress, settled, crawl, build)


def _build(instance: DagsterInstance, order: RunOrder, progress: RunProgress) -> LocalRun | None:
    """Build the table unless the one that is there would come out again."""
    outdated = why_outdated(instance, order.catalogue)
    if outdated is None:
        return None
    from catalog_pipeline.orchestration.commands.in_process import build_table_here

    progress.table_starts(damage_of_last_table(instance, order.catalogue))
    return build_table_here(instance, order.catalogue)


def _unusable(instance: DagsterInstance, order: RunOrder) -> dict[PageKey, str]:
    """Pages of the order that are done and that the table could not use, with the reasons."""
    built = read_last_build(instance, order.catalogue)
    if built is None or order.reparse:
        return {}
    return {page: why for page, why in built.left_out.items() if page in set(order.pages)}


def _is_interrupted(run: LocalRun | None) -> bool:
    return run is not None and run.was_interrupted


def _error_of(run: LocalRun | None) -> str | None:
    return None if run is None or run.was_interrupted else run.error


def _due(instance: DagsterInstance, order: RunOrder, progress: RunProgress) -> list[PageKey]:
    catalogue = order.catalogue
    wanted = set(order.pages)
    if order.reparse:
        return sorted(read_checkpoints(instance, catalogue, wanted))
    standing = read_standing(instance, catalogue, order.cutoff)
    statuses = standing.statuses
    due = wanted & set(standing.due)
    moved = {page: place for page, place in standing.moved.items() if page in wanted}
    progress.found_moved(tell_moved(catalogue, moved))
    # Whoever plans pages that are in progress elsewhere does not crawl them: the lock is ours.
    due |= wanted & statuses.in_progress.keys()
    store = PageStore(catalogue_places(catalogue.name).pages)
    problems = {
        page: damage_of(standing.checkpoints[page], store)
        for page in sorted((wanted & statuses.done) - due)
    }
    damaged = {page: problem for page, problem in problems.items() if problem}
    progress.found_damaged(damaged.values())
    return sorted(due | damaged.keys())


def _sum_up(
    instance: DagsterInstance,
    order: RunOrder,
    progress: RunProgress,
    settled: Set[PageKey],
    crawl: LocalRun | None,
    build: LocalRun | None,
) -> RunSummary:
    catalogue = order.catalogue
    built = read_last_build(instance, catalogue) or LastBuild()
    statuses = read_statuses(instance, catalogue, catalogue.pages)
    chosen = set(order.pages)
    # A run of the web UI that planned pages meanwhile has them in progress again: what this
    # command had of it is done all the same.
    in_progress = (chosen & statuses.in_progress.keys()) - settled
    done = chosen & (statuses.done | (statuses.in_progress.keys() & settled))
    failed = chosen & statuses.failed.keys()
    failures = explain_failures(instance, catalogue, statuses, failed)
    return RunSummary(
        order=order,
        done=len(done),
        failed=len(failed),
        missing=len(chosen & statuses.missing),
        in_progress=len(in_progress),
        downloads=sum(outcome.downloads for outcome in progress.outcomes),
        not_modified=sum(outcome.not_modified for outcome in progress.outcomes),
        parsed_again=progress.stored if order.reparse else 0,
        failures=tuple(failures[page] for page in sorted(failures)),
        is_interrupted=_is_interrupted(crawl) or _is_interrupted(build),
        # Where the crawl came to its end, its failures say it page by page.
        crawl_error=_error_of(crawl) if not progress.came_to_its_end else None,
        table_error=_error_of(build),
        table=catalogue_places(catalogue.name).table,
        rows=built.rows if kind_of(catalogue_places(catalogue.name).table) else None,
        duplicates=built.duplicates,
        left_out=built.left_out,
        outdated_pages=built.outdated_pages,
        run_id=crawl.run_id if crawl is not None else None,
    )
