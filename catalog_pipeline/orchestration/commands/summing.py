"""What the crawls and the build of a request came to together. Free of Dagster."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.orchestration.checkpoints.length import length_verdicts
from catalog_pipeline.orchestration.checkpoints.standing import Standing
from catalog_pipeline.orchestration.checkpoints.table_state import LastBuild
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import CrawlOutcome
from catalog_pipeline.storing.stores import table_of
from catalog_pipeline.system.durable_files import kind_of

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.commands.in_process import LocalRun

_GIVEN = range(200, 300)


class Tally(Observer):
    """What the crawls of a request came to, together."""

    def __init__(self) -> None:
        self.outcomes: list[CrawlOutcome] = []
        self.came_to_its_end = False

    def finished(self, outcome: CrawlOutcome) -> None:
        self.outcomes.append(outcome)
        self.came_to_its_end = True

    def gave_up(self, outcome: CrawlOutcome) -> None:
        self.outcomes.append(outcome)

    @property
    def refused(self) -> set[PageKey]:
        """The pages that the site was asked for in vain."""
        failures = (failure for outcome in self.outcomes for failure in outcome.failures)
        return {failure.page for failure in failures if failure.unread_by is None}

    @property
    def came_in_vain(self) -> int:
        """How many pages the site gave that were of no use."""
        failures = (failure for outcome in self.outcomes for failure in outcome.failures)
        return sum(
            failure.unread_by is None and failure.http_status in _GIVEN for failure in failures
        )


def is_interrupted(run: LocalRun | None) -> bool:
    """Whether a run, if there was one, was interrupted."""
    return run is not None and run.was_interrupted


def _error_of(run: LocalRun | None) -> str | None:
    return None if run is None or run.was_interrupted else run.error


def sum_up(
    request: CrawlRequest,
    tally: Tally,
    standing: Standing,
    settled: Set[PageKey],
    crawl: LocalRun | None,
    build: LocalRun | None,
    built: LastBuild,
) -> CrawlResult:
    """Sum it up; `settled` are the pages that this request need not wait for any more."""
    statuses, chosen = standing.statuses, request.wanted(standing.pages)
    failed = chosen & statuses.failed.keys()
    places = catalogue_places(request.catalogue.name)
    table = table_of(places)
    return CrawlResult(
        request=request,
        # A run of the web UI that planned pages meanwhile has them in progress again: what this
        # command had of it is done all the same.
        done=len(chosen & (statuses.done | (statuses.in_progress.keys() & settled))),
        failed=len(failed),
        failed_pages=frozenset(failed),
        missing=len(chosen & statuses.missing),
        in_progress=len((chosen & statuses.in_progress.keys()) - settled),
        downloads=sum(outcome.downloads for outcome in tally.outcomes),
        came_in_vain=tally.came_in_vain,
        not_modified=sum(outcome.not_modified for outcome in tally.outcomes),
        parsed_again=sum(outcome.parsed_again for outcome in tally.outcomes),
        failures=tuple(
            standing.failures[page] for page in sorted(failed & standing.failures.keys())
        ),
        is_interrupted=is_interrupted(crawl) or is_interrupted(build),
        # Where the crawl came to its end, its failures say it page by page.
        crawl_error=_error_of(crawl) if not tally.came_to_its_end else None,
        table_error=_error_of(build),
        table=table,
        table_place=places.told(table),
        rows=built.rows if kind_of(table) else None,
        duplicates=built.duplicates,
        merged=built.merged,
        row_notes=built.row_notes,
        failed_checks=built.failed_checks,
        history=built.history if build is not None and not _error_of(build) else {},
        left_out=built.left_out,
        left_out_not_done=frozenset(built.left_out.keys() - statuses.done),
        outdated_pages=built.outdated_pages,
        selected=len(chosen),
        problems=tuple(each for outcome in tally.outcomes for each in outcome.listing.problems),
        length=length_verdicts(request.catalogue, standing, built),
        length_from=standing.length_from,
        run_id=crawl.run_id if crawl is not None else None,
    )
