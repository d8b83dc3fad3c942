"""A crawl as a whole: a job in, an outcome out, by workers of its own. No Dagster.

What is due is decided before (`plan`), and what was recorded is the `Recorder`'s. How a crawl goes
on from page to page belongs in `scheduling.loop`; parsing stored pages again is in `reparse`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.ports import Recorder
from catalog_pipeline.crawling.repeats import Repeats
from catalog_pipeline.crawling.scheduling.ledger import Ledger
from catalog_pipeline.crawling.scheduling.loop import CrawlLoop
from catalog_pipeline.crawling.scheduling.page_source import PageSource
from catalog_pipeline.crawling.workforce import Workforce
from catalog_pipeline.errors import CatalogPipelineError
from catalog_pipeline.fetching.credentials import Credentials
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.records import CrawlOutcome, StoredPage
from catalog_pipeline.storing.stores import page_store


@dataclass(frozen=True)
class CrawlJob:
    """The pages of a catalogue that are due, each with its last checkpoint if it has one.

    `done` are other pages that count as done: none of the due ones may show their products.
    """

    catalogue: Catalogue
    places: CataloguePlaces
    due: Sequence[tuple[PageKey, StoredPage | None]]
    done: Sequence[StoredPage] = ()
    source: PageSource | None = None
    """Where further pages come from, if the crawl looks for some."""


def crawl(
    job: CrawlJob, recorder: Recorder, context: CrawlContext, must_stop: Callable[[], bool]
) -> CrawlOutcome:
    """Download, parse, store and record the pages; `must_stop` is asked a few times a second.

    Raises:
        CrawlStoppedError: nearly all pages fail.
        LeaseLostError: somebody else has taken the crawl over.
        LoginError, StorageError, WorkerError: nothing more can be had.
    """
    store = page_store(job.places)
    ledger = Ledger(job.catalogue.politeness, store, recorder, context.observer)
    with context.workforce or _workforce(job, context) as workers:
        if (lease := context.lease) is not None:
            workers.pool.ask_until(lambda: lease.asks_until)
        loop = CrawlLoop(
            workers.catalogue,
            workers.pool,
            ledger,
            store,
            must_stop=must_stop,
            has_session=_has_session(job),
            repeats=Repeats(job.done),
            secrets=Secrets.of_site(workers.catalogue, os.environ),
            source=job.source,
            pace=context.pace,
        )
        try:
            return loop.run(job.due)
        except CatalogPipelineError:
            ledger.gave_up()
            raise


def _has_session(job: CrawlJob) -> bool:
    """Whether the session of an earlier crawl is there to go on with."""
    login = job.catalogue.login
    if login is None or not job.places.cookies.exists():
        return False
    # What knows cookies is slow to import, and else only the workers need it.
    from catalog_pipeline.fetching.session_file import session_file

    credentials = Credentials.from_environment(login, os.environ)
    file = session_file(job.catalogue, job.places, credentials)
    return file is not None and bool(file.load())


def _workforce(job: CrawlJob, context: CrawlContext) -> Workforce:
    return Workforce(context.serve(job.catalogue), job.places, context.lease)
