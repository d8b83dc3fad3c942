"""How a run of pages ends, by what its crawl came to: the sentence, and whether it is retried.

Not here: the crawl (`crawl_run`), which failures are retried (`retries`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.errors import (
    CatalogPipelineError,
    CrawlStoppedError,
    DiscoveryError,
    LoginError,
)
from catalog_pipeline.orchestration.instance.run_endings import add_failed_run, keep_reason
from catalog_pipeline.orchestration.names import pages_key, pages_step
from catalog_pipeline.orchestration.runs.failure_reasons import reasons_of
from catalog_pipeline.orchestration.runs.order import Order
from catalog_pipeline.orchestration.runs.retries import allow_no_retry, allow_retry_for
from catalog_pipeline.records import CrawlOutcome
from catalog_pipeline.showing import as_line, as_lines
from catalog_pipeline.wording import counted

_FAILED_PAGES_KEY = "failed_pages"
_PROBLEMS_KEY = "listing_problems"
_CANCELLED = (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)


def end_as_it_came(
    context: dg.AssetExecutionContext, catalogue: Catalogue, order: Order, outcome: CrawlOutcome
) -> None:
    """Let the step end well, or not.

    Raises:
        dg.Failure: pages failed; what was recorded stays.
        dg.DagsterExecutionInterruptedError: the crawl was asked to stop, and has.
    """
    if outcome.failures:
        _keep_failures(context, catalogue, outcome)
    if outcome.was_stopped:
        context.log.info(
            as_line(f"Stopped as asked; still due: {counted(len(outcome.untried), 'page')}.")
        )
        raise dg.DagsterExecutionInterruptedError
    problems = outcome.listing.problems
    if problems and not outcome.failures:
        raise dg.Failure(
            as_line(" ".join(problems)), metadata=_of_problems(problems), allow_retries=False
        )
    if outcome.failures:
        if not problems:
            allow_retry_for(context.instance, context.run, order.pages, outcome.failures)
        raise _pages_failed(outcome)


def _keep_failures(
    context: dg.AssetExecutionContext, catalogue: Catalogue, outcome: CrawlOutcome
) -> None:
    """Let the failed pages of a cancelled run stay red, as Dagster shows those of failed runs.

    A run may be cancelled when all its pages have been tried, too.
    """
    instance = context.instance
    run = instance.get_run_by_id(context.run.run_id)
    if run is None or run.status not in _CANCELLED:
        return
    pages = [failure.page for failure in outcome.failures]
    told = f"Run {run.run_id} was cancelled; pages {format_pages(pages)} had failed in it."
    add_failed_run(
        instance,
        run,
        {"ops": {pages_step(catalogue): {"config": {"pages": format_pages(pages)}}}},
        (pages_key(catalogue), [str(page) for page in pages]),
        as_lines("\n".join(map(as_line, [told, *reasons_of(outcome.failures)]))),
    )


def problems_of(failure: dg.Failure) -> list[str] | None:
    """Why the crawl of a run that ended so does not know all pages; None if it did not come so far
    as to say."""
    told = failure.metadata.get(_PROBLEMS_KEY)
    if told is None:
        return [] if _FAILED_PAGES_KEY in failure.metadata else None
    lines: Any = told.value
    return [str(each) for each in lines]


def _of_problems(problems: Sequence[str]) -> dict[str, dg.MetadataValue[Any]]:
    lines = [as_line(problem) for problem in problems]
    return {_PROBLEMS_KEY: dg.MetadataValue.json(lines)} if lines else {}


@contextmanager
def errors_as_failures(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Let the project's errors fail the step with their one sentence and nothing else."""
    try:
        yield
    except CatalogPipelineError as error:
        if _is_in_vain(error):
            allow_no_retry(context.instance, context.run)
        keep_reason(context.instance, context.run.run_id, as_line(str(error)))
        raise dg.Failure(as_lines(str(error)), allow_retries=False) from error


def _is_in_vain(error: CatalogPipelineError) -> bool:
    """Whether it is not helped by running into it again, as a blocked site or a refused login."""
    if isinstance(error, DiscoveryError):
        return not error.may_pass
    return isinstance(error, CrawlStoppedError | LoginError)


def _pages_failed(outcome: CrawlOutcome) -> dg.Failure:
    failed = [failure.page for failure in outcome.failures]
    reasons = "\n".join(map(as_line, [*outcome.listing.problems, *reasons_of(outcome.failures)]))
    told = (
        f"{counted(len(failed), 'page')} failed: {format_pages(failed)}. All others are recorded."
    )
    return dg.Failure(
        as_lines(f"{told}\n{reasons}"),
        metadata={
            _FAILED_PAGES_KEY: format_pages(failed),
            "failed": len(failed),
            "downloads": outcome.downloads,
            **_of_problems(outcome.listing.problems),
        },
        allow_retries=False,
    )
