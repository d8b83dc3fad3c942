"""Which pages a run is to get: its own, those that it takes along, and which Dagster announced.

What of them is due is found out in `run_config`. A run that is to be retried leaves its order to
the retry in a tag, and in Dagster's tags only a range of pages that may come: a run announces its
range when it is created, and a page that is announced has to be recorded again or turns red.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timezone

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import (
    format_pages,
    page_ranges,
    select_known_pages,
    select_pages,
)
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.orchestration.checkpoints.reader import pages_come_since_announced
from catalog_pipeline.orchestration.checkpoints.wipes import WipeTimes
from catalog_pipeline.orchestration.instance.lease_shares import Share
from catalog_pipeline.orchestration.names import (
    DISCOVER_PARTITION,
    ORDER_TAG,
    OWN_RANGE_TAG,
    PARTITION_TAG,
    RANGE_END_TAG,
    RANGE_START_TAG,
)
from catalog_pipeline.orchestration.runs.companions import Companion, waiting_companions
from catalog_pipeline.orchestration.runs.run_config import (
    CrawlConfig,
    has_range_of_pages,
    pages_of_run,
)

_BETWEEN = "..."


@dataclass(frozen=True)
class Order:
    """The pages that a run is to get.

    `announced` are those of them that Dagster shows as in progress by this run, from its creation
    on; those of `companions` are announced by them.
    """

    pages: Sequence[PageKey]
    announced: frozenset[PageKey]
    companions: tuple[Companion, ...] = ()

    def to_announce(self, plan: CrawlPlan, own: Collection[PageKey]) -> list[PageKey]:
        """Pages that the run sets out to make done and that nobody has announced for it.

        Of those that are parsed again its `own`: others stay as they are until it comes to them.
        """
        taken = {page for companion in self.companions for page in companion.pages}
        parsed = {stored.record.page for stored in plan.to_parse} & set(own)
        due = {page for page, _ in plan.due}
        return sorted((due | parsed) - self.announced - taken)


def order_of_run(
    context: dg.AssetExecutionContext, catalogue: Catalogue, config: CrawlConfig, share: Share
) -> Order:
    """The pages of a run: what was left to it, or its own with those of its companions, as far as
    they are within its share.

    Raises:
        UsageError: the catalogue does not have one of them.
    """
    if config.pages is not None:
        return Order(own_pages(context, catalogue, config), frozenset())
    own = pages_of_run(context, catalogue, config)
    is_ranged = has_range_of_pages(context)
    announced = _still_announced(context, catalogue, own) if is_ranged else frozenset()
    if ORDER_TAG in context.run.tags:
        _give_back_range(context.instance, context.run)
        return Order(own_pages(context, catalogue, config), announced)
    companions = waiting_companions(context.instance, context.run, catalogue, own)
    taken_along = tuple(each for each in companions if share.holds(each.pages))
    taken = {page for companion in taken_along for page in companion.pages}
    return Order(sorted({*own, *taken}), announced, taken_along)


def own_pages(
    context: dg.AssetExecutionContext, catalogue: Catalogue, config: CrawlConfig
) -> list[PageKey]:
    """The pages of a run without companions: its own, with what was left to it.

    Raises:
        UsageError: the catalogue does not have one of them.
    """
    own = pages_of_run(context, catalogue, config)
    left = context.run.tags.get(ORDER_TAG) if config.pages is None else None
    return own if left is None else _with_left(catalogue, own, left)


def _still_announced(
    context: dg.AssetExecutionContext, catalogue: Catalogue, pages: Iterable[PageKey]
) -> frozenset[PageKey]:
    """Those of the pages that were neither wiped nor had by another run while this one waited.

    What announced them is gone then, or older than their checkpoint.
    """
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        return frozenset(pages)
    since = record.create_timestamp.replace(tzinfo=timezone.utc)
    wiped_at = WipeTimes(context.instance, catalogue)
    came = pages_come_since_announced(context.instance, context.run, catalogue)
    return frozenset(
        page
        for page in pages
        if page not in came and ((wiped := wiped_at(page)) is None or wiped < since)
    )


def leave_to_retry(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    order: Sequence[PageKey],
    hopeful: Iterable[PageKey],
) -> None:
    """Let a retry of the run have the same order, and announce no page but hopeful ones."""
    tags = (instance.get_run_by_id(run.run_id) or run).tags
    ends = tags.get(RANGE_START_TAG), tags.get(RANGE_END_TAG)
    if None in ends:
        return
    first, last = next(page_ranges(hopeful))
    instance.add_run_tags(
        run.run_id,
        {
            ORDER_TAG: format_pages(order),
            OWN_RANGE_TAG: _BETWEEN.join(map(str, ends)),
            RANGE_START_TAG: str(first),
            RANGE_END_TAG: str(last),
        },
    )


def take_page_for_stand_in(instance: dg.DagsterInstance, run: dg.DagsterRun, page: PageKey) -> None:
    """Let a run over what stood for all listings be one over a page: for retries and re-executions,
    of which Dagster makes none over a partition that is gone."""
    named = (RANGE_START_TAG, RANGE_END_TAG, PARTITION_TAG)
    stale = [tag for tag in named if run.tags.get(tag) == DISCOVER_PARTITION]
    if stale:
        instance.add_run_tags(run.run_id, dict.fromkeys(stale, str(page)))


def _give_back_range(instance: dg.DagsterInstance, retry: dg.DagsterRun) -> None:
    """Let the run that a retry is of say again which range it had, now that the retry has its."""
    parent = instance.get_run_by_id(retry.parent_run_id) if retry.parent_run_id else None
    first, _, last = (parent.tags if parent else {}).get(OWN_RANGE_TAG, "").partition(_BETWEEN)
    if parent is not None and last:
        instance.add_run_tags(parent.run_id, {RANGE_START_TAG: first, RANGE_END_TAG: last})


def _with_left(catalogue: Catalogue, own: Iterable[PageKey], left: str) -> list[PageKey]:
    """With the pages of an order that is left; those that crawls found may have gone since."""
    select = select_pages if catalogue.is_fixed else select_known_pages
    return sorted({*own, *select(catalogue, left)})
