"""What an answer of a worker means: for its page, the throttle, the login and the stats.

Which page is recorded, tried again or given up is decided here, and when the site gets a rest;
which starts next is decided in `crawl`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.crawling.scheduling.group_commit import GroupCommit
from catalog_pipeline.crawling.scheduling.prefetch import Prefetch
from catalog_pipeline.crawling.scheduling.queue import PageQueue, PageWork
from catalog_pipeline.crawling.scheduling.retry_policy import next_attempt
from catalog_pipeline.crawling.scheduling.session import Session
from catalog_pipeline.crawling.scheduling.stats import Stats
from catalog_pipeline.crawling.scheduling.throttle import Throttle
from catalog_pipeline.errors import FetchError, Pushback
from catalog_pipeline.records import StoredPage


class AnswerHandler:
    """Acts on answers, in the one thread that decides."""

    def __init__(
        self,
        catalogue: Catalogue,
        queue: PageQueue,
        group: GroupCommit,
        throttle: Throttle,
        stats: Stats,
        login: Session,
        prefetch: Prefetch,
        *,
        observer: Observer,
        clock: Callable[[], float],
    ) -> None:
        self._politeness = catalogue.politeness
        self._max_redirects = catalogue.limits.max_redirects
        self._queue = queue
        self._group = group
        self._throttle = throttle
        self._stats = stats
        self._login = login
        self._prefetch = prefetch
        self._observer = observer
        self._clock = clock

    def take(self, answer: messages.Answer) -> None:
        """Act on what a worker answered.

        Raises:
            LoginError, StorageError, WorkerError: nothing more can be had.
        """
        messages.raise_if_fatal(answer)
        if isinstance(answer, messages.LoggedIn):
            self._login.succeeded(answer.session)
            self._throttle.space_from(self._clock())
        elif isinstance(answer, messages.LoginPutOff):
            self._login_put_off(answer)
        elif isinstance(answer, messages.PageSent):
            self._throttle.sent(self._queue.turn_of(answer.page), answer.at)
        elif isinstance(answer, messages.PageArrived):
            self._queue.arrive(answer.page)
        elif isinstance(answer, messages.PageStored):
            self._page_stored(self._queue.land(answer.page), answer.stored)
        elif isinstance(answer, messages.PageHeld):
            self._page_held(self._queue.land(answer.page))
        elif isinstance(answer, messages.SessionExpired):
            self._session_expired(self._queue.land(answer.page), answer.session)
        elif isinstance(answer, messages.PageRedirected):
            self._page_redirected(self._queue.land(answer.page), answer.url)
        elif isinstance(answer, messages.PageRefused):
            self._page_refused(self._queue.land(answer.page), answer)

    def _page_stored(self, work: PageWork, stored: StoredPage) -> None:
        now = self._clock()
        self._group.add(stored, now)
        if not work.is_reparse:
            self._throttle.succeeded(now)
            self._login.page_came()
            self._prefetch.page_came(stored.record.fetch_seconds)
        self._stats.page_stored(work, stored)

    def _page_held(self, work: PageWork) -> None:
        """Let the page wait for its turn as if it had never had one."""
        is_first = work.attempt == 1 and not work.redirects
        self._queue.again(replace(work, started_at=None) if is_first else work)

    def _login_put_off(self, answer: messages.LoginPutOff) -> None:
        now = self._clock()
        self._push_back(answer.pushback, now, started_at=self._login.try_at)
        error = FetchError(
            answer.message, kind=answer.kind, url=answer.url, pushback=answer.pushback
        )
        self._login.failed(error, now)
        self._observer.put_off(answer.message, self._login.try_at - now)

    def _session_expired(self, work: PageWork, session: int) -> None:
        """Try the page again with a new session, but not for ever: it may be the page itself."""
        refusal = self._login.why_not_again(work.expiries)
        if refusal:
            self._stats.page_failed(work, "session_expired", refusal, None)
            return
        self._login.expired(session)
        self._queue.again(replace(work, expiries=work.expiries + 1))

    def _page_redirected(self, work: PageWork, url: str) -> None:
        if work.redirects >= self._max_redirects:
            message = f"{work.url} redirects once more after {self._max_redirects} redirects"
            self._stats.page_failed(work, "redirect_refused", message, None)
        else:
            self._queue.again(replace(work, url=url, redirects=work.redirects + 1))

    def _page_refused(self, work: PageWork, answer: messages.PageRefused) -> None:
        now = self._clock()
        self._push_back(answer.pushback, now, started_at=work.attempt_at)
        if answer.pushback.slow_down:
            self._prefetch.take_back(work.wave)
        error = FetchError(
            answer.message, kind=answer.kind, url=answer.url, pushback=answer.pushback
        )
        started_at = work.started_at if work.started_at is not None else now
        again_at = None
        if not work.is_reparse:
            again_at = next_attempt(error, work.attempt, started_at, now, self._politeness)
        if again_at is None:
            self._stats.page_failed(work, answer.kind, answer.message, answer.http_status)
            return
        self._observer.put_off(answer.message, again_at - now)
        again = replace(work, attempt=work.attempt + 1)
        self._queue.put_off(again, again_at)

    def _push_back(self, pushback: Pushback, now: float, *, started_at: float) -> None:
        """Slow the whole crawl down if the site asked for it, by what was sent at that time."""
        if not pushback.slow_down:
            return
        self._throttle.push_back(now, pushback.retry_after_seconds, started_at=started_at)
        if pushback.retry_after_seconds:
            self._stats.asked_to_pause(pushback.retry_after_seconds)
