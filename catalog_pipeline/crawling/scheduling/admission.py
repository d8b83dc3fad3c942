"""What the site lets a crawl do: whether it may be asked now, and with which session.

The one place that knows the throttle, the session and the pages sent ahead together, so that a
wish of the site reaches all of them. Where it may be asked says its robots.txt (`robots`); what
becomes of a page is decided in `results`.
"""

from __future__ import annotations

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.ports import Throttle
from catalog_pipeline.crawling.scheduling.prefetch import Prefetch
from catalog_pipeline.crawling.scheduling.session import Session
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.errors import FetchError
from catalog_pipeline.records import StoredPage


class Admission:
    """Asked before each request, and told of each answer, in the one thread that decides."""

    def __init__(
        self, catalogue: Catalogue, pool: WorkerPool, throttle: Throttle, *, has_session: bool
    ) -> None:
        self.throttle = throttle
        self.session = Session(catalogue, has_session=has_session)
        self.prefetch = Prefetch(catalogue, pool, throttle)

    def page_came(self, stored: StoredPage, now: float) -> None:
        """The site answered as it should."""
        self.throttle.succeeded(now)
        self.session.page_came()
        self.prefetch.page_came(stored.record.fetch_seconds)

    def refused(
        self, error: FetchError, now: float, *, started_at: float, wave: int | None = None
    ) -> float:
        """Give way if the site asked for it by what it answered to a request of that time.

        `wave` is that of a page. Returns for how many seconds the site wants to be left alone.
        """
        if not error.pushback.slow_down:
            return 0.0
        seconds = error.pushback.retry_after_seconds
        self.throttle.push_back(now, seconds, started_at=started_at)
        if wave is not None:
            self.prefetch.take_back(wave)
        return seconds or 0.0

    def begin_login(self, now: float) -> messages.LogIn | None:
        """The task of a login, if one may begin; it takes turns of the throttle too.

        Raises:
            LoginError: a login is in vain.
        """
        session = self.session
        if session.is_under_way or session.try_at > now:
            return None
        if self.throttle.seconds_until_free(now) > 0:
            return None
        self.throttle.take(now, is_page=False)
        return messages.LogIn(session.begin(now), self.throttle.interval_seconds)

    def logged_in(self, session: int, now: float) -> None:
        """A session is there; its requests were spaced by the worker."""
        self.session.succeeded(session)
        self.throttle.space_from(now)
