"""The right of a run to crawl its pages, against every other crawl on whatever machine.

A run whose pages are known has these, where the catalogue lets several runs be at it at once; one
that looks for pages, or lets some leave, has them all. Not here: what the right is made of
(`instance/host_leases`, `crawling.lock`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.ports import Lease, Observer
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.instance.host_leases import hold_catalogue, leases_of
from catalog_pipeline.orchestration.instance.lease_shares import WHOLE, Share
from catalog_pipeline.orchestration.runs.companions import waiting_companions
from catalog_pipeline.orchestration.runs.discovering import asks_for_listings
from catalog_pipeline.orchestration.runs.finding import may_look
from catalog_pipeline.orchestration.runs.order import own_pages
from catalog_pipeline.orchestration.runs.run_config import CrawlConfig
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.showing import as_line


@contextmanager
def lease_of_crawl(
    context: dg.AssetExecutionContext,
    catalogue: Catalogue,
    config: CrawlConfig,
    places: CataloguePlaces,
    crawl_context: CrawlContext,
    must_stop: Callable[[], bool],
) -> Iterator[Lease]:
    """That of whoever started the crawl, or one that is waited for.

    Raises:
        dg.DagsterExecutionInterruptedError: the crawl was asked to stop while it waited.
    """
    if crawl_context.lease is not None:
        yield crawl_context.lease
        return
    fits = False
    while not fits:
        share = share_of_run(context, catalogue, config)
        with hold_catalogue(
            context.instance,
            places.folder,
            context.run.run_id,
            share=share,
            on_wait=lambda holder: _tell_waiting(context, crawl_context.observer, holder),
            should_stop=must_stop,
        ) as lease:
            if lease is None:
                raise dg.DagsterExecutionInterruptedError
            fits = _fits(context, catalogue, config, share)
            if fits:
                yield lease


def share_of_run(
    context: dg.AssetExecutionContext, catalogue: Catalogue, config: CrawlConfig
) -> Share:
    """The pages that a run takes, with those of its companions; all where they are not known."""
    instance, at_once = context.instance, catalogue.runs_at_once
    if at_once == 1:
        return WHOLE
    if leases_of(instance) is None:
        context.log.warning(
            as_line(
                f"runs_at_once is {at_once}, and one run at a time crawls the catalogue: several "
                f"need an instance in PostgreSQL."
            )
        )
        return WHOLE
    catalogue = with_known_pages(instance, catalogue)
    own = own_pages(context, catalogue, config)
    others = () if config.pages else waiting_companions(instance, context.run, catalogue, own)
    pages = frozenset(own).union(*(companion.pages for companion in others))
    finds_some = may_look(context, catalogue, pages, config.finds)
    if not pages or finds_some or asks_for_listings(context, catalogue, config, pages):
        return Share(None, at_once)
    return Share(pages, at_once)


def _fits(
    context: dg.AssetExecutionContext, catalogue: Catalogue, config: CrawlConfig, share: Share
) -> bool:
    """Whether a run still needs no more than its share, which it may have waited for: somebody may
    have found pages meanwhile, or let some leave."""
    if share.pages is None or catalogue.is_fixed:
        return True
    now = share_of_run(context, catalogue, config)
    known = with_known_pages(context.instance, catalogue)
    return now.pages is not None and share.holds(own_pages(context, known, config))


def _tell_waiting(context: dg.AssetExecutionContext, observer: Observer, holder: str) -> None:
    context.log.info(
        as_line(f"Another crawl of this catalogue is on: {holder}. Waiting for its end.")
    )
    observer.waiting_for(holder)
