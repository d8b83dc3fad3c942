"""The workers of a crawl with the site that they ask: started together, ended together.

Importing Dagster and reading the event log take longer than starting workers, so that whoever is
sure that pages are due may start them before. How a worker works belongs in `working`; the workers
that a dead crawl left are ended by `orphans`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.ports import Lease
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.places import CataloguePlaces


def workers(
    catalogue: Catalogue, places: CataloguePlaces, lease: Lease | None, *, asks: bool = True
) -> WorkerPool:
    """Workers that share the `lease`, and are named in it; without `asks` they ask no site."""
    if lease is None:
        return WorkerPool(catalogue, places, asks=asks)
    return WorkerPool(catalogue, places, lease.descriptors, on_change=lease.name_workers, asks=asks)


def one_reader(catalogue: Catalogue, places: CataloguePlaces, lease: Lease | None) -> WorkerPool:
    """One worker that reads one thing at a time and asks for no page."""
    alone = catalogue.politeness.model_copy(update={"concurrency": 1})
    return workers(catalogue.model_copy(update={"politeness": alone}), places, lease, asks=False)


class Workforce:
    """Context manager around the workers; leaving it again does nothing.

    `served` gives the catalogue at the address where it is served as long as it is open; the
    workers share the `lease`, so that it outlives a crawl that was killed until they have ended.
    Workers that do not ask the site for anything need no credentials.
    """

    def __init__(
        self,
        served: AbstractContextManager[Catalogue],
        places: CataloguePlaces,
        lease: Lease | None,
        *,
        asks: bool = True,
    ) -> None:
        with ExitStack() as opening:
            self.catalogue = opening.enter_context(served)
            pool = workers(self.catalogue, places, lease, asks=asks)
            self.pool = opening.enter_context(pool)
            self._ending = opening.pop_all()

    def __enter__(self) -> Workforce:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.__exit__(kind, error, trace)
