"""Whether a run asks the site for its listings, and what it does about those that are new or gone.

How the site is asked is in `crawling.discovering`. A run says in a tag which listings were known
before it asked, so that its retries and re-executions take all pages of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING

import dagster as dg

from catalog_pipeline.catalogue.discovered import Discover, FoundListing
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.watched_call import call_watched
from catalog_pipeline.errors import DiscoveryError, PageError
from catalog_pipeline.orchestration.checkpoints.known_listings import (
    KnownListings,
    metadata_of_listings,
    metadata_of_problem,
    read_listings,
)
from catalog_pipeline.orchestration.checkpoints.known_pages import (
    drop_stand_in,
    remove_found_pages,
    seed_pages,
    with_known_pages,
)
from catalog_pipeline.orchestration.instance.batch_events import StepEvents
from catalog_pipeline.orchestration.names import DISCOVERS_TAG, listings_key, pages_key
from catalog_pipeline.orchestration.runs.order import take_page_for_stand_in
from catalog_pipeline.orchestration.runs.run_config import CrawlConfig, cut_off_of_run
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import CrawlOutcome
from catalog_pipeline.showing import as_line

if TYPE_CHECKING:
    from catalog_pipeline.crawling.discovering import Discovery


@dataclass(frozen=True)
class Discovered:
    """A catalogue with the listings and pages that it has now.

    `new` are listings that were not known when the run, or the one that it is a retry of, began;
    `problem` says why the site could not be asked.
    """

    catalogue: Catalogue
    new: frozenset[str | None] = frozenset()
    problem: str = ""

    def pages_of_run(self, own: Iterable[PageKey]) -> list[PageKey]:
        """What a run is to get: those of its own pages that are left, and all of new listings."""
        if not self.catalogue.is_discovered:
            return list(own)
        known = self.catalogue.pages
        more = (page for page in known if page.listing in self.new)
        return sorted({*(set(own) & set(known)), *more})

    def added_to(self, outcome: CrawlOutcome) -> CrawlOutcome:
        """What a crawl came to, with the problem."""
        if not self.problem:
            return outcome
        findings = outcome.listing
        told = replace(findings, problems=(self.problem, *findings.problems))
        return replace(outcome, listing=told)


def discover_for_run(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    config: CrawlConfig,
    own: Iterable[PageKey],
    crawl_context: CrawlContext,
    must_stop: Callable[[], bool],
) -> Discovered:
    """Ask the site for its listings, if the run is one that does; `own` are its pages.

    Where listings are known, the crawl of these goes on if the site cannot be asked.

    Raises:
        DiscoveryError: the site does not say which listings it has, and none is known.
        dg.DagsterExecutionInterruptedError: the crawl was asked to stop.
    """
    rule, instance = catalogue.discover, context.instance
    if rule is None or not asks_for_listings(context, catalogue, config, own):
        return Discovered(catalogue)
    known = read_listings(instance, catalogue)
    names = {str(each.name) for each in catalogue.all_listings}
    before = _known_before(instance, context.run)
    if before is None:
        before = names
        instance.add_run_tags(context.run.run_id, {DISCOVERS_TAG: ",".join(sorted(names))})
    problem = ""
    if not _is_known_since(known, rule, cut_off_of_run(context, catalogue, config).instant):
        try:
            _discover(context, catalogue, rule, known, crawl_context, must_stop)
        except DiscoveryError as error:
            problem = str(error)
            _record_problem(context, catalogue, problem, crawl_context)
            if not names:
                raise
    catalogue = with_known_pages(instance, catalogue)
    if catalogue.pages:
        take_page_for_stand_in(instance, context.run, catalogue.pages[0])
        drop_stand_in(instance, catalogue)
    now = {str(each.name) for each in catalogue.all_listings}
    return Discovered(catalogue, frozenset(now - before), problem)


def asks_for_listings(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    config: CrawlConfig,
    own: Iterable[PageKey],
) -> bool:
    """Whether a run asks: if one that it is a retry of did, or as its config wants it; else if it
    has the last page of each listing."""
    if catalogue.discover is None or config.reparse:
        return False
    if _known_before(context.instance, context.run) is not None:
        return True
    if config.finds is not None:
        return config.finds
    wanted = set(own)
    views = catalogue.by_listing()
    return all(not view.pages or view.pages[-1] in wanted for view in views)


def _known_before(instance: dg.DagsterInstance, run: dg.DagsterRun) -> set[str] | None:
    """The listings that were known when the first of a run and its ancestors asked; None if none
    of them did."""
    root = instance.get_run_by_id(run.root_run_id) if run.root_run_id else None
    for each in (root, run):
        if each is not None and DISCOVERS_TAG in each.tags:
            return set(filter(None, each.tags[DISCOVERS_TAG].split(",")))
    return None


def _is_known_since(known: KnownListings | None, rule: Discover, instant: datetime) -> bool:
    """Whether what is recorded is as fresh as a run wants it."""
    if known is None or known.problem or known.version != rule.version:
        return False
    return known.found_at >= instant


def _discover(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    rule: Discover,
    known: KnownListings | None,
    crawl_context: CrawlContext,
    must_stop: Callable[[], bool],
) -> None:
    """Ask the site and record what it says: pages of listings that are gone leave first, so that a
    crawl that dies in between asks again."""
    # It brings requests along, which runs that do not ask do not wait for.
    from catalog_pipeline.crawling.discovering import Discovery, discover

    context.log.info(as_line(f"Asking {catalogue.first_address} for the listings."))
    places = catalogue_places(catalogue.name)
    known_before = known.listings if known and known.version == rule.version else ()
    names = frozenset(each.name for each in known_before)
    with crawl_context.serve(catalogue) as served:
        ask = partial(discover, served, rule, places, names)
        try:
            found = call_watched(ask, served, places, crawl_context.lease, must_stop=must_stop)
        except PageError as error:
            url = served.absolute(rule.place)
            raise DiscoveryError(error.problem, url=url) from error
    if not isinstance(found, Discovery):
        raise dg.DagsterExecutionInterruptedError
    gone = sorted(names - {each.name for each in found.listings})
    _check_shrinking(catalogue, rule, known_before, gone)
    lost = [page for page in catalogue.pages if page.listing in gone]
    if lost:
        # Until the others are recorded, whoever comes next is to ask again.
        problem = f"pages of {', '.join(gone)} are about to leave"
        _record_problem(context, catalogue, problem, crawl_context)
        key = pages_key(catalogue)
        crawl_context.fence(lambda: remove_found_pages(context.instance, catalogue, key, lost))
    _record(context, catalogue, rule, found, crawl_context)
    _tell(context, known_before, gone, found)
    seed_pages(context.instance, catalogue)


def _check_shrinking(
    catalogue: Catalogue, rule: Discover, known: tuple[FoundListing, ...], gone: list[str]
) -> None:
    """Refuse to let go of more listings, or of more pages, than may be gone at once."""
    pages = catalogue.pages
    lost = sum(page.listing in gone for page in pages)
    if len(gone) <= rule.may_lose * len(known) and lost <= rule.may_lose * len(pages):
        return
    raise DiscoveryError(
        f"the listings {', '.join(gone)} seem to be gone: {len(gone)} of {len(known)}, with {lost} "
        f"of {len(pages)} pages, more than discover.shrink ({rule.may_lose:.0%}) allows; nothing "
        f"was changed",
        url=catalogue.absolute(rule.place),
    )


def _record(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    rule: Discover,
    found: Discovery,
    crawl_context: CrawlContext,
) -> None:
    events = StepEvents(context, crawl_context.fence)
    now = datetime.now(timezone.utc)
    what = dg.AssetMaterialization(
        listings_key(catalogue), metadata=metadata_of_listings(found.listings, rule.version, now)
    )
    events.store([events.materialized(what, f"The site names {len(found.listings)} listings.")])


def _record_problem(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    problem: str,
    crawl_context: CrawlContext,
) -> None:
    events = StepEvents(context, crawl_context.fence)
    what = dg.AssetObservation(
        listings_key(catalogue), metadata=metadata_of_problem(as_line(problem))
    )
    events.store([events.observed(what, "The listings could not be discovered.")])


def _tell(
    context: dg.AssetExecutionContext,
    known: Iterable[FoundListing],
    gone: list[str],
    found: Discovery,
) -> None:
    before = {each.name for each in known}
    new = [each.name for each in found.listings if each.name not in before]
    told = f"{found.addresses:,} addresses were looked at, {len(found.listings)} are listings"
    parts = [told, *(["new: " + ", ".join(new)] if new else [])]
    parts += ["gone: " + ", ".join(gone)] if gone else []
    context.log.info(as_line("; ".join(parts) + "."))
