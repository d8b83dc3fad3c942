"""Parses the stored bodies of pages again, by workers, without one request.

A job of its own: nothing is asked of the site, so that there is no rate, no login, no robots.txt
and no second try. How a body is parsed and stored belongs in `working.page_writer`.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.ports import Recorder
from catalog_pipeline.crawling.scheduling.casualties import Casualties
from catalog_pipeline.crawling.scheduling.ledger import Ledger
from catalog_pipeline.crawling.scheduling.loop import LONGEST_WAIT_SECONDS
from catalog_pipeline.crawling.scheduling.stopping import Stopping
from catalog_pipeline.crawling.workforce import Workforce
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.errors import PageError
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.records import CrawlOutcome, StoredPage
from catalog_pipeline.storing.store import Store
from catalog_pipeline.storing.stores import page_store


@dataclass(frozen=True)
class ReparseJob:
    """The pages whose stored bodies are to be parsed anew.

    With `gives_up` a YAML that fits nearly no page ends it early; without, each page is tried.
    """

    catalogue: Catalogue
    places: CataloguePlaces
    pages: Sequence[StoredPage]
    gives_up: bool = True


def reparse(
    job: ReparseJob, recorder: Recorder, context: CrawlContext, must_stop: Callable[[], bool]
) -> CrawlOutcome:
    """Parse, store and record the pages; `must_stop` is asked a few times a second.

    Raises:
        CrawlStoppedError: nearly all pages fail.
        StorageError, WorkerError: nothing more can be had.
    """
    catalogue = job.catalogue
    store = page_store(job.places)
    politeness = catalogue.politeness
    if not job.gives_up:
        politeness = politeness.model_copy(update={"stop_window": len(job.pages) + 1})
    ledger = Ledger(politeness, store, recorder, context.observer)
    with _workers(job, context) as workers:
        parsing = _Parsing(workers.pool, ledger, store, job.pages, catalogue.code_version)
        stopping = Stopping(catalogue.name, ledger, must_stop)
        try:
            while parsing.goes_on(may_start=not (stopping.begins_now() or stopping.has_begun)):
                parsing.take_answers()
        finally:
            ledger.flush()
    outcome = stopping.outcome(parsing.untried)
    return replace(outcome, parsed_again=parsing.parsed)


@contextmanager
def _workers(job: ReparseJob, context: CrawlContext) -> Iterator[Workforce]:
    """The workers that are there already, if they have nothing else in hand; else some for this."""
    early = context.workforce
    if early is not None and not early.pool.asked_robots:
        yield early
        return
    site = context.serve(job.catalogue)
    with Workforce(site, job.places, context.lease, asks=False) as workers:
        yield workers


class _Parsing:
    """Gives the workers as many pages as they have threads, and takes what comes of them."""

    def __init__(
        self,
        pool: WorkerPool,
        ledger: Ledger,
        store: Store,
        pages: Sequence[StoredPage],
        code_version: str,
    ) -> None:
        self.parsed = 0
        self._code_version = code_version
        self._waiting = deque(pages)
        self._pool = pool
        self._ledger = ledger
        self._store = store
        self._suspects: deque[StoredPage] = deque()
        self._casualties = Casualties()
        self._at_work: dict[PageKey, StoredPage] = {}

    def goes_on(self, *, may_start: bool) -> bool:
        """Start what may start; whether any page is being parsed."""
        if may_start and self._suspects and self._pool.takes_one_alone:
            self._start(self._suspects.popleft(), alone=True)
        while may_start and self._waiting and len(self._at_work) < self._pool.threads:
            self._start(self._waiting.popleft(), alone=False)
        return bool(self._at_work)

    @property
    def untried(self) -> tuple[PageKey, ...]:
        """The pages that were not parsed."""
        return tuple(sorted(stored.record.page for stored in [*self._waiting, *self._suspects]))

    def _start(self, stored: StoredPage, *, alone: bool) -> None:
        self._at_work[stored.record.page] = stored
        self._pool.submit(messages.ReparsePage(stored.record.page, stored), alone=alone)

    def take_answers(self) -> None:
        """Wait a moment for answers, and act on those that came."""
        now = time.monotonic()
        self._ledger.flush_if_due(now)
        self._ledger.going_on(0.0)
        until_flush = self._ledger.seconds_until_flush(now)
        patience = LONGEST_WAIT_SECONDS if until_flush is None else until_flush
        for answer in self._pool.answers(min(patience, LONGEST_WAIT_SECONDS)):
            if isinstance(answer, messages.CrawlBroke):
                raise answer.error
            if isinstance(answer, messages.WorkerLost):
                self._worker_lost(answer)
            elif isinstance(answer, messages.PageStored):
                del self._at_work[answer.page]
                self._casualties.page_settled()
                self.parsed += 1
                self._ledger.page_stored(answer.stored, time.monotonic())
            elif isinstance(answer, messages.PageRefused):
                self._fail(self._at_work.pop(answer.page), answer.error)

    def _worker_lost(self, lost: messages.WorkerLost) -> None:
        self._store.discard_half_written_by(lost.pid)
        self._casualties.worker_died(lost)
        for task in lost.tasks:
            if isinstance(task, messages.ReparsePage):
                stored = self._at_work.pop(task.page)
                error = self._casualties.verdict(task.page, lost)
                if error is not None:
                    self._fail(stored, error)
                elif self._casualties.is_suspect(task.page):
                    self._suspects.append(stored)
                else:
                    self._waiting.appendleft(stored)

    def _fail(self, stored: StoredPage, error: PageError) -> None:
        self._casualties.page_settled()
        record = stored.record
        self._ledger.page_failed(record.page, record.url, 1, error, unread_by=self._code_version)
