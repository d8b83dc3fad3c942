"""The step that crawls: brings Dagster's run and the crawl together.

What a run means for the crawl is decided here: its pages, its cut-off, its end. The crawl itself
is in `catalog_pipeline.crawling`. Dagster inspects annotations of config classes, so there is no
`from __future__ import annotations` here.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.pages import format_pages, parse_pages
from catalog_pipeline.crawling.crawl import Crawl
from catalog_pipeline.crawling.crawl_lock import catalogue_lock
from catalog_pipeline.crawling.group_commit import MAX_PAGES
from catalog_pipeline.crawling.head_start import crew
from catalog_pipeline.crawling.interrupts import StopWish, stop_on_signals
from catalog_pipeline.crawling.observer import current_observer
from catalog_pipeline.crawling.plan import CrawlPlan, CutOff, parse_cutoff, plan_crawl
from catalog_pipeline.errors import (
    CatalogPipelineError,
    CrawlStoppedError,
    LoginError,
    UsageError,
)
from catalog_pipeline.orchestration.checkpoints import read_checkpoints, run_created_at
from catalog_pipeline.orchestration.event_recorder import EventRecorder
from catalog_pipeline.orchestration.liveness import hold_sign_of_life
from catalog_pipeline.orchestration.names import (
    COMMAND_LINE,
    MAX_RETRIES_TAG,
    STARTED_BY_TAG,
    pages_key,
)
from catalog_pipeline.orchestration.wipes import WipeTimes
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import CrawlOutcome, StoredPage
from catalog_pipeline.storing.page_store import PageStore

_SECONDS_BETWEEN_LOOKS_AT_THE_RUN = 2.0


class CrawlConfig(dg.Config):
    """What may be said about a crawl in its run's config.

    `cutoff`: ISO 8601 time with zone; pages fetched at or after it are not downloaded again.
    `pages`: a set of pages such as `7,9,12-15` for a run without partition tags.
    `reparse`: parse the stored bodies again instead of downloading.
    """

    cutoff: str | None = None
    pages: str | None = None
    reparse: bool = False


def crawl_pages(
    context: dg.AssetExecutionContext, catalogue: Catalogue, config: CrawlConfig
) -> None:
    """Crawl the pages of a run and record them.

    Raises:
        dg.Failure: pages failed, or the crawl gave up; what was recorded stays.
        dg.DagsterExecutionInterruptedError: the crawl was asked to stop, and has.
    """
    places = catalogue_places(catalogue.name)
    with _errors_as_failures(context), ExitStack() as stack:
        stack.enter_context(
            hold_sign_of_life(Path(context.instance.root_directory), context.run.run_id)
        )
        must_stop = _stopper(context, stack.enter_context(stop_on_signals()))
        has_lock = stack.enter_context(
            catalogue_lock(
                places.folder,
                context.run.run_id,
                on_wait=lambda holder: _tell_waiting(context, holder),
                should_stop=must_stop,
            )
        )
        if not has_lock:
            raise dg.DagsterExecutionInterruptedError
        outcome = _crawl(context, catalogue, config, must_stop)
    if outcome.was_stopped:
        context.log.info(f"Stopped as asked; {len(outcome.untried)} pages are still due.")
        raise dg.DagsterExecutionInterruptedError
    if outcome.failures:
        raise _pages_failed(outcome)


def _crawl(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    config: CrawlConfig,
    must_stop: Callable[[], bool],
) -> CrawlOutcome:
    places = catalogue_places(catalogue.name)
    observer = current_observer()
    store = PageStore(places.pages)
    recorder = EventRecorder(context, pages_key(catalogue.name))
    pages = _pages_of_run(context, catalogue, config)
    if config.pages is not None:
        recorder.plan_pages(pages)
    store.prepare()
    plan = _plan(context, catalogue, config, store, pages)
    observer.planned(plan)
    _tell_plan(context, plan)
    if not catalogue.politeness.obey_robots:
        context.log.warning("robots.txt is ignored: politeness.obey_robots is false.")
    _record_in_groups(recorder, [*plan.carried_over, *plan.recovered])
    if not plan.due:
        return CrawlOutcome(0, 0, (), (), was_stopped=False)
    if config.reparse:
        # Nothing is asked of the site, so that no credentials are needed.
        catalogue = catalogue.model_copy(update={"login": None})
    with crew(catalogue, places) as at_work:
        crawl = Crawl(
            at_work.catalogue,
            at_work.pool,
            store,
            recorder,
            observer=observer,
            must_stop=must_stop,
            has_session=places.cookies.exists(),
        )
        outcome = _run(crawl, plan, config)
    store.discard_others(recorder.recorded)
    observer.finished(outcome)
    return outcome


@contextmanager
def _errors_as_failures(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Let the project's errors fail the step with their one sentence and nothing else."""
    try:
        yield
    except (CrawlStoppedError, LoginError) as error:
        # A blocked site or a refused login is not helped by running into it again.
        context.instance.add_run_tags(context.run.run_id, {MAX_RETRIES_TAG: "0"})
        raise dg.Failure(str(error), allow_retries=False) from error
    except CatalogPipelineError as error:
        raise dg.Failure(str(error), allow_retries=False) from error


def _run(crawl: Crawl, plan: CrawlPlan, config: CrawlConfig) -> CrawlOutcome:
    if config.reparse:
        return crawl.run_reparse([stored for _, stored in plan.due if stored is not None])
    return crawl.run(plan.due)


def _plan(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    config: CrawlConfig,
    store: PageStore,
    pages: Sequence[int],
) -> CrawlPlan:
    checkpoints = read_checkpoints(context.instance, catalogue.name, pages)
    if config.reparse:
        return CrawlPlan((), (), tuple((page, checkpoints.get(page)) for page in pages), ())
    if config.cutoff is not None:
        cut_off = CutOff(parse_cutoff(config.cutoff), is_explicit=True)
    else:
        cut_off = CutOff(run_created_at(context.instance, context.run, catalogue.name))
    wiped_at = WipeTimes(context.instance, catalogue.name)
    return plan_crawl(pages, checkpoints, store, cut_off, wiped_at)


def _pages_of_run(
    context: dg.AssetExecutionContext, catalogue: Catalogue, config: CrawlConfig
) -> list[int]:
    if config.pages is not None:
        pages = parse_pages(config.pages)
    elif context.has_partition_key or context.has_partition_key_range:
        pages = [int(key) for key in context.partition_keys]
    else:
        pages = list(catalogue.pages)
    beyond = [page for page in pages if page not in catalogue.pages]
    if beyond:
        raise UsageError(
            f"{catalogue.name} has no page {format_pages(beyond)}; it has pages "
            f"{catalogue.first_page}-{catalogue.last_page}."
        )
    return pages


def _record_in_groups(recorder: EventRecorder, pages: Sequence[StoredPage]) -> None:
    for start in range(0, len(pages), MAX_PAGES):
        recorder.record_pages(pages[start : start + MAX_PAGES])


def _stopper(context: dg.AssetExecutionContext, wish: StopWish) -> Callable[[], bool]:
    """Whether the crawl has to end: by a signal, or because its run was ended in the event log."""
    next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS_AT_THE_RUN
    is_told = False

    def must_stop() -> bool:
        nonlocal next_look, is_told
        if not wish.is_set and time.monotonic() >= next_look:
            next_look = time.monotonic() + _SECONDS_BETWEEN_LOOKS_AT_THE_RUN
            run = context.instance.get_run_by_id(context.run.run_id)
            wish.is_set = (
                run is None or run.is_finished or run.status == dg.DagsterRunStatus.CANCELING
            )
        if wish.by_signal is not None and not is_told:
            is_told = True
            _tell_cancelled_by_user(context)
        return wish.is_set

    return must_stop


def _tell_cancelled_by_user(context: dg.AssetExecutionContext) -> None:
    """A Ctrl-C in the terminal is a cancellation; a worker of the web UI that is ended is not,
    and Dagster fails its run, which is then retried."""
    if context.run.tags.get(STARTED_BY_TAG) == COMMAND_LINE:
        context.instance.report_run_canceling(context.run, "Interrupted on the command line.")


def _tell_waiting(context: dg.AssetExecutionContext, holder: str) -> None:
    context.log.info(f"Another crawl of this catalogue is on: {holder}. Waiting for its end.")
    current_observer().waiting_for(holder)


def _tell_plan(context: dg.AssetExecutionContext, plan: CrawlPlan) -> None:
    context.log.info(
        f"{len(plan.due)} pages to download, {len(plan.carried_over)} done already, "
        f"{len(plan.recovered)} stored by a run that died before it could record them."
    )
    for problem in plan.damaged:
        context.log.warning(f"Downloading again: {problem}.")


def _pages_failed(outcome: CrawlOutcome) -> dg.Failure:
    failed = [failure.page for failure in outcome.failures]
    reasons = "\n".join(failure.message for failure in outcome.failures[:20])
    return dg.Failure(
        f"{len(failed)} pages failed: {format_pages(failed)}. All others are recorded.\n{reasons}",
        metadata={
            "failed_pages": format_pages(failed),
            "failed": len(failed),
            "downloads": outcome.downloads,
        },
        allow_retries=False,
    )
