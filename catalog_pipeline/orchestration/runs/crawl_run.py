"""The step that crawls: brings Dagster's run and the crawl together.

Which pages a run crawls is decided in `crawl_order`, when it has to stop in `crawl_end`, and the
crawl itself is in `catalog_pipeline.crawling`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.crawl import CrawlJob, crawl
from catalog_pipeline.crawling.lock import catalogue_lock
from catalog_pipeline.crawling.observers import Together
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.crawling.reparse import ReparseJob, reparse
from catalog_pipeline.crawling.scheduling.group_commit import MAX_PAGES
from catalog_pipeline.crawling.scheduling.stats import told_of_secrets
from catalog_pipeline.errors import CatalogPipelineError, CrawlStoppedError, LoginError
from catalog_pipeline.orchestration.checkpoints.known_pages import (
    partition_maker,
    seed_pages,
    with_known_pages,
)
from catalog_pipeline.orchestration.checkpoints.other_history import tell_other_history
from catalog_pipeline.orchestration.checkpoints.reader import read_failures
from catalog_pipeline.orchestration.checkpoints.standing import tell_moved
from catalog_pipeline.orchestration.checkpoints.writer import EventRecorder
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline.orchestration.runs.cancellation import stopper
from catalog_pipeline.orchestration.runs.failure_reasons import reasons_of
from catalog_pipeline.orchestration.runs.finding import (
    record_findings,
    scope_of_run,
    search_for_pages,
)
from catalog_pipeline.orchestration.runs.privacy import for_the_owner_alone
from catalog_pipeline.orchestration.runs.retries import (
    allow_no_retry,
    allow_retry_for,
    given_up_before,
)
from catalog_pipeline.orchestration.runs.run_config import (
    CrawlConfig,
    pages_of_run,
    plan_run,
)
from catalog_pipeline.orchestration.runs.run_log import RunLog
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import CrawlOutcome, StoredPage
from catalog_pipeline.showing import as_line, as_lines
from catalog_pipeline.storing.evidence import Evidence
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.system.signals import stop_on_signals


def crawl_pages(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    config: CrawlConfig,
    crawl_context: CrawlContext,
) -> None:
    """Crawl the pages of a run and record them.

    Raises:
        dg.Failure: pages failed, or the crawl gave up; what was recorded stays.
        dg.DagsterExecutionInterruptedError: the crawl was asked to stop, and has.
    """
    places = catalogue_places(catalogue.name)
    with _errors_as_failures(context), ExitStack() as stack:
        stack.enter_context(for_the_owner_alone(context, catalogue))
        stack.enter_context(
            hold_sign_of_life(Path(context.instance.root_directory), context.run.run_id)
        )
        must_stop = stopper(context, stack.enter_context(stop_on_signals()))
        if crawl_context.lease is None:
            lease = stack.enter_context(
                catalogue_lock(
                    places.folder,
                    context.run.run_id,
                    on_wait=lambda holder: _tell_waiting(context, crawl_context.observer, holder),
                    should_stop=must_stop,
                )
            )
            if lease is None:
                raise dg.DagsterExecutionInterruptedError
            crawl_context = replace(crawl_context, lease=lease)
        run_log = RunLog(context.log)
        observers = Together([crawl_context.observer, run_log])
        crawl_context = replace(crawl_context, observer=observers)
        try:
            outcome = _crawl(context, catalogue, config, crawl_context, must_stop)
        except (CrawlStoppedError, LoginError):
            run_log.given_up()
            raise
    if outcome.was_stopped:
        context.log.info(as_line(f"Stopped as asked; {len(outcome.untried)} pages are still due."))
        raise dg.DagsterExecutionInterruptedError
    if outcome.listing.problems and not outcome.failures:
        raise dg.Failure(as_line(" ".join(outcome.listing.problems)), allow_retries=False)
    if outcome.failures:
        if not outcome.listing.problems:
            allow_retry_for(context.instance, context.run, outcome.failures)
        raise _pages_failed(outcome)


def _crawl(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    config: CrawlConfig,
    crawl_context: CrawlContext,
    must_stop: Callable[[], bool],
) -> CrawlOutcome:
    places = catalogue_places(catalogue.name)
    observer = crawl_context.observer
    store = FolderStore(places.pages)
    seed_pages(context.instance, catalogue)
    catalogue = with_known_pages(context.instance, catalogue)
    named = pages_of_run(context, catalogue, config)
    scope = scope_of_run(context, catalogue, named, config.finds)
    pages = scope.pages
    make_partitions = partition_maker(context.instance, catalogue)
    recorder = EventRecorder(context, pages_key(catalogue), pages, make_partitions)
    recorder.plan_pages(pages if config.pages is not None else sorted({*pages} - {*named}))
    store.prepare()
    _forget_evidence(context, catalogue)
    plan = plan_run(context, catalogue, config, store, pages)
    given_up = given_up_before(context.instance, catalogue, context.run, plan)
    plan = replace(plan, due=tuple(each for each in plan.due if each[0] not in given_up))
    observer.planned(plan)
    _tell_plan(context, catalogue, plan)
    if not catalogue.politeness.obey_robots:
        context.log.warning("robots.txt is ignored: politeness.obey_robots is false.")
    _record_in_groups(recorder, [*plan.carried_over, *plan.recovered])
    outcome = CrawlOutcome(0, 0, tuple(given_up.values()), (), was_stopped=False)
    if not plan.due and not plan.to_parse and not scope.looks:
        return outcome
    if plan.to_parse:
        reparse_job = ReparseJob(catalogue, places, plan.to_parse, gives_up=config.reparse)
        outcome = _both(outcome, reparse(reparse_job, recorder, crawl_context, must_stop))
    if plan.due or scope.looks:
        done = [*plan.others, *plan.carried_over, *plan.recovered, *plan.to_parse]
        source = search_for_pages(context, catalogue, plan, store, config) if scope.looks else None
        crawl_job = CrawlJob(catalogue, places, plan.due, done, source)
        outcome = _both(outcome, crawl(crawl_job, recorder, crawl_context, must_stop))
        record_findings(context, catalogue, outcome.listing, recorder)
    store.discard_others(recorder.recorded, now=datetime.now(timezone.utc))
    if outcome.with_secrets:
        context.log.warning(as_line(told_of_secrets(outcome.with_secrets)))
    observer.finished(outcome)
    return outcome


def _forget_evidence(context: dg.AssetExecutionContext, catalogue: Catalogue) -> None:
    """Of pages that are gone, or of whose failure nothing is recorded any more."""
    evidence = Evidence(catalogue_places(catalogue.name).failures)
    evidence.discard_half_written()
    kept = set(evidence.pages())
    if kept:
        failed = read_failures(context.instance, catalogue, kept & set(catalogue.pages))
        for page in kept - failed.keys():
            evidence.forget(page)


def _both(first: CrawlOutcome, second: CrawlOutcome) -> CrawlOutcome:
    return CrawlOutcome(
        downloads=first.downloads + second.downloads,
        not_modified=first.not_modified + second.not_modified,
        failures=tuple(sorted([*first.failures, *second.failures], key=lambda each: each.page)),
        untried=(*first.untried, *second.untried),
        was_stopped=first.was_stopped or second.was_stopped,
        with_secrets=tuple(sorted({*first.with_secrets, *second.with_secrets})),
        parsed_again=first.parsed_again + second.parsed_again,
        listing=second.listing,
    )


@contextmanager
def _errors_as_failures(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Let the project's errors fail the step with their one sentence and nothing else."""
    try:
        yield
    except (CrawlStoppedError, LoginError) as error:
        # A blocked site or a refused login is not helped by running into it again.
        allow_no_retry(context.instance, context.run)
        raise dg.Failure(as_lines(str(error)), allow_retries=False) from error
    except CatalogPipelineError as error:
        raise dg.Failure(as_lines(str(error)), allow_retries=False) from error


def _record_in_groups(recorder: EventRecorder, pages: Sequence[StoredPage]) -> None:
    for start in range(0, len(pages), MAX_PAGES):
        recorder.record_pages(pages[start : start + MAX_PAGES])


def _tell_waiting(context: dg.AssetExecutionContext, observer: Observer, holder: str) -> None:
    context.log.info(
        as_line(f"Another crawl of this catalogue is on: {holder}. Waiting for its end.")
    )
    observer.waiting_for(holder)


def _tell_plan(context: dg.AssetExecutionContext, catalogue: Catalogue, plan: CrawlPlan) -> None:
    context.log.info(
        as_line(
            f"{len(plan.due)} pages to download, {len(plan.carried_over)} done already, "
            f"{len(plan.recovered)} stored by a run that died before it could record them."
        )
    )
    if plan.to_parse:
        context.log.info(
            as_line(
                f"{len(plan.to_parse)} pages are parsed again from their stored bodies, without a "
                f"download."
            )
        )
    elsewhere = tell_other_history(context.instance, catalogue)
    if elsewhere is not None:
        context.log.warning(as_line(f"{catalogue.name}: {elsewhere}."))
    moved = tell_moved(catalogue, plan.moved)
    if moved is not None:
        context.log.warning(as_line(f"{catalogue.name}: {moved}."))
    for problem in plan.damaged:
        context.log.warning(as_line(f"Downloading again: {problem}."))


def _pages_failed(outcome: CrawlOutcome) -> dg.Failure:
    failed = [failure.page for failure in outcome.failures]
    reasons = "\n".join(map(as_line, [*outcome.listing.problems, *reasons_of(outcome.failures)]))
    told = f"{len(failed)} pages failed: {format_pages(failed)}. All others are recorded."
    return dg.Failure(
        as_lines(f"{told}\n{reasons}"),
        metadata={
            "failed_pages": format_pages(failed),
            "failed": len(failed),
            "downloads": outcome.downloads,
        },
        allow_retries=False,
    )
