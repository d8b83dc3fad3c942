"""What a run asks of the crawl: its config, its pages, and what of them is due.

The other way round, from a set of pages to a run, is in `run_request`. Dagster inspects the
annotations of config classes, so there is no `from __future__ import annotations` here.
"""

from collections.abc import Sequence
from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import check_pages, page_ranges, select_pages
from catalog_pipeline.crawling.plan import CrawlPlan, CutOff, parse_cutoff, plan_crawl
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints, run_created_at
from catalog_pipeline.orchestration.checkpoints.wipes import WipeTimes
from catalog_pipeline.storing.store import Store


class CrawlConfig(dg.Config):
    """What may be said about a crawl in its run's config.

    `cutoff`: ISO 8601 time with zone; pages fetched at or after it are not downloaded again.
    `pages`: a set of pages such as `7,9,12-15` for a run without partition tags.
    `reparse`: parse the stored bodies again instead of downloading.
    """

    cutoff: str | None = None
    pages: str | None = None
    reparse: bool = False


def pages_of_run(
    context: dg.AssetExecutionContext, catalogue: Catalogue, config: CrawlConfig
) -> list[PageKey]:
    """The pages of a run: those of its config, of its partitions, or all.

    Raises:
        UsageError: the catalogue does not have one of them.
    """
    if config.pages is not None:
        return select_pages(catalogue, config.pages)
    if context.has_partition_key or context.has_partition_key_range:
        pages = [PageKey.parse(key) for key in context.partition_keys]
        check_pages(catalogue, page_ranges(pages))
        return pages
    return list(catalogue.pages)


def plan_run(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    config: CrawlConfig,
    store: Store,
    pages: Sequence[PageKey],
) -> CrawlPlan:
    """What is to be done about each of the run's pages.

    Raises:
        UsageError: the cut-off in the config is no time.
    """
    checkpoints = read_checkpoints(context.instance, catalogue, pages)
    if config.reparse:
        return CrawlPlan((), (), tuple((page, checkpoints.get(page)) for page in pages), ())
    if config.cutoff is not None:
        cut_off = CutOff(parse_cutoff(config.cutoff), is_explicit=True)
    else:
        cut_off = CutOff(run_created_at(context.instance, context.run, catalogue))
    wiped_at = WipeTimes(context.instance, catalogue)
    now = datetime.now(timezone.utc)
    return plan_crawl(catalogue, pages, checkpoints, store, cut_off, wiped_at, now=now)
