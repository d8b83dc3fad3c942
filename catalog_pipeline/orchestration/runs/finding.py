"""Whether a run looks for pages that nobody knows of yet, and what it does with what it found.

How it looks is in the searches of `crawling.scheduling`. A run says in a tag that it looks, so that
its retries and re-executions do so too, and take the pages that it had found.
"""

from collections.abc import Mapping, Sequence
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
from catalog_pipeline.crawling.scheduling.told_search import ToldSearch
from catalog_pipeline.orchestration.checkpoints.known_pages import remove_found_pages
from catalog_pipeline.orchestration.checkpoints.reader import (
    checkpoints_of,
    pages_named,
    read_checkpoints,
)
from catalog_pipeline.orchestration.checkpoints.wipes import WipeTimes
from catalog_pipeline.orchestration.checkpoints.writer import EventRecorder
from catalog_pipeline.orchestration.names import LOOKS_BEYOND_TAG, pages_key
from catalog_pipeline.orchestration.runs.run_config import CrawlConfig, cut_off_of_run
from catalog_pipeline.records import ListingFindings, StoredPage
from catalog_pipeline.storing.store import Store


@dataclass(frozen=True)
class Scope:
    """The pages of a run, and whether it looks for more."""

    pages: Sequence[PageKey]
    looks: bool = False


def scope_of_run(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    pages: Sequence[PageKey],
    asked: bool | None,
) -> Scope:
    """What a run is about; `asked` is whether its config wants it to look, None if it is silent.

    Without a word it looks if it has the last page that is known, so that a rerun of another page
    alone does not crawl on.
    """
    if catalogue.found_length is None:
        return Scope(pages)
    known = catalogue.pages
    beyond = _beyond(context.instance, context.run)
    if beyond is not None:
        later = [page for page in known if page.number > beyond]
        return Scope(sorted({*pages, *later}), looks=True)
    looks = asked if asked is not None else known[-1] in set(pages)
    if looks:
        tags = {LOOKS_BEYOND_TAG: str(known[-1].number)}
        context.instance.add_run_tags(context.run.run_id, tags)
    return Scope(pages, looks)


def search_for_pages(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    plan: CrawlPlan,
    store: Store,
    config: CrawlConfig,
    recorded: Sequence[StoredPage],
    *,
    looks: bool,
) -> PageSource | None:
    """What tells a crawl its pages besides those that are due; None if there is nothing to tell.

    `recorded` are the pages that the run has recorded already.
    """
    rules, due = catalogue.found_length, [page for page, _ in plan.due]
    if isinstance(rules, LinkedLength):
        checkpoints = read_checkpoints(context.instance, catalogue, catalogue.pages)
        return LinkedSearch(
            rules,
            catalogue.pages,
            due,
            version=catalogue.telling_version or "",
            first_path=catalogue.path_of_address(catalogue.page_path(catalogue.first_key)),
            path_of=lambda record: catalogue.path_of_address(record.asked_at or record.url),
            recorded=checkpoints | {stored.record.page: stored for stored in recorded},
            looks=looks,
            left=_left_over(context, catalogue, store, config) if looks else {},
        )
    if rules is None or not looks:
        return None
    left = _left_over(context, catalogue, store, config)
    if isinstance(rules, ToldLength):
        done = [*plan.others, *recorded]
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
    others = checkpoints_of(instance, key, set(recorded) - set(catalogue.pages))
    return left_over(
        catalogue,
        others,
        store,
        cut_off_of_run(context, catalogue, config),
        WipeTimes(instance, catalogue),
        datetime.now(timezone.utc),
    )


def record_findings(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    findings: ListingFindings,
    recorder: EventRecorder,
) -> None:
    """Let pages that are gone leave the catalogue, and record its end.

    In this order: a crawl that dies between the two looks for the end again.
    """
    if findings.gone:
        remove_found_pages(context.instance, catalogue, pages_key(catalogue), findings.gone)
    if findings.end is not None:
        recorder.record_end(findings.end)


def _beyond(instance: dg.DagsterInstance, run: dg.DagsterRun) -> int | None:
    """The last page that was known when the first of a run and its ancestors began to look."""
    root = instance.get_run_by_id(run.root_run_id) if run.root_run_id else None
    found = (_number(each.tags) for each in (root, run) if each is not None)
    return next((number for number in found if number is not None), None)


def _number(tags: Mapping[str, str]) -> int | None:
    text = tags.get(LOOKS_BEYOND_TAG, "")
    return int(text) if text.isascii() and text.isdigit() else None
