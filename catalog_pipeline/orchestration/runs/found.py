"""What a run makes of what it found out of its listings, and of what a run before it had doubted.

Whether a run looks, and how, is in `finding`.
"""

from collections.abc import Sequence, Set
from dataclasses import replace

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.ports import Fence
from catalog_pipeline.orchestration.checkpoints.ends import doubted_pages, read_end
from catalog_pipeline.orchestration.checkpoints.known_pages import (
    remove_found_pages,
    sort_found_pages,
    with_known_pages,
)
from catalog_pipeline.orchestration.checkpoints.writer import EventRecorder
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline.records import ListingFindings, StoredPage


def record_findings(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    findings: ListingFindings,
    recorder: EventRecorder,
    looks: frozenset[str | None],
    fence: Fence,
) -> None:
    """Let pages that are gone leave the catalogue, and record its end.

    In this order: a crawl that dies between the two looks for the end again. Of the listings where
    it `looks` in vain the end that was known is in doubt.
    """
    instance = context.instance
    if findings.gone:
        key = pages_key(catalogue)
        fence(lambda: remove_found_pages(instance, catalogue, key, findings.gone))
    if looks:
        fence(lambda: sort_found_pages(instance, catalogue))
    ends = findings.ends if findings.end is None else (findings.end,)
    for end in ends:
        recorder.record_end(end)
    if findings.problems:
        in_vain = looks - {end.page.listing for end in ends}
        _doubt_ends(instance, catalogue, in_vain, findings.doubted, recorder)


def _doubt_ends(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    listings: Set[str | None],
    doubted: Sequence[PageKey],
    recorder: EventRecorder,
) -> None:
    for view in with_known_pages(instance, catalogue).by_listing():
        of_view = [page for page in doubted if page.listing == view.all_listings[0].name]
        known = read_end(instance, view, view.pages)
        if of_view or (known is not None and known.page.listing in listings):
            recorder.doubt_end(view.pages[-1], of_view)


def with_doubted_pages(
    instance: dg.DagsterInstance, catalogue: Catalogue, plan: CrawlPlan, looks: Set[str | None]
) -> CrawlPlan:
    """The plan of a run that looks for pages, in which those that seemed to be gone are due: that
    nothing is behind them says nothing of them."""
    if not looks:
        return plan
    done = {stored.record.page: stored for stored in (*plan.carried_over, *plan.others)}
    doubted = doubted_pages(instance, catalogue, done) & done.keys()
    again = [page for page in sorted(doubted) if page.listing in looks]
    if not again:
        return plan
    carried_over, others = (
        tuple(stored for stored in kept if stored.record.page not in again)
        for kept in (plan.carried_over, plan.others)
    )
    return replace(
        plan,
        carried_over=carried_over,
        others=others,
        due=tuple(sorted([*plan.due, *((page, done[page]) for page in again)], key=_page)),
    )


def _page(due: tuple[PageKey, StoredPage | None]) -> PageKey:
    return due[0]
