"""The workers of a crawl, started before it is known what is due, where that saves time.

Importing Dagster and reading the event log take longer than starting workers. Whoever is about
to start a run in this process and is sure that pages are due gives the crawl a head start; the
crawl finds its workers up, and robots.txt on its way. Without one it starts them itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.lock import name_workers, shared_descriptors
from catalog_pipeline.crawling.scheduling.robots import ask_robots_early
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.sandbox.on_demand import served


@dataclass(frozen=True)
class CrewAtWork:
    """A catalogue at the address where it is served, and the workers for it."""

    catalogue: Catalogue
    pool: WorkerPool


@dataclass
class _Early:
    crew: CrewAtWork
    ending: ExitStack
    is_taken: bool = False


_early: ContextVar[_Early | None] = ContextVar("early", default=None)


@contextmanager
def crew(catalogue: Catalogue, places: CataloguePlaces) -> Iterator[CrewAtWork]:
    """The workers for a crawl: those with a head start if there are, else new ones."""
    early = _early.get()
    if early and not early.is_taken and early.crew.catalogue.name == catalogue.name:
        early.is_taken = True
        with early.ending:
            yield early.crew
        return
    with _new_crew(catalogue, places) as new:
        yield new


@contextmanager
def head_start(catalogue: Catalogue, places: CataloguePlaces) -> Iterator[None]:
    """Start the workers now, for a crawl that begins within the block; they end with it."""
    with ExitStack() as ending:
        early = ending.enter_context(_new_crew(catalogue, places))
        ask_robots_early(early.catalogue, early.pool)
        token = _early.set(_Early(early, ending))
        try:
            yield
        finally:
            _early.reset(token)


@contextmanager
def _new_crew(catalogue: Catalogue, places: CataloguePlaces) -> Iterator[CrewAtWork]:
    lock = shared_descriptors(places.folder)
    with served(catalogue) as at_its_address, WorkerPool(at_its_address, places, lock) as pool:
        name_workers(places.folder, pool.pids)
        yield CrewAtWork(at_its_address, pool)
