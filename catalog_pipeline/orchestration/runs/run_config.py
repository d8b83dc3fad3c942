"""What a run asks of the crawl: its config, its pages, and what of them is due.

The other way round, from a set of pages to a run, is in `run_request`. Dagster inspects the
annotations of config classes, so there is no `from __future__ import annotations` here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import cache

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import check_pages, page_ranges, select_pages
from catalog_pipeline.crawling.plan import CrawlPlan, CutOff, parse_cutoff, plan_crawl
from catalog_pipeline.errors import UsageError
from catalog_pipeline.orchestration.checkpoints.reader import (
    pages_named,
    read_checkpoints,
    run_created_at,
)
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.checkpoints.unreadable import unreadable_pages
from catalog_pipeline.orchestration.checkpoints.wipes import WipeTimes
from catalog_pipeline.orchestration.instance.lease_shares import Share
from catalog_pipeline.orchestration.names import (
    DISCOVER_PARTITION,
    PARTITION_TAG,
    RANGE_START_TAG,
)
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.store import Store

_MOST_NAMED = 5


class CrawlConfig(dg.Config):
    """What may be said about a crawl in its run's config.

    `cutoff`: ISO 8601 time with zone; pages fetched at or after it are not downloaded again.
    `pages`: a set of pages such as `7,9,12-15` for a run without partition tags.
    `reparse`: parse the stored bodies again instead of downloading.
    `finds`: look for pages that nobody knows of yet, or do not; without it a run over the last one
    that is known does.
    `parse_again`: pages that are parsed again besides, without a download, if another YAML parsed
    them; without it all that are done.
    """

    cutoff: str | None = None
    pages: str | None = None
    reparse: bool = False
    finds: bool | None = None
    parse_again: str | None = None


def pages_of_run(
    context: dg.AssetExecutionContext, catalogue: Catalogue, config: CrawlConfig
) -> list[PageKey]:
    """The pages of a run: those of its config, of its partitions, or all.

    Raises:
        UsageError: the catalogue does not have one of them.
    """
    if config.pages is not None:
        return _selected(catalogue, config.pages)
    if has_range_of_pages(context):
        keys = context.partition_keys
        if not keys:
            raise UsageError(f"{catalogue.name}: the run's range of pages is empty by now.")
        pages = list(pages_named(catalogue, keys).values())
        if not catalogue.is_fixed:
            known = frozenset(catalogue.pages)
            pages = [page for page in pages if page in known]
        if not pages and set(keys) != {DISCOVER_PARTITION}:
            raise UsageError(
                f"{catalogue.name}: no crawl has found {', '.join(keys[:_MOST_NAMED])}; delete "
                f"what was added by hand (the asset's partitions in the web UI)."
            )
        check_pages(catalogue, page_ranges(pages))
        return pages
    return list(catalogue.pages)


def has_range_of_pages(context: dg.AssetExecutionContext) -> bool:
    """Whether a run has partitions that Dagster announced; what stands for all listings is none.

    It may be gone since the run was launched, by another run that has discovered them.
    """
    tags = context.run.tags
    stands_for_all = tags.get(RANGE_START_TAG, tags.get(PARTITION_TAG)) == DISCOVER_PARTITION
    is_ranged = context.has_partition_key or context.has_partition_key_range
    return is_ranged and not stands_for_all


def plan_run(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    config: CrawlConfig,
    store: Store,
    pages: Sequence[PageKey],
    share: Share,
) -> CrawlPlan:
    """What is to be done about each of the run's pages, and about those that it parses besides,
    as far as they are within its share.

    Raises:
        UsageError: the cut-off in the config is no time, or a page of it is none.
    """
    checkpoints = read_checkpoints(context.instance, catalogue, catalogue.pages)
    if config.reparse:
        stored = [checkpoints[page] for page in pages if page in checkpoints]
        return CrawlPlan((), (), (), (), to_parse=tuple(stored))
    cut_off = cut_off_of_run(context, catalogue, config)
    wiped_at = WipeTimes(context.instance, catalogue)
    besides = _parsed_besides(context.instance, catalogue, config, checkpoints) - set(pages)
    besides = besides if share.pages is None else besides & share.pages
    return plan_crawl(
        catalogue,
        [*pages, *sorted(besides)],
        checkpoints,
        store,
        cut_off,
        wiped_at,
        _unreadable(context.instance, catalogue),
        at_any_age=besides,
        now=datetime.now(timezone.utc),
    )


def cut_off_of_run(
    context: dg.AssetExecutionContext, catalogue: Catalogue, config: CrawlConfig
) -> CutOff:
    """From when on a page that was fetched is not downloaded again by a run.

    Raises:
        UsageError: the cut-off in the config is no time.
    """
    if config.cutoff is not None:
        return CutOff(parse_cutoff(config.cutoff), is_explicit=True)
    return CutOff(run_created_at(context.instance, context.run, catalogue))


def _parsed_besides(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    config: CrawlConfig,
    checkpoints: Mapping[PageKey, StoredPage],
) -> set[PageKey]:
    """The pages that the config names, or all that stand in need of it."""
    if config.parse_again is not None:
        return set(_selected(catalogue, config.parse_again))
    today = catalogue.code_version
    if all(stored.record.code_version == today for stored in checkpoints.values()):
        return set()
    return set(read_standing(instance, catalogue).to_parse)


def _unreadable(instance: dg.DagsterInstance, catalogue: Catalogue) -> Callable[[PageKey], bool]:
    """Whether today's YAML could not read a page's stored body; asked of few pages, or of none."""
    found = cache(lambda: unreadable_pages(instance, catalogue, set(catalogue.pages)))
    return lambda page: page in found()


def _selected(catalogue: Catalogue, text: str) -> list[PageKey]:
    """The pages of a text; none if it is empty."""
    return select_pages(catalogue, text) if text else []
