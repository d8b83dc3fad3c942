"""What the log of a run tells of its crawl while it goes on, and at its end.

Each page has an event of its own at DEBUG; here are the lines for whoever looks how it is going.
"""

from __future__ import annotations

import heapq
import logging
import time
from collections.abc import Callable

from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.records import CrawlOutcome, PageFailure, StoredPage
from catalog_pipeline.showing import as_line

SECONDS_BETWEEN_LINES = 10.0
MOST_FAILURES = 100
"""Failed pages that get a line each; the others are told by their partitions alone."""
_SLOWEST = 3


class RunLog(Observer):
    """Writes a line every ten seconds, one for each failed page, and a summary."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._started = self._last_line = clock()
        self._total = self._stored = self._failed = self._retries = 0
        self._waited_seconds = 0.0
        self._slowest: list[tuple[float, str]] = []

    def planned(self, plan: CrawlPlan) -> None:
        self._total = len(plan.due)
        self._started = self._last_line = self._clock()

    def going_on(self, waited_seconds: float) -> None:
        self._waited_seconds += waited_seconds
        now = self._clock()
        if now - self._last_line >= SECONDS_BETWEEN_LINES:
            self._last_line = now
            self._log.info(as_line(self._progress(now)))

    def page_stored(self, stored: StoredPage) -> None:
        self._stored += 1
        record = stored.record
        slow = (record.fetch_seconds, str(record.page))
        if len(self._slowest) < _SLOWEST:
            heapq.heappush(self._slowest, slow)
        else:
            heapq.heappushpop(self._slowest, slow)

    def page_failed(self, failure: PageFailure) -> None:
        self._failed += 1
        if self._failed <= MOST_FAILURES:
            self._log.warning(as_line(failure.message))
        if self._failed == MOST_FAILURES:
            self._log.warning("Of further failed pages each partition tells its own reason.")

    def put_off(self, reason: str, seconds: float) -> None:
        self._retries += 1

    def slowed_down(self, reason: str) -> None:
        self._log.warning(as_line(f"Slowly: {reason}."))

    def stopping(self, reason: str) -> None:
        self._log.warning(as_line(f"Stopping ({reason}); finishing the pages in flight."))

    def finished(self, outcome: CrawlOutcome) -> None:
        self._tell_costs(
            f"{outcome.downloads:,} downloads, {outcome.not_modified:,} unchanged (304)",
            len(outcome.failures),
        )

    def given_up(self) -> None:
        """The crawl has ended without an outcome, as it could not have gone on."""
        self._tell_costs(f"{self._stored:,} pages stored", self._failed)

    def _tell_costs(self, gains: str, failed: int) -> None:
        slowest = ", ".join(
            f"{page} ({seconds:.1f} s)" for seconds, page in sorted(self._slowest, reverse=True)
        )
        self._log.info(
            as_line(
                f"{gains}, {self._retries:,} retries, {failed:,} failed, "
                f"{self._waited_seconds:,.0f} s waited for the site's limits, "
                f"{self._clock() - self._started:,.0f} s in all; "
                f"slowest pages: {slowest or 'none'}."
            )
        )

    def _progress(self, now: float) -> str:
        finished = self._stored + self._failed
        counts = f"{finished:,} of {self._total:,} pages"
        if not finished:
            return f"{counts} after {_in_words(now - self._started)}"
        rate = finished / (now - self._started)
        return (
            f"{counts}, {_speed(rate)}, {self._failed:,} failed, "
            f"about {_in_words((self._total - finished) / rate)} left"
        )


def _speed(rate: float) -> str:
    """Pages a second, or in as short a time as has one."""
    for unit, seconds in (("a second", 1), ("a minute", 60)):
        pages = rate * seconds
        if pages >= 1:
            return f"{pages:,.{0 if pages >= 10 else 1}f} {unit}"
    return f"{rate * 3600:,.1f} an hour"


def _in_words(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:,.0f} h"
