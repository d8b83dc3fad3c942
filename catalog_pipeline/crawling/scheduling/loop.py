"""The crawl loop: one thread decides, workers exchange, groups are recorded.

Everything that is decided during a crawl is decided in this one thread: here which page starts
when, and when to stop; in `results` which is tried again and when the site gets a rest. How a page
is got belongs in `working.page_worker`, how it is recorded in the `Recorder` that is passed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.crawling.scheduling.group_commit import GroupCommit, Recorder
from catalog_pipeline.crawling.scheduling.prefetch import Prefetch
from catalog_pipeline.crawling.scheduling.queue import PageQueue, PageWork
from catalog_pipeline.crawling.scheduling.results import AnswerHandler
from catalog_pipeline.crawling.scheduling.robots import RobotsGate
from catalog_pipeline.crawling.scheduling.session import Session
from catalog_pipeline.crawling.scheduling.stats import Stats
from catalog_pipeline.crawling.scheduling.throttle import Throttle
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.errors import CrawlStoppedError
from catalog_pipeline.records import CrawlOutcome, StoredPage
from catalog_pipeline.storing.folder_store import PageStore

_LONGEST_WAIT_SECONDS = 0.25
"""How long at most the loop waits before it looks again whether it has to stop."""


class Crawl:
    """One crawl of one catalogue; `run` may be called once."""

    def __init__(
        self,
        catalogue: Catalogue,
        pool: WorkerPool,
        store: PageStore,
        recorder: Recorder,
        *,
        observer: Observer,
        must_stop: Callable[[], bool],
        has_session: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        politeness = catalogue.politeness
        self._catalogue = catalogue
        self._politeness = politeness
        self._pool = pool
        self._observer = observer
        self._must_stop = must_stop
        self._clock = clock
        self._queue = PageQueue()
        self._group = GroupCommit(store, recorder)
        self._throttle = Throttle(politeness.requests_per_second, clock=clock)
        self._stats = Stats(politeness, recorder, observer)
        self._login = Session(catalogue, has_session=has_session)
        self._prefetch = Prefetch(catalogue, pool, self._throttle)
        self._answers = AnswerHandler(
            catalogue,
            self._queue,
            self._group,
            self._throttle,
            self._stats,
            self._login,
            self._prefetch,
            observer=observer,
            clock=clock,
        )
        self._robots = self._gate(pages=0)

    def run(self, due: Sequence[tuple[PageKey, StoredPage | None]]) -> CrawlOutcome:
        """Download the due pages, each with its last checkpoint if it has one.

        Raises:
            CrawlStoppedError: nearly all pages fail, or robots.txt wants pauses without end.
            LoginError, StorageError, WorkerError: nothing more can be had.
        """
        self._queue.add(
            PageWork(page, self._catalogue.page_address(page), previous) for page, previous in due
        )
        self._robots = self._gate(len(due))
        first = self._queue.first()
        if first is not None and not self._robots.knows(first.url):
            self._robots.ask(first.url)
            self._robots.require_a_pace()
        return self._loop()

    def run_reparse(self, pages: Sequence[StoredPage]) -> CrawlOutcome:
        """Parse the stored bodies of pages again; nothing is downloaded."""
        self._queue.add(
            PageWork(stored.record.page, stored.record.url, stored, is_reparse=True)
            for stored in pages
        )
        return self._loop()

    def _loop(self) -> CrawlOutcome:
        reason: str | None = None
        was_stopped = False
        try:
            while True:
                if not was_stopped and self._must_stop():
                    was_stopped = True
                    self._observer.stopping("asked to stop")
                    self._prefetch.take_back()
                if reason is None and not was_stopped:
                    reason = self._stats.reason_to_stop()
                    if reason:
                        self._observer.stopping(reason)
                        self._prefetch.take_back()
                goes_on = reason is None and not was_stopped
                # First the site, then the disk: pages are on their way while a group is recorded.
                if goes_on:
                    self._dispatch(self._clock())
                if self._group.seconds_left(self._clock()) == 0:
                    self._group.flush()
                if not self._has_work(goes_on):
                    break
                for answer in self._pool.answers(self._patience(goes_on)):
                    self._answers.take(answer)
        finally:
            self._group.flush()
        if reason:
            raise CrawlStoppedError(f"{self._catalogue.name}: {reason}.")
        return self._stats.outcome(self._queue.waiting, was_stopped=was_stopped)

    def _has_work(self, goes_on: bool) -> bool:
        if self._queue.at_work or self._login.is_under_way:
            return True
        return goes_on and not self._queue.is_empty

    def _patience(self, goes_on: bool) -> float:
        """How long the loop may wait for an answer before there is something else to do."""
        now = self._clock()
        waits = [_LONGEST_WAIT_SECONDS]
        group = self._group.seconds_left(now)
        if group is not None:
            waits.append(group)
        if goes_on and self._has_room():
            if self._queue.next_wake is not None:
                waits.append(self._queue.next_wake - now)
            if self._queue.first() and not self._login.is_wanted:
                waits.append(self._throttle.seconds_until_free(now))
        return max(0.0, min(waits))

    def _dispatch(self, now: float) -> None:
        """Start what may start: pages that are ready, as many as concurrency and throttle allow."""
        self._queue.wake(now)
        if self._login.is_wanted:
            self._begin_login(now)
            return
        while self._has_room():
            work = self._queue.first()
            if work is None:
                return
            if not work.is_reparse and not self._robots.knows(work.url):
                # What is taken meanwhile may change which page is the first.
                self._robots.ask(work.url)
                return
            refusal = "" if work.is_reparse else self._robots.why_not(work.url)
            if refusal:
                self._queue.drop_first()
                self._stats.page_failed(work, "robots", refusal, None)
                return
            if not work.is_reparse:
                if self._throttle.seconds_until_free(now) > 0:
                    return
                work = replace(work, turn=self._throttle.take(now))
            self._start(work, now)

    def _has_room(self) -> bool:
        """Whether the site may be asked for one more page, and a worker is there for it."""
        if self._queue.at_work >= self._pool.threads:
            return False
        return self._queue.in_flight < self._robots.capacity or self._prefetch.is_allowed

    def _start(self, work: PageWork, now: float) -> None:
        started_at = now if work.started_at is None else work.started_at
        work = replace(work, started_at=started_at, attempt_at=now, wave=self._prefetch.wave)
        self._queue.start(work)
        if work.is_reparse and work.previous is not None:
            self._pool.submit(messages.ReparsePage(work.page, work.previous))
        else:
            self._pool.submit(
                messages.FetchPage(
                    work.page,
                    work.url,
                    work.attempt,
                    self._login.session,
                    work.previous,
                    is_paced=self._throttle.requests_per_second is not None,
                    wave=work.wave,
                    is_ahead=self._prefetch.is_allowed,
                )
            )

    def _begin_login(self, now: float) -> None:
        """Log in as soon as no worker has a page, whose answer may show that the session is good;
        a login takes turns of the throttle too."""
        if (
            self._queue.at_work
            or self._login.is_under_way
            or self._login.try_at > now
            or self._throttle.seconds_until_free(now) > 0
        ):
            return
        self._throttle.take(now)
        self._pool.submit(messages.LogIn(self._login.begin(now), self._throttle.interval_seconds))

    def _gate(self, pages: int) -> RobotsGate:
        return RobotsGate(
            self._catalogue,
            self._pool,
            self._throttle,
            self._observer,
            pages=pages,
            clock=self._clock,
            must_stop=self._must_stop,
            meanwhile=self._go_on,
        )

    def _go_on(self, answer: messages.Answer | None) -> None:
        """What there is to do while something else is waited for."""
        if answer is not None:
            self._answers.take(answer)
        elif self._group.seconds_left(self._clock()) == 0:
            self._group.flush()
