"""What comes of a crawl's pages: recorded in groups, counted, told, and judged as a whole.

Everything that outlives the crawl passes here. Whether a page is tried again is decided in
`results`, and what the site gets to hear of it in `admission`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timezone

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.politeness import Politeness
from catalog_pipeline.crawling.ports import Observer, Recorder
from catalog_pipeline.crawling.scheduling.circuit_breaker import CircuitBreaker
from catalog_pipeline.crawling.scheduling.group_commit import GroupCommit
from catalog_pipeline.crawling.scheduling.stats import Stats
from catalog_pipeline.errors import PageError
from catalog_pipeline.records import CrawlOutcome, PageFailure, StoredPage
from catalog_pipeline.showing import shortened
from catalog_pipeline.storing.store import Store

_MAX_ADDRESS_CHARACTERS = 200
_MAX_MESSAGE_CHARACTERS = 450
"""A crawl may fail at every page, and the event log keeps each failure in two files."""


class Ledger:
    """Keeps the recorder, the observer, the counts and the circuit breaker of one crawl in step."""

    def __init__(
        self, politeness: Politeness, store: Store, recorder: Recorder, observer: Observer
    ) -> None:
        self.stats = Stats()
        self._recorder = recorder
        self._observer = observer
        self._group = GroupCommit(store, recorder)
        self._breaker = CircuitBreaker(
            politeness.stop_when_failed_share,
            politeness.stop_window,
            politeness.page_timeout_seconds,
        )

    def page_stored(self, stored: StoredPage, now: float) -> None:
        """A page is on disk."""
        self._group.add(stored, now)
        if stored.hidden_cells:
            self.stats.secret_sent_back(stored.record.page)
        self._breaker.page_done()
        self._observer.page_stored(stored)

    def pages_found(self, pages: Sequence[PageKey]) -> None:
        """A page that is recorded tells of further pages, which the catalogue has from now on."""
        self._group.flush()
        self._recorder.pages_found(pages)
        self._observer.pages_found(len(pages))

    def page_kept(self, stored: StoredPage, now: float) -> None:
        """A page stays as it was before the crawl; it is recorded again, as carried over."""
        self._group.add(replace(stored, carried_over=True), now)

    def take_back(self, page: PageKey) -> None:
        """A page that was stored is not to be done; its failure follows."""
        if not self._group.drop(page):
            self._recorder.take_back(page)

    def page_failed(
        self,
        page: PageKey,
        url: str,
        attempts: int,
        error: PageError,
        *,
        unread_by: str | None = None,
    ) -> None:
        """A page of that address is given up after so many attempts, the last of which was this.

        `unread_by` is the code version that could not read its stored body.
        """
        error.page, error.url = error.page or page, error.url or url
        failure = PageFailure(
            page=page,
            url=shortened(url, _MAX_ADDRESS_CHARACTERS),
            kind=error.kind,
            message=shortened(str(error), _MAX_MESSAGE_CHARACTERS),
            http_status=error.http_status,
            attempts=attempts,
            failed_at=datetime.now(timezone.utc),
            unread_by=unread_by,
        )
        self._recorder.record_failure(failure)
        self.stats.page_failed(failure)
        self._breaker.page_failed(failure)
        self._observer.page_failed(failure)

    def put_off(self, error: PageError, seconds: float) -> None:
        """A page, or the login, is tried again after some seconds."""
        self._observer.put_off(str(error), seconds)

    def going_on(self, waited_seconds: float) -> None:
        """For so long since the last time only the site's limits kept a page from starting."""
        self._observer.going_on(waited_seconds)

    def slowed_down(self, reason: str) -> None:
        """The site wants fewer requests than the catalogue would send."""
        self._observer.slowed_down(reason)

    def asked_to_pause(self, seconds: float) -> None:
        """The site named a time for which it wants to be left alone."""
        self._breaker.asked_to_pause(seconds)

    def reason_to_stop(self) -> str | None:
        """Why the crawl should stop, if it should."""
        return self._breaker.reason_to_stop()

    def stopping(self, reason: str) -> None:
        """No new page starts."""
        self._observer.stopping(reason)

    def seconds_until_flush(self, now: float) -> float | None:
        """Time until pages have to be recorded; None while there are none."""
        return self._group.seconds_left(now)

    def flush_if_due(self, now: float) -> None:
        """Record the pages that have waited long enough for others."""
        if self._group.seconds_left(now) == 0:
            self._group.flush()

    def flush(self) -> None:
        """Record all pages that are on disk."""
        self._group.flush()

    def gave_up(self) -> None:
        """The crawl cannot go on; the error that says why follows."""
        self._observer.gave_up(self.stats.outcome((), was_stopped=False))

    def outcome(self, untried: tuple[PageKey, ...], *, was_stopped: bool) -> CrawlOutcome:
        """The crawl's result."""
        return self.stats.outcome(untried, was_stopped=was_stopped)
