"""A crawl and a build in this process: plan, crawl, build, count. The catalogue's lock is held.

Nothing of the terminal is known here: whoever looks on comes in as a `Spectator`, and the result
goes back in numbers. How a run of Dagster is executed is in `in_process`.
"""

from collections.abc import Set
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from dagster import DagsterInstance

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.observers import Together
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.orchestration.checkpoints.known_pages import seed_pages, with_known_pages
from catalog_pipeline.orchestration.checkpoints.length import length_verdicts
from catalog_pipeline.orchestration.checkpoints.other_history import tell_other_history
from catalog_pipeline.orchestration.checkpoints.standing import Standing, read_standing, tell_moved
from catalog_pipeline.orchestration.checkpoints.table_state import (
    LastBuild,
    checkpoint_count,
    damage_of_last_table,
    read_last_build,
    why_outdated,
)
from catalog_pipeline.orchestration.commands.in_process import (
    LocalRun,
    build_table_here,
    crawl_here,
)
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import CrawlOutcome
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.system.durable_files import kind_of
from catalog_pipeline.tables.build import lack_of_coverage


class _Tally(Observer):
    """What the crawls of a request came to, together."""

    def __init__(self) -> None:
        self.outcomes: list[CrawlOutcome] = []
        self.came_to_its_end = False

    def finished(self, outcome: CrawlOutcome) -> None:
        self.outcomes.append(outcome)
        self.came_to_its_end = True

    @property
    def refused(self) -> set[PageKey]:
        """The pages that the site was asked for in vain."""
        failures = (failure for outcome in self.outcomes for failure in outcome.failures)
        return {failure.page for failure in failures if failure.unread_by is None}


@dataclass(frozen=True)
class _Todo:
    """The pages to crawl, those that are only parsed again, and whether more are to be found."""

    due: frozenset[PageKey]
    to_parse: frozenset[PageKey] = frozenset()
    finds: bool = False

    @property
    def pages(self) -> frozenset[PageKey]:
        """All pages that there is something to do about."""
        return self.due | self.to_parse


@dataclass(frozen=True)
class _Work:
    """What the stages of one request share."""

    instance: DagsterInstance
    request: CrawlRequest
    spectator: Spectator
    tally: _Tally

    def crawl(
        self,
        todo: _Todo,
        cutoff: datetime | None,
        context: CrawlContext,
        *,
        reparse: bool = False,
    ) -> LocalRun:
        self.tally.came_to_its_end = False
        is_parsing = reparse or not (todo.due or todo.finds)
        self.spectator.crawl_starts(len(todo.pages), reparse=is_parsing)
        return crawl_here(
            self.instance,
            self.request.catalogue,
            sorted(todo.due),
            cutoff,
            reparse=reparse,
            parse_again=todo.to_parse,
            finds=todo.finds,
            crawl_context=context,
        )

    def build(self) -> LocalRun | None:
        """Build the table unless the one that is there would come out again, or must wait."""
        catalogue = self.request.catalogue
        if why_outdated(self.instance, catalogue) is None or self.why_table_waits():
            return None
        self.spectator.table_starts(damage_of_last_table(self.instance, catalogue))
        return build_table_here(self.instance, catalogue)

    def why_table_waits(self) -> str | None:
        """What a first table lacks yet; None if there is one, or all pages were asked for.

        Whoever asks for a part of a new catalogue's pages has not asked for its table.
        """
        catalogue = self.request.catalogue
        if self.request.is_whole or read_last_build(self.instance, catalogue) is not None:
            return None
        known = with_known_pages(self.instance, catalogue)
        lack = lack_of_coverage(known, checkpoint_count(self.instance, known))
        return None if lack is None else f"{lack}: there is no table yet"


def crawl_and_build(
    instance: DagsterInstance,
    request: CrawlRequest,
    spectator: Spectator,
    crawl_context: CrawlContext,
) -> CrawlResult:
    """Crawl what is due of the request, build the table, and sum it up."""
    tally = _Tally()
    observer = Together([crawl_context.observer, tally, spectator])
    context = replace(crawl_context, observer=observer)
    work = _Work(instance, request, spectator, tally)
    seed_pages(instance, request.catalogue)
    before = read_standing(instance, request.catalogue, request.cutoff)
    if (elsewhere := tell_other_history(instance, request.catalogue)) is not None:
        spectator.found_other_history(elsewhere)
    todo = _todo(request, before, spectator)
    crawl = None
    if todo.pages or todo.finds:
        crawl = work.crawl(todo, request.cutoff, context, reparse=request.reparse)
    build = None if _is_interrupted(crawl) else work.build()
    built = read_last_build(instance, request.catalogue)
    unusable = _unusable(request, before, built, tally.refused)
    has_ended = crawl is None or tally.came_to_its_end
    if unusable and has_ended and not _is_interrupted(crawl) and not _is_interrupted(build):
        # Once: what is of no use after this download too is told, and tried by the next command.
        spectator.found_damaged(reason for reason in unusable.values() if reason)
        # The workers that were started early have ended with the first crawl, if there was one.
        again = replace(context, workforce=None)
        crawl = work.crawl(_Todo(frozenset(unusable)), datetime.now(timezone.utc), again)
        build = (None if _is_interrupted(crawl) else work.build()) or build
        built = read_last_build(instance, request.catalogue)
    after = read_standing(instance, request.catalogue, since=before)
    untouched = set() if request.reparse else request.wanted(before.pages) - todo.pages
    settled = after.landed | untouched
    result = _result(request, tally, after, settled, crawl, build, built or LastBuild())
    return replace(result, table_waits=work.why_table_waits())


def _todo(request: CrawlRequest, standing: Standing, spectator: Spectator) -> _Todo:
    wanted = request.wanted(standing.pages)
    if request.reparse:
        return _Todo(wanted & standing.checkpoints.keys())
    catalogue, statuses = request.catalogue, standing.statuses
    moved = {page: place for page, place in standing.moved.items() if page in wanted}
    sentence = tell_moved(catalogue, moved)
    if sentence is not None:
        spectator.found_moved(sentence)
    # Whoever plans pages that are in progress elsewhere does not crawl them: the lock is ours.
    due = wanted & {*standing.due, *statuses.in_progress}
    store = FolderStore(catalogue_places(catalogue.name).pages)
    to_parse = wanted & standing.to_parse
    damaged = standing.damaged((wanted & statuses.done) - due | to_parse, store)
    spectator.found_damaged(damaged.values())
    finds = request.pages is None and standing.is_end_due
    return _Todo(due | damaged.keys(), to_parse - damaged.keys(), finds)


def _unusable(
    request: CrawlRequest, standing: Standing, built: LastBuild | None, refused: Set[PageKey]
) -> dict[PageKey, str]:
    """Pages of the request that the table could not use and a download may mend, and why.

    Those that this command has asked for in vain are not asked for a second time.
    """
    if built is None or request.reparse:
        return {}
    wanted = request.wanted(standing.pages) - refused
    return {page: why for page, why in built.left_out.items() if page in wanted}


def _is_interrupted(run: LocalRun | None) -> bool:
    return run is not None and run.was_interrupted


def _error_of(run: LocalRun | None) -> str | None:
    return None if run is None or run.was_interrupted else run.error


def _result(
    request: CrawlRequest,
    tally: _Tally,
    standing: Standing,
    settled: Set[PageKey],
    crawl: LocalRun | None,
    build: LocalRun | None,
    built: LastBuild,
) -> CrawlResult:
    """Sum it up; `settled` are the pages that this request need not wait for any more."""
    statuses, chosen = standing.statuses, request.wanted(standing.pages)
    failed = chosen & statuses.failed.keys()
    table = catalogue_places(request.catalogue.name).table
    return CrawlResult(
        request=request,
        # A run of the web UI that planned pages meanwhile has them in progress again: what this
        # command had of it is done all the same.
        done=len(chosen & (statuses.done | (statuses.in_progress.keys() & settled))),
        failed=len(failed),
        missing=len(chosen & statuses.missing),
        in_progress=len((chosen & statuses.in_progress.keys()) - settled),
        downloads=sum(outcome.downloads for outcome in tally.outcomes),
        not_modified=sum(outcome.not_modified for outcome in tally.outcomes),
        parsed_again=sum(outcome.parsed_again for outcome in tally.outcomes),
        failures=tuple(
            standing.failures[page] for page in sorted(failed & standing.failures.keys())
        ),
        is_interrupted=_is_interrupted(crawl) or _is_interrupted(build),
        # Where the crawl came to its end, its failures say it page by page.
        crawl_error=_error_of(crawl) if not tally.came_to_its_end else None,
        table_error=_error_of(build),
        table=table,
        rows=built.rows if kind_of(table) else None,
        duplicates=built.duplicates,
        merged=built.merged,
        row_notes=built.row_notes,
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
