"""The loop of a crawl: one thread decides, workers exchange, groups are recorded.

Everything that is decided during a crawl is decided in this one thread: here which page starts
when; in `results` which is tried again; in `admission` when the site gets a rest; in `stopping`
whether it goes on. How a page is got belongs in `working.page_worker`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import starmap

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.ports import Pace
from catalog_pipeline.crawling.repeats import Repeats
from catalog_pipeline.crawling.scheduling.admission import Admission
from catalog_pipeline.crawling.scheduling.ledger import Ledger
from catalog_pipeline.crawling.scheduling.page_source import PageSource, work_of
from catalog_pipeline.crawling.scheduling.queue import PageQueue, PageWork
from catalog_pipeline.crawling.scheduling.results import Results
from catalog_pipeline.crawling.scheduling.robots_gate import RobotsGate
from catalog_pipeline.crawling.scheduling.settlement import Settlement
from catalog_pipeline.crawling.scheduling.shared_throttle import throttle_for
from catalog_pipeline.crawling.scheduling.stopping import Stopping
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.records import CrawlOutcome, StoredPage
from catalog_pipeline.storing.store import Store

LONGEST_WAIT_SECONDS = 0.25
"""How long at most a crawl waits before it looks again whether it has to stop."""


class CrawlLoop:
    """The crawl of one catalogue by the workers of one pool; `run` may be called once."""

    def __init__(
        self,
        catalogue: Catalogue,
        pool: WorkerPool,
        ledger: Ledger,
        store: Store,
        *,
        must_stop: Callable[[], bool],
        has_session: bool = False,
        repeats: Repeats | None = None,
        secrets: Secrets | None = None,
        source: PageSource | None = None,
        pace: Pace | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalogue = catalogue
        self._politeness = catalogue.politeness
        self._pool = pool
        self._ledger = ledger
        self._must_stop = must_stop
        self._clock = clock
        self._queue = PageQueue()
        self._pages = 0
        self._throttle = throttle_for(self._politeness.requests_per_second, pace, clock)
        self._admission = Admission(catalogue, pool, self._throttle, has_session=has_session)
        self._source = source or PageSource()
        self._work = partial(work_of, catalogue, self._source)
        self._settlement = Settlement(
            catalogue, ledger, store, repeats or Repeats(), self._source, clock
        )
        self._results = Results(
            catalogue, self._queue, self._admission, ledger, store, self._settlement, clock
        )
        self._stopping = Stopping(catalogue.name, ledger, must_stop)
        self._robots = RobotsGate(
            catalogue,
            pool,
            self._throttle,
            secrets=secrets or Secrets(),
            slowed_down=ledger.slowed_down,
            clock=clock,
            must_stop=must_stop,
            meanwhile=self._meanwhile,
        )

    def run(self, due: Sequence[tuple[PageKey, StoredPage | None]]) -> CrawlOutcome:
        """Download the due pages, each with its last checkpoint if it has one.

        Raises:
            CrawlStoppedError: nearly all pages fail, or robots.txt wants pauses without end.
            LoginError, StorageError, WorkerError: nothing more can be had.
        """
        self._pages = len(due)
        self._queue.add(starmap(self._work, () if self._source.gives_out_all else due))
        self._settlement.previous = {page: stored for page, stored in due if stored is not None}
        self._take_further_pages()
        first = self._queue.first()
        if first is not None and not self._robots.knows(first.url):
            self._robots.ask(first.url, self._pages)
            self._robots.require_a_pace()
        try:
            self._work_off()
        finally:
            self._ledger.flush()
        untried = [*self._queue.waiting, *self._further_page()]
        return replace(self._stopping.outcome(tuple(untried)), listing=self._source.findings)

    def _work_off(self) -> None:
        while True:
            if self._stopping.begins_now():
                self._admission.prefetch.take_back()
            goes_on = not self._stopping.has_begun
            # First the site, then the disk: pages are on their way while a group is recorded.
            if goes_on:
                self._dispatch(self._clock())
            self._ledger.flush_if_due(self._clock())
            if not self._has_work(goes_on):
                if not goes_on or not self._has_more_to_ask():
                    return
                continue
            self._wait_for_answers(goes_on)

    def _further_page(self) -> tuple[PageKey, ...]:
        """The page with which the search for pages would go on, if it was cut short."""
        page = None if self._source.is_over else self._source.next_page()
        return () if page is None else (page,)

    def _take_further_pages(self) -> None:
        """Let pages follow that nobody knew of, while none of those that are known is ready."""
        while self._queue.first() is None:
            page = self._source.next_page()
            if page is not None:
                self._queue.add([self._work(page, self._settlement.previous.get(page))])
            elif not self._settlement.settle_held():
                return

    def _has_more_to_ask(self) -> bool:
        """Whether a page is to be asked once more before all is over."""
        self._take_further_pages()
        if not self._queue.is_empty:
            return True
        page = self._settlement.conclude()
        if page is not None:
            self._queue.add([self._work(page, self._settlement.latest(page))])
        return page is not None

    def _wait_for_answers(self, goes_on: bool) -> None:
        began_at = self._clock()
        is_limited = goes_on and self._is_limited(began_at)
        for answer in self._pool.answers(self._patience(goes_on)):
            self._results.take(answer)
        self._ledger.going_on(self._clock() - began_at if is_limited else 0.0)

    def _is_limited(self, now: float) -> bool:
        """Whether nothing but the site's limits keeps a page from starting."""
        may_start = self._has_room() and self._first() is not None
        return may_start and self._throttle.seconds_until_free(now) > 0

    def _has_work(self, goes_on: bool) -> bool:
        is_asking = self._queue.at_work > 0 or self._admission.session.is_under_way
        return is_asking or (goes_on and not self._queue.is_empty)

    def _patience(self, goes_on: bool) -> float:
        """How long the loop may wait for an answer before there is something else to do."""
        now = self._clock()
        waits = [LONGEST_WAIT_SECONDS]
        until_flush = self._ledger.seconds_until_flush(now)
        if until_flush is not None:
            waits.append(until_flush)
        if goes_on and self._has_room():
            if self._queue.next_wake is not None:
                waits.append(self._queue.next_wake - now)
            if self._first() and not self._admission.session.is_wanted:
                waits.append(self._throttle.seconds_until_free(now))
        return max(0.0, min(waits) - (self._clock() - now))

    def _dispatch(self, now: float) -> None:
        """Start what may start: pages that are ready, as many as the site lets."""
        self._queue.wake(now)
        if self._admission.session.is_wanted:
            self._begin_login(now)
            return
        while self._has_room():
            self._take_further_pages()
            work = self._first()
            if work is None:
                return
            if not self._robots.knows(work.url):
                # What is taken meanwhile may change which page is the first.
                self._robots.ask(work.url, self._pages)
                return
            refusal = self._robots.why_not(work.url)
            if refusal:
                self._queue.drop(work)
                self._results.give_up(work, "robots", refusal)
                return
            if self._throttle.seconds_until_free(now) > 0:
                return
            self._start(work, now)

    def _first(self) -> PageWork | None:
        return self._queue.first(may_be_suspect=self._pool.takes_one_alone)

    def _has_room(self) -> bool:
        """Whether the site may be asked for one more page, and a worker is there for it."""
        if self._queue.at_work >= self._pool.threads:
            return False
        in_flight = self._queue.in_flight
        return in_flight < self._robots.capacity or self._admission.prefetch.is_allowed

    def _meanwhile(self, answer: messages.Answer | None) -> None:
        """What there is to do while a robots.txt is waited for."""
        if answer is not None:
            self._results.take(answer)
        else:
            self._ledger.flush_if_due(self._clock())
            self._ledger.going_on(0.0)

    def _start(self, work: PageWork, now: float) -> None:
        prefetch = self._admission.prefetch
        work = replace(
            work,
            started_at=now if work.started_at is None else work.started_at,
            attempt_at=now,
            turn=self._throttle.take(now),
            wave=prefetch.wave,
        )
        self._queue.start(work)
        self._pool.submit(
            messages.FetchPage(
                work.page,
                work.url,
                work.attempt,
                self._admission.session.session,
                work.previous,
                is_paced=self._throttle.requests_per_second is not None,
                wave=work.wave,
                is_ahead=prefetch.is_allowed and not work.is_suspect,
                cookies=work.cookies,
                asked_at=work.asked_at,
                not_after=self._throttle.latest_start(work.turn),
            ),
            alone=work.is_suspect,
        )

    def _begin_login(self, now: float) -> None:
        """Log in once no worker has a page, whose answer may show that the session is good."""
        if not self._queue.at_work and (task := self._admission.begin_login(now)) is not None:
            self._pool.submit(task)
