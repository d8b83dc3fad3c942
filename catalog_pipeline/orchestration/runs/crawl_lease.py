"""The right of a run to crawl its catalogue, against every other crawl on whatever machine.

Not here: what it is made of (`instance/host_leases`, `crawling.lock`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import dagster as dg

from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.ports import Lease, Observer
from catalog_pipeline.orchestration.instance.host_leases import hold_catalogue
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.showing import as_line


@contextmanager
def lease_of_crawl(
    context: dg.AssetExecutionContext,
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
    with hold_catalogue(
        context.instance,
        places.folder,
        context.run.run_id,
        on_wait=lambda holder: _tell_waiting(context, crawl_context.observer, holder),
        should_stop=must_stop,
    ) as lease:
        if lease is None:
            raise dg.DagsterExecutionInterruptedError
        yield lease


def _tell_waiting(context: dg.AssetExecutionContext, observer: Observer, holder: str) -> None:
    context.log.info(
        as_line(f"Another crawl of this catalogue is on: {holder}. Waiting for its end.")
    )
    observer.waiting_for(holder)
