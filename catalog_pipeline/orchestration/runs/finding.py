"""Whether a run looks for pages that nobody knows of yet, and by which search.

How it looks is in the searches of `crawling.scheduling`, what becomes of what it found in `found`.
A run says in a tag that it looks, so that its retries and re-executions do so too, and take the
pages that it had found.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.length import LinkedLength, ToldLength
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.left_over import left_over
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.scheduling.linked_search import LinkedSearch
from catalog_pipeline.crawling.scheduling.open_search import OpenSearch
from catalog_pipeline.crawling.scheduling.page_source import PageSource
from catalog_pipeline.crawling.scheduling.several_listings import SeveralListings
from catalog_pipeline.crawling.scheduling.told_search import ToldSearch
from catalog_pipeline.errors import PageKeyError
from catalog_pipeline.orchestration.checkpoints.reader import (
    checkpoints_of,
    pages_named,
    read_checkpoints,
)
from catalog_pipeline.orchestration.checkpoints.wipes import WipeTimes
from catalog_pipeline.orchestration.names import LOOKS_BEYOND_TAG, pages_key
from catalog_pipeline.orchestration.runs.run_config import CrawlConfig, cut_off_of_run
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.store import Store


@dataclass(frozen=True)
class Scope:
    """The pages of a run, and whether it looks for more."""

    pages: Sequence[PageKey]
    looks: frozenset[str | None] = frozenset()
    """The listings of which it looks for more; empty if it does not."""


def scope_of_run(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    pages: Sequence[PageKey],
    asked: bool | None,
    new: frozenset[str | None] = frozenset(),
) -> Scope:
    """What a run is about; `asked` is whether its config wants it to look, None if it is silent.

    Of `new` listings nobody knew when it, or the run that it is a retry of, began.

    Without a word it looks if it has the last page that is known, so that a rerun of another page
    alone does not crawl on.
    """
    views = [view for view in catalogue.by_listing() if view.found_length is not None]
    beyond = _beyond(context.instance, context.run)
    if beyond is not None:
        numbers = {page.listing: page.number for page in beyond}
        later = [
            page
            for view in views
            for page in view.pages
            if page.number > numbers.get(page.listing, page.number)
        ]
        names = {view.all_listings[0].name for view in views}
        return Scope(sorted({*pages, *later}), frozenset(numbers) | (new & names))
    looked_at = _looked_at(views, pages, asked)
    if looked_at:
        tags = {LOOKS_BEYOND_TAG: ",".join(map(str, looked_at))}
        context.instance.add_run_tags(context.run.run_id, tags)
    return Scope(pages, frozenset(page.listing for page in looked_at))


def may_look(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    pages: Iterable[PageKey],
    asked: bool | None,
) -> bool:
    """Whether a run over these pages is one that looks for more."""
    if catalogue.is_fixed:
        return False
    views = [view for view in catalogue.by_listing() if view.found_length is not None]
    is_looking = _beyond(context.instance, context.run) is not None
    return is_looking or bool(_looked_at(views, pages, asked))


def _looked_at(
    views: Iterable[Catalogue], pages: Iterable[PageKey], asked: bool | None
) -> list[PageKey]:
    """The last known pages of the listings of which a run over these pages looks for more."""
    wanted = set(pages)
    lasts = [view.pages[-1] for view in views if view.pages]
    return [last for last in lasts if (asked if asked is not None else last in wanted)]


def search_for_pages(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    plan: CrawlPlan,
    store: Store,
    config: CrawlConfig,
    recorded: Sequence[StoredPage],
    *,
    looks: frozenset[str | None],
) -> PageSource | None:
    """What tells a crawl its pages besides those that are due; None if there is nothing to tell.

    `recorded` are the pages that the run has recorded already, `looks` the listings of which it
    looks for more.
    """
    left = _left_over(context, catalogue, store, config) if looks else {}
    searches: dict[str | None, PageSource] = {}
    for view in catalogue.by_listing():
        name = view.all_listings[0].name
        found = _search_in_one(context, view, plan, recorded, _of(name, left), name in looks)
        searches[name] = found or PageSource()
        if not catalogue.has_named_listings:
            return found
    return SeveralListings(searches, [page for page, _ in plan.due])


def _of(listing: str | None, pages: Mapping[PageKey, StoredPage]) -> dict[PageKey, StoredPage]:
    return {page: stored for page, stored in pages.items() if page.listing == listing}


def _search_in_one(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    plan: CrawlPlan,
    recorded: Sequence[StoredPage],
    left: Mapping[PageKey, StoredPage],
    looks: bool,
) -> PageSource | None:
    """The search for the pages of the only listing of a catalogue."""
    name = catalogue.all_listings[0].name
    rules, due = catalogue.found_length, [page for page, _ in plan.due if page.listing == name]
    if isinstance(rules, LinkedLength):
        checkpoints = read_checkpoints(context.instance, catalogue, catalogue.pages)
        return LinkedSearch(
            rules,
            catalogue.pages,
            due,
            version=catalogue.telling_version or "",
            first_path=catalogue.path_of_address(catalogue.page_path(catalogue.first_key)),
            path_of=lambda record: catalogue.path_of_address(record.asked_at or record.url),
            recorded=checkpoints | _of(name, {stored.record.page: stored for stored in recorded}),
            looks=looks,
            left=left,
        )
    if rules is None or not looks:
        return None
    if isinstance(rules, ToldLength):
        done = [*plan.others, *plan.carried_over, *recorded]
        first = [each.record for each in done if each.record.page == catalogue.first_key]
        told = first[-1].told if first else None
        is_current = told is not None and told.by == catalogue.telling_version
        return ToldSearch(rules, catalogue.pages, due, told=told if is_current else None, left=left)
    window = catalogue.politeness.concurrency
    return OpenSearch(rules, catalogue.pages, due, window=window, left=left)


def _left_over(
    context: dg.AssetExecutionContext, catalogue: Catalogue, store: Store, config: CrawlConfig
) -> dict[PageKey, StoredPage]:
    """Pages that the catalogue does not have yet, and that need no download."""
    instance, key = context.instance, pages_key(catalogue)
    recorded = pages_named(catalogue, instance.get_materialized_partitions(key)).values()
    others = checkpoints_of(instance, tuple(key.path), set(recorded) - set(catalogue.pages))
    return left_over(
        catalogue,
        others,
        store,
        cut_off_of_run(context, catalogue, config),
        WipeTimes(instance, catalogue),
        datetime.now(timezone.utc),
    )


def _beyond(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[PageKey] | None:
    """The last pages that were known when the first of a run and its ancestors began to look."""
    root = instance.get_run_by_id(run.root_run_id) if run.root_run_id else None
    found = (_pages(each.tags) for each in (root, run) if each is not None)
    return next((pages for pages in found if pages is not None), None)


def _pages(tags: Mapping[str, str]) -> list[PageKey] | None:
    try:
        return [PageKey.parse(text) for text in tags.get(LOOKS_BEYOND_TAG, "").split(",")]
    except PageKeyError:
        return None
