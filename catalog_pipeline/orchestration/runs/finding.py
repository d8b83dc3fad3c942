"""Whether a run looks for pages that nobody knows of yet, and what it does with what it found.

How it looks is in `crawling.scheduling.open_search`. A run says in a tag that it looks, so that
its retries and re-executions do so too, and take the pages that it had found.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.left_over import left_over
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.scheduling.open_search import OpenSearch
from catalog_pipeline.orchestration.checkpoints.known_pages import remove_found_pages
from catalog_pipeline.orchestration.checkpoints.reader import checkpoints_of, pages_named
from catalog_pipeline.orchestration.checkpoints.wipes import WipeTimes
from catalog_pipeline.orchestration.checkpoints.writer import EventRecorder
from catalog_pipeline.orchestration.names import LOOKS_BEYOND_TAG, pages_key
from catalog_pipeline.orchestration.runs.run_config import CrawlConfig, cut_off_of_run
from catalog_pipeline.records import ListingFindings
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
    if catalogue.open_length is None:
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
) -> OpenSearch | None:
    """The search of a run that looks for pages."""
    if catalogue.open_length is None:
        return None
    instance, key = context.instance, pages_key(catalogue)
    recorded = pages_named(catalogue, instance.get_materialized_partitions(key)).values()
    others = checkpoints_of(instance, key, set(recorded) - set(catalogue.pages))
    left = left_over(
        catalogue,
        others,
        store,
        cut_off_of_run(context, catalogue, config),
        WipeTimes(instance, catalogue),
        datetime.now(timezone.utc),
    )
    return OpenSearch(
        catalogue.open_length,
        catalogue.pages,
        [page for page, _ in plan.due],
        window=catalogue.politeness.concurrency,
        left=left,
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
