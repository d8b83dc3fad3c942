"""Reads stored pages again for somebody who has no workers, watched as the pages of a crawl are.

One page at a time, in one process, which is started when there is a page to be read and not before.
What is made of the rows is up to who asked; those that are to be stored are parsed by `reparse`.
"""

from __future__ import annotations

from contextlib import ExitStack
from types import TracebackType

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.ports import Lease
from catalog_pipeline.crawling.scheduling.casualties import Casualties
from catalog_pipeline.crawling.workforce import one_reader
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.errors import PageError
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.records import Reading, StoredPage

_SECONDS_BETWEEN_LOOKS = 0.25


class StoredPageReader:
    """Context manager around the process, which shares the `lease` as workers of a crawl do."""

    def __init__(self, catalogue: Catalogue, places: CataloguePlaces, lease: Lease | None) -> None:
        self._catalogue = catalogue
        self._places = places
        self._lease = lease
        self._casualties = Casualties()
        self._ending = ExitStack()
        self._pool: WorkerPool | None = None

    def __enter__(self) -> StoredPageReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.__exit__(kind, error, trace)

    def read(self, stored: StoredPage) -> Reading:
        """What today's YAML reads in the stored body of a page, without secrets.

        Raises:
            PageError: nothing, as the body cannot be read, or not within the limits of a page.
            StorageError, WorkerError: nothing more can be had.
        """
        page = stored.record.page
        pool = self._started()
        pool.submit(messages.ReadStored(page, stored))
        while True:
            for answer in pool.answers(_SECONDS_BETWEEN_LOOKS):
                if isinstance(answer, messages.CrawlBroke):
                    raise answer.error
                if isinstance(answer, messages.WorkerLost):
                    self._worker_lost(pool, answer)
                elif isinstance(answer, messages.PageRead):
                    self._casualties.page_settled()
                    return answer.reading
                elif isinstance(answer, messages.PageRefused):
                    self._casualties.page_settled()
                    raise answer.error

    def _worker_lost(self, pool: WorkerPool, lost: messages.WorkerLost) -> None:
        """Let the next process try what the dead one had not answered.

        Raises:
            PageError: that is enough of the page.
        """
        self._casualties.worker_died(lost)
        for task in filter(messages.is_page, lost.tasks):
            error: PageError | None = self._casualties.verdict(task.page, lost)
            if error is not None:
                self._casualties.page_settled()
                raise error
            pool.submit(task)

    def _started(self) -> WorkerPool:
        if self._pool is None:
            pool = one_reader(self._catalogue, self._places, self._lease)
            self._pool = self._ending.enter_context(pool)
        return self._pool
