"""What came of a crawl's pages so far, and whether it is so bad that the crawl should stop."""

from __future__ import annotations

from datetime import datetime, timezone

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.politeness import Politeness
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.crawling.scheduling.circuit_breaker import CircuitBreaker
from catalog_pipeline.crawling.scheduling.group_commit import Recorder
from catalog_pipeline.crawling.scheduling.queue import PageWork
from catalog_pipeline.records import CrawlOutcome, PageFailure, StoredPage


class Stats:
    """Counts pages, records failures as they come, and tells the observer of both."""

    def __init__(self, politeness: Politeness, recorder: Recorder, observer: Observer) -> None:
        self._recorder = recorder
        self._observer = observer
        self._breaker = CircuitBreaker(
            politeness.stop_when_failed_share,
            politeness.stop_window,
            politeness.page_timeout_seconds,
        )
        self._failures: list[PageFailure] = []
        self._downloads = 0
        self._not_modified = 0

    def page_stored(self, work: PageWork, stored: StoredPage) -> None:
        """A page is on disk."""
        if not work.is_reparse:
            if stored.record.not_modified:
                self._not_modified += 1
            else:
                self._downloads += 1
        self._breaker.page_done()
        self._observer.page_stored(stored)

    def page_failed(self, work: PageWork, kind: str, message: str, status: int | None) -> None:
        """A page is given up; `message` need not name it."""
        is_named = f"page {work.page}" in message
        failure = PageFailure(
            page=work.page,
            url=work.url,
            kind=kind,
            message=message if is_named else f"page {work.page} {work.url}: {message}",
            http_status=status,
            attempts=work.attempt,
            failed_at=datetime.now(timezone.utc),
        )
        self._recorder.record_failure(failure)
        self._failures.append(failure)
        self._breaker.page_failed(failure)
        self._observer.page_failed(failure)

    def asked_to_pause(self, seconds: float) -> None:
        """The site named a time for which it wants to be left alone."""
        self._breaker.asked_to_pause(seconds)

    def reason_to_stop(self) -> str | None:
        """Why the crawl should stop, if it should."""
        return self._breaker.reason_to_stop()

    def outcome(self, untried: tuple[PageKey, ...], *, was_stopped: bool) -> CrawlOutcome:
        """The crawl's result; it was not stopped short if nothing was left to try."""
        return CrawlOutcome(
            downloads=self._downloads,
            not_modified=self._not_modified,
            failures=tuple(sorted(self._failures, key=lambda failure: failure.page)),
            untried=untried,
            was_stopped=was_stopped and bool(untried),
        )
