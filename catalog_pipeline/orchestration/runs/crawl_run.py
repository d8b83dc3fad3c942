"""The step that crawls: brings Dagster's run and the crawl together.

Which pages a run is to get is decided in `order`, what is due of them in `run_config`, how it ends
in `ending`; the crawl itself is in `catalog_pipeline.crawling`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.crawl import CrawlJob, crawl
from catalog_pipeline.crawling.lock import while_held
from catalog_pipeline.crawling.observers import Together
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.reparse import ReparseJob, reparse
from catalog_pipeline.crawling.scheduling.group_commit import MAX_PAGES
from catalog_pipeline.crawling.scheduling.stats import told_of_secrets
from catalog_pipeline.errors import CrawlStoppedError, LoginError
from catalog_pipeline.orchestration.checkpoints.known_pages import (
    partition_maker,
    seed_pages,
    with_known_pages,
)
from catalog_pipeline.orchestration.checkpoints.other_history import tell_other_history
from catalog_pipeline.orchestration.checkpoints.reader import read_failures
from catalog_pipeline.orchestration.checkpoints.standing import tell_moved
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.checkpoints.writer import EventRecorder
from catalog_pipeline.orchestration.instance.host_leases import leases_of, pace_of
from catalog_pipeline.orchestration.instance.lease_shares import Share
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life
from catalog_pipeline.orchestration.names import BACKFILL_TAG, ORDER_TAG, pages_key
from catalog_pipeline.orchestration.runs.cancellation import check_not_deleted, stopper
from catalog_pipeline.orchestration.runs.companions import end_companions, give_up_companions
from catalog_pipeline.orchestration.runs.crawl_lease import lease_of_crawl
from catalog_pipeline.orchestration.runs.discovering import Discovered, discover_for_run
from catalog_pipeline.orchestration.runs.ending import end_as_it_came, errors_as_failures
from catalog_pipeline.orchestration.runs.finding import (
    scope_of_run,
    search_for_pages,
)
from catalog_pipeline.orchestration.runs.found import record_findings, with_doubted_pages
from catalog_pipeline.orchestration.runs.notice_marks import mark_crawl
from catalog_pipeline.orchestration.runs.order import Order, order_of_run
from catalog_pipeline.orchestration.runs.privacy import for_the_owner_alone
from catalog_pipeline.orchestration.runs.retries import (
    given_up_before,
)
from catalog_pipeline.orchestration.runs.run_config import (
    CrawlConfig,
    plan_run,
)
from catalog_pipeline.orchestration.runs.run_log import RunLog
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import CrawlOutcome, StoredPage
from catalog_pipeline.showing import as_line
from catalog_pipeline.storing.stores import evidence_of, page_store
from catalog_pipeline.system.signals import stop_on_signals
from catalog_pipeline.wording import counted, first_of


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
    with errors_as_failures(context), ExitStack() as stack:
        stack.enter_context(for_the_owner_alone(context, catalogue))
        mark_crawl(context, catalogue)
        stack.enter_context(
            hold_sign_of_life(
                Path(context.instance.root_directory),
                context.run.run_id,
                leases_of(context.instance),
            )
        )
        must_stop = stopper(context, stack.enter_context(stop_on_signals()))
        lease = stack.enter_context(
            lease_of_crawl(context, catalogue, config, places, crawl_context, must_stop)
        )
        share = Share(lease.pages)
        pace = pace_of(context.instance, catalogue.name)
        crawl_context = replace(crawl_context, lease=lease, pace=pace)
        must_stop = while_held(lease, must_stop)
        seed_pages(context.instance, catalogue)
        catalogue = with_known_pages(context.instance, catalogue)
        order = order_of_run(context, catalogue, config, share)
        discovered = discover_for_run(
            context, catalogue, config, order.pages, crawl_context, must_stop
        )
        catalogue = discovered.catalogue
        order = replace(order, pages=discovered.pages_of_run(order.pages))
        run_log = RunLog(context.log)
        observers = Together([crawl_context.observer, run_log])
        crawl_context = replace(crawl_context, observer=observers)
        try:
            outcome = _crawl(context, discovered, config, order, share, crawl_context, must_stop)
        except (CrawlStoppedError, LoginError) as error:
            run_log.given_up()
            give_up_companions(context.instance, order.companions, context.run.run_id, error)
            raise
    end_as_it_came(context, catalogue, order, outcome)


def _crawl(
    context: dg.AssetExecutionContext,
    discovered: Discovered,
    config: CrawlConfig,
    order: Order,
    share: Share,
    crawl_context: CrawlContext,
    must_stop: Callable[[], bool],
) -> CrawlOutcome:
    catalogue = discovered.catalogue
    places = catalogue_places(catalogue.name)
    observer = crawl_context.observer
    store = page_store(places)
    scope = scope_of_run(context, catalogue, order.pages, config.finds, discovered.new)
    pages = scope.pages
    fence = crawl_context.fence
    make_partitions = partition_maker(context.instance, catalogue, fence)
    recorder = EventRecorder(context, pages_key(catalogue), order.announced, make_partitions, fence)
    store.prepare(is_alone=share.pages is None)
    _forget_evidence(context, catalogue)
    plan = plan_run(context, catalogue, config, store, pages, share)
    plan = with_doubted_pages(context.instance, catalogue, plan, scope.looks)
    given_up = given_up_before(context.instance, catalogue, context.run, plan)
    plan = replace(plan, due=tuple(each for each in plan.due if each[0] not in given_up))
    own = () if config.reparse else pages
    recorder.plan_pages(order.to_announce(plan, own))
    observer.planned(plan)
    _tell_plan(context, catalogue, order, plan)
    if not catalogue.politeness.obey_robots:
        context.log.warning("robots.txt is ignored: politeness.obey_robots is false.")
    unsettled = [*_to_record_again(context, catalogue, plan.carried_over), *plan.recovered]
    _record_in_groups(recorder, unsettled)
    outcome = CrawlOutcome(0, 0, tuple(given_up.values()), (), was_stopped=False)
    if plan.to_parse:
        reparse_job = ReparseJob(catalogue, places, plan.to_parse, gives_up=config.reparse)
        outcome = outcome.and_then(reparse(reparse_job, recorder, crawl_context, must_stop))
    if plan.due or scope.looks:
        done = [*plan.others, *plan.carried_over, *plan.recovered, *plan.to_parse]
        source = search_for_pages(
            context, catalogue, plan, store, config, recorder.recorded, looks=scope.looks
        )
        recorder.pages_found(source.take_found() if source is not None else ())
        crawl_job = CrawlJob(catalogue, places, plan.due, done, source)
        outcome = outcome.and_then(crawl(crawl_job, recorder, crawl_context, must_stop))
    # Without its records what they superseded is what stands, be it files or pages.
    check_not_deleted(context.instance, context.run.run_id)
    record_findings(context, catalogue, outcome.listing, recorder, scope.looks, fence)
    outcome = discovered.added_to(outcome)
    came = {stored.record.page for stored in [*plan.carried_over, *recorder.recorded]}
    end_companions(context.instance, order.companions, context.run.run_id, came, outcome.failures)
    recorder.forget_plans()
    if not plan.due and not plan.to_parse and not scope.looks:
        return outcome
    store.discard_others(recorder.recorded, now=datetime.now(timezone.utc))
    if outcome.with_secrets:
        context.log.warning(as_line(told_of_secrets(outcome.with_secrets)))
    observer.finished(outcome)
    return outcome


def _to_record_again(
    context: dg.AssetExecutionContext, catalogue: Catalogue, pages: Sequence[StoredPage]
) -> list[StoredPage]:
    """Done pages that do not show as done, since they were announced or failed after they came.

    Of a backfill all: for Dagster a page has failed that no run of the backfill has recorded. What
    was left to a retry has been recorded by the run that it is of.
    """
    tags = context.run.tags
    if BACKFILL_TAG in tags and ORDER_TAG not in tags:
        return list(pages)
    if not pages:
        return []
    statuses = read_statuses(context.instance, catalogue, catalogue.pages)
    plainly_done = statuses.done - statuses.interrupted.keys()
    return [stored for stored in pages if stored.record.page not in plainly_done]


def _forget_evidence(context: dg.AssetExecutionContext, catalogue: Catalogue) -> None:
    """Of pages that are gone, or of whose failure nothing is recorded any more."""
    evidence = evidence_of(catalogue_places(catalogue.name))
    evidence.discard_half_written()
    kept = set(evidence.pages())
    if kept:
        failed = read_failures(context.instance, catalogue, kept & set(catalogue.pages))
        for page in kept - failed.keys():
            evidence.forget(page, is_there=True)


def _record_in_groups(recorder: EventRecorder, pages: Sequence[StoredPage]) -> None:
    for start in range(0, len(pages), MAX_PAGES):
        recorder.record_pages(pages[start : start + MAX_PAGES])


def _tell_plan(
    context: dg.AssetExecutionContext, catalogue: Catalogue, order: Order, plan: CrawlPlan
) -> None:
    taken = [page for companion in order.companions for page in companion.pages]
    if taken:
        context.log.info(
            as_line(
                f"Pages {format_pages(taken)} are taken along from {len(order.companions)} waiting "
                f"runs of this backfill."
            )
        )
    context.log.info(
        as_line(
            f"{counted(len(plan.due), 'page')} to download, {len(plan.carried_over)} done already, "
            f"{len(plan.recovered)} stored by a run that died before it could record them."
        )
    )
    if plan.to_parse:
        context.log.info(
            as_line(
                f"{counted(len(plan.to_parse), 'page')} to parse again from stored bodies, "
                f"without a download."
            )
        )
    elsewhere = tell_other_history(context.instance, catalogue)
    if elsewhere is not None:
        context.log.warning(as_line(f"{catalogue.name}: {elsewhere}."))
    moved = tell_moved(catalogue, plan.moved)
    if moved is not None:
        context.log.warning(as_line(f"{catalogue.name}: {moved}."))
    for problem in first_of(plan.damaged):
        context.log.warning(as_line(f"Downloading again: {problem}."))
