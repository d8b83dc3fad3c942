"""A crawl and a build in this process: plan, crawl, build, count. The catalogue's lock is held.

Nothing of the terminal is known here: whoever looks on comes in as a `Spectator`, and the result
goes back in numbers. What there is to do is in `todo`, the result in `summing`; how a run of
Dagster is executed is in `in_process`, and a request that needs none of it in `nothing_due`.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from dagster import DagsterInstance, DagsterRunStatus

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.lock import COMMAND, CRAWL_LOCK
from catalog_pipeline.crawling.observers import Together
from catalog_pipeline.orchestration.checkpoints.known_pages import seed_pages, with_known_pages
from catalog_pipeline.orchestration.checkpoints.other_history import tell_other_history
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
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
from catalog_pipeline.orchestration.commands.summing import Tally, is_interrupted, sum_up
from catalog_pipeline.orchestration.commands.todo import Todo, todo_of, unusable_pages
from catalog_pipeline.orchestration.instance.host_leases import (
    crawlers_of,
    lease_name,
    lease_of_hosts,
)
from catalog_pipeline.orchestration.instance.lease_shares import WHOLE, Share
from catalog_pipeline.orchestration.runs.refusals import (
    FinishedBuild,
    standing_refusal,
    why_refused,
)
from catalog_pipeline.tables.build import lack_of_coverage


@dataclass(frozen=True)
class _Built:
    """The run that built the table, and why none builds it now though it is not of today."""

    run: LocalRun | None = None
    waits: str | None = None


@dataclass(frozen=True)
class _Work:
    """What the stages of one request share."""

    instance: DagsterInstance
    request: CrawlRequest
    spectator: Spectator
    tally: Tally
    share: Share

    def crawl(
        self,
        todo: Todo,
        cutoff: datetime | None,
        context: CrawlContext,
        *,
        reparse: bool = False,
    ) -> LocalRun:
        self.tally.came_to_its_end = False
        is_parsing = reparse or not (todo.due or todo.finds)
        if todo.finds:
            self._tell_what_is_found()
        if not is_parsing:
            self.spectator.parses_again(len(todo.to_parse))
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

    @contextmanager
    def leased(self, context: CrawlContext) -> Iterator[CrawlContext]:
        """The context of a crawl that no other machine is in the way of, beside the lock in it."""
        name = lease_name(self.request.catalogue.name, CRAWL_LOCK)
        tell = context.observer.waiting_for
        with lease_of_hosts(
            self.instance, context.lease, name, COMMAND, self.share, on_wait=tell
        ) as lease:
            yield replace(context, lease=lease)

    def _tell_what_is_found(self) -> None:
        catalogue = with_known_pages(self.instance, self.request.catalogue)
        lengths = [listing.found_length for listing in catalogue.all_listings]
        kinds = dict.fromkeys(length.kind for length in lengths if length is not None)
        self.spectator.looks_further(list(kinds), discovers=catalogue.discover is not None)

    def build(self) -> _Built:
        """Build the table unless the one that is there would come out again, or must wait."""
        catalogue = self.request.catalogue
        if why_outdated(self.instance, catalogue) is None:
            return _Built()
        if (why := self._why_table_waits()) is not None:
            return _Built(waits=why)
        if (refusal := standing_refusal(self.instance, catalogue)) is not None:
            return _Built(_refused_before(self.instance, catalogue, refusal))
        self.spectator.table_starts(damage_of_last_table(self.instance, catalogue))
        return _Built(build_table_here(self.instance, catalogue))

    def _why_table_waits(self) -> str | None:
        """What a first table lacks yet; None if there is one, or all pages were asked for.

        Whoever asks for a part of a new catalogue's pages has not asked for its table. Others that
        crawl other pages meanwhile build it when they come to their end.
        """
        catalogue = self.request.catalogue
        if self.share.pages is not None and (others := crawlers_of(self.instance, catalogue.name)):
            return f"it is built once {others[0].told} has ended"
        if self.request.is_whole or read_last_build(self.instance, catalogue) is not None:
            return None
        known = with_known_pages(self.instance, catalogue)
        lack = lack_of_coverage(known, checkpoint_count(self.instance, known))
        return None if lack is None else f"{lack}: there is no table yet"


def _refused_before(
    instance: DagsterInstance, catalogue: Catalogue, refusal: FinishedBuild
) -> LocalRun:
    """The run that was refused, for one that would be."""
    told = (
        f"{why_refused(instance, refusal)}\nNothing is new since it was refused ({refusal.told}), "
        f"so that it was not built again; it is when a page has come or the YAML was edited"
    )
    if checkpoint_count(instance, with_known_pages(instance, catalogue)):
        told += f", or by: catalog-pipeline run {catalogue.name} --reparse"
    failed = DagsterRunStatus.FAILURE
    return LocalRun(refusal.run_id, failed, told, was_interrupted=False)


def crawl_and_build(
    instance: DagsterInstance,
    request: CrawlRequest,
    spectator: Spectator,
    crawl_context: CrawlContext,
) -> CrawlResult:
    """Crawl what is due of the request, build the table, and sum it up.

    Where other machines share the instance, it is waited until none of them crawls the catalogue,
    or the pages that are asked for.
    """
    tally = Tally()
    observer = Together([crawl_context.observer, tally, spectator])
    work = _Work(instance, request, spectator, tally, _share_of(request))
    with ExitStack() as leased:
        return _crawl_and_build(work, replace(crawl_context, observer=observer), leased)


def _share_of(request: CrawlRequest) -> Share:
    """The pages of a request that is for some alone, where others may crawl others meanwhile."""
    at_once = request.catalogue.runs_at_once
    if at_once == 1 or request.pages is None or request.is_whole:
        return WHOLE
    return Share(frozenset(request.pages), at_once)


def _crawl_and_build(work: _Work, lock: CrawlContext, leased: ExitStack) -> CrawlResult:
    """With a lease until the end of `leased`, or until the pages have come that it is of."""
    instance, request, spectator, tally = work.instance, work.request, work.spectator, work.tally
    context = leased.enter_context(work.leased(lock))
    seed_pages(instance, request.catalogue)
    before = read_standing(instance, request.catalogue, request.cutoff)
    if (elsewhere := tell_other_history(instance, request.catalogue)) is not None:
        spectator.found_other_history(elsewhere)
    todo = todo_of(request, before, spectator)
    # Of no more use, and as much memory as a build needs for all else.
    before = replace(before, checkpoints={})
    crawl = None
    if todo.pages or todo.finds:
        crawl = work.crawl(todo, request.cutoff, context, reparse=request.reparse)
    if work.share != WHOLE:
        # Of several that come to their end, the last one finds that no other crawls any more.
        leased.close()
    build = _Built() if is_interrupted(crawl) else work.build()
    built = read_last_build(instance, request.catalogue)
    unusable = unusable_pages(request, before, built, tally.refused)
    has_ended = crawl is None or tally.came_to_its_end
    if unusable and has_ended and not is_interrupted(crawl) and not is_interrupted(build.run):
        # Once: what is of no use after this download too is told, and tried by the next command.
        spectator.found_damaged(reason for reason in unusable.values() if reason)
        # The workers that were started early have ended with the first crawl, if there was one.
        leasing = work.leased(lock) if work.share != WHOLE else nullcontext(context)
        with leasing as context:
            now, alone = datetime.now(timezone.utc), replace(context, workforce=None)
            crawl = work.crawl(Todo(frozenset(unusable)), now, alone)
        again = _Built() if is_interrupted(crawl) else work.build()
        build = again if again.run is not None else replace(again, run=build.run)
        built = read_last_build(instance, request.catalogue)
    # A build changes nothing about the pages.
    after = before if crawl is None else read_standing(instance, request.catalogue, since=before)
    untouched = set() if request.reparse else request.wanted(before.pages) - todo.pages
    settled = after.landed | untouched
    result = sum_up(request, tally, after, settled, crawl, build.run, built or LastBuild())
    return replace(result, table_waits=build.waits)
