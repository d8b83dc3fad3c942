"""What an answer of a worker means for its page: recorded, tried again, or given up.

Which page starts next is decided in `loop`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timezone

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.scheduling.admission import Admission
from catalog_pipeline.crawling.scheduling.casualties import Casualties
from catalog_pipeline.crawling.scheduling.ledger import Ledger
from catalog_pipeline.crawling.scheduling.queue import PageQueue, PageWork
from catalog_pipeline.crawling.scheduling.retry_policy import next_attempt
from catalog_pipeline.crawling.scheduling.settlement import Settlement
from catalog_pipeline.errors import (
    FetchError,
    PageError,
    StoredPageError,
)
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.store import Store


class Results:
    """Acts on answers, in the one thread that decides."""

    def __init__(
        self,
        catalogue: Catalogue,
        queue: PageQueue,
        admission: Admission,
        ledger: Ledger,
        store: Store,
        settlement: Settlement,
        clock: Callable[[], float],
    ) -> None:
        self._politeness = catalogue.politeness
        self._max_redirects = catalogue.limits.max_redirects
        self._queue = queue
        self._admission = admission
        self._ledger = ledger
        self._store = store
        self._settlement = settlement
        self._clock = clock
        self._casualties = Casualties()
        self._began_at = datetime.now(timezone.utc)

    def take(self, answer: messages.Answer) -> None:
        """Act on what a worker answered.

        Raises:
            LoginError, StorageError, WorkerError: nothing more can be had.
        """
        if isinstance(answer, messages.CrawlBroke):
            raise answer.error
        if isinstance(answer, messages.WorkerLost):
            self._worker_lost(answer)
        elif isinstance(answer, messages.LoggedIn):
            self._admission.logged_in(answer.session, self._clock())
        elif isinstance(answer, messages.LoginPutOff):
            self._login_put_off(answer.error)
        elif isinstance(answer, messages.PageSent):
            self._admission.throttle.sent(self._queue.turn_of(answer.page), answer.at)
        elif isinstance(answer, messages.PageArrived):
            self._admission.throttle.answered(self._queue.turn_of(answer.page))
            self._queue.arrive(answer.page)
        elif isinstance(answer, messages.PageStored):
            self._page_stored(self._answered(answer.page), answer.stored)
        elif isinstance(answer, messages.PageHeld):
            self._page_held(self._queue.land(answer.page))
        elif isinstance(answer, messages.SessionExpired):
            self._session_expired(self._answered(answer.page), answer.session)
        elif isinstance(answer, messages.PageRedirected):
            self._page_redirected(self._answered(answer.page), answer)
        elif isinstance(answer, messages.PageRefused):
            # A request that nobody answered may still be on its way.
            is_answered = answer.error.http_status is not None
            land = self._answered if is_answered else self._queue.land
            self._page_refused(land(answer.page), answer.error)

    def give_up(self, work: PageWork, kind: str, problem: str) -> None:
        """A page is not tried any more, without an answer that would say so."""
        self._fail(work, FetchError(problem, kind=kind, url=work.shown_url, page=work.page))

    def _answered(self, page: PageKey) -> PageWork:
        """Take a page out that the site has answered."""
        work = self._queue.land(page)
        self._admission.throttle.answered(work.turn)
        return work

    def _page_stored(self, work: PageWork, stored: StoredPage) -> None:
        now = self._clock()
        self._casualties.page_settled()
        self._admission.page_came(stored, now)
        self._ledger.stats.page_came(stored.record)
        self._settlement.page_came(stored, work.attempt)

    def _page_held(self, work: PageWork) -> None:
        """Let the page wait for its turn as if it had never had one."""
        self._admission.throttle.unused(work.turn)
        is_first = work.attempt == 1 and not work.redirects
        self._queue.again(replace(work, started_at=None) if is_first else work)

    def _login_put_off(self, error: FetchError) -> None:
        now = self._clock()
        session = self._admission.session
        self._refused(error, now, started_at=session.try_at)
        session.failed(error, now)
        self._ledger.put_off(error, session.try_at - now)

    def _session_expired(self, work: PageWork, session: int) -> None:
        """Try the page again with a new session, but not for ever: it may be the page itself."""
        refusal = self._admission.session.why_not_again(work.expiries)
        if refusal:
            self.give_up(work, "session_expired", refusal)
            return
        self._admission.session.expired(session)
        self._queue.again(replace(work, expiries=work.expiries + 1))

    def _page_redirected(self, work: PageWork, answer: messages.PageRedirected) -> None:
        if work.redirects >= self._max_redirects:
            problem = f"redirects once more after {self._max_redirects} redirects"
            self.give_up(work, "redirect_refused", problem)
        else:
            there = replace(work, url=answer.url, shown=answer.shown, cookies=answer.cookies)
            self._queue.again(replace(there, redirects=work.redirects + 1))

    def _page_refused(self, work: PageWork, error: PageError) -> None:
        if not isinstance(error, FetchError):
            self._fail(work, error)
            return
        now = self._clock()
        self._refused(error, now, started_at=work.attempt_at, wave=work.wave)
        started_at = work.started_at if work.started_at is not None else now
        again_at = next_attempt(error, work.attempt, started_at, now, self._politeness)
        if again_at is None:
            self._fail(work, error)
            return
        self._ledger.put_off(error, again_at - now)
        self._queue.put_off(replace(work, attempt=work.attempt + 1), again_at)

    def _refused(
        self, error: FetchError, now: float, *, started_at: float, wave: int | None = None
    ) -> None:
        """Slow the whole crawl down if the site asked for it."""
        seconds = self._admission.refused(error, now, started_at=started_at, wave=wave)
        if seconds:
            self._ledger.asked_to_pause(seconds)

    def _worker_lost(self, lost: messages.WorkerLost) -> None:
        """What the dead worker had stored counts; the rest goes back, unless it is to blame."""
        self._store.discard_half_written_by(lost.pid)
        self._casualties.worker_died(lost)
        stored = self._stored_by_the_dead(lost)
        for task in lost.tasks:
            if isinstance(task, messages.LogIn):
                self._admission.session.interrupted(lost.exceeded)
            if not isinstance(task, messages.FetchPage):
                continue
            work = self._queue.land(task.page)
            error = self._casualties.verdict(task.page, lost)
            if task.page in stored:
                self._page_stored(work, stored[task.page])
            elif error is not None:
                self._fail(work, error)
            else:
                is_suspect = self._casualties.is_suspect(task.page)
                self._queue.again(replace(work, is_suspect=is_suspect))

    def _stored_by_the_dead(self, lost: messages.WorkerLost) -> dict[PageKey, StoredPage]:
        """The pages that a dead worker had stored and had not told of."""
        pages = {task.page for task in lost.tasks if isinstance(task, messages.FetchPage)}
        found: dict[PageKey, StoredPage] = {}
        for page, name in self._store.newest().items() if pages else ():
            if page in pages and name.fetched_at >= self._began_at:
                # What is not whole was being written: the page goes back.
                with suppress(StoredPageError):
                    found[page] = self._store.recognise(name)
        return found

    def _fail(self, work: PageWork, error: PageError) -> None:
        self._casualties.page_settled()
        self._settlement.page_failed(work.page, work.shown_url, work.attempt, error)
