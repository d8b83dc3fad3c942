"""Stops a crawl that meets mostly failures, instead of hammering on at a blocked or dead site.

Only the judgement belongs here; ending the crawl is the scheduler's.
"""

from __future__ import annotations

from collections import Counter, deque

from catalog_pipeline.pushback import MAX_RETRY_AFTER_SECONDS
from catalog_pipeline.records import PageFailure

_KINDS_OF_CONTENT = ("parse", "no_product", "repeats", "page_lost")
"""Kinds of failure of which the status says nothing: the site gave the page."""
ENDING_KINDS = {
    "repeats": "show the products of other pages",
    "page_lost": "lead to other pages",
    "status_404_410": "are not there",
    "no_product": "show no product",
}
"""Kinds of failure by which a page may be one that the listing does not have."""


class CircuitBreaker:
    """Looks at the last `stop_window` pages that were finished, for better or worse.

    `longest_pause_seconds` is how long a Retry-After may hold up the whole crawl.
    """

    def __init__(
        self,
        stop_when_failed_share: float,
        stop_window: int,
        longest_pause_seconds: float | None = None,
    ) -> None:
        self._share = stop_when_failed_share
        self._longest_pause_seconds = longest_pause_seconds
        self._asked_pause_seconds = 0.0
        self._finished: deque[PageFailure | None] = deque(maxlen=stop_window)

    def page_done(self) -> None:
        """Count a page that was downloaded, parsed and stored."""
        self._finished.append(None)

    def page_failed(self, failure: PageFailure) -> None:
        """Count a page that was given up, whether its download or its parsing failed."""
        self._finished.append(failure)

    def asked_to_pause(self, seconds: float) -> None:
        """Note a Retry-After of the site."""
        self._asked_pause_seconds = max(self._asked_pause_seconds, seconds)

    def reason_to_stop(self) -> str | None:
        """Return one sentence if the crawl should stop, else None."""
        longest = self._longest_pause_seconds
        if longest is not None and self._asked_pause_seconds > longest:
            return (
                f"the site asked to be left alone for {_pause_told(self._asked_pause_seconds)}, "
                f"longer than page_timeout_seconds ({longest:.0f} s); the pages not tried stay due"
            )
        failures = [failure for failure in self._finished if failure is not None]
        total = len(self._finished)
        if total < (self._finished.maxlen or 0) or len(failures) < self._share * total:
            return None
        cause, count = Counter(_cause(failure) for failure in failures).most_common(1)[0]
        which = "all" if count == len(failures) else "most" if count * 2 > len(failures) else count
        may_end = all(failure.kind in ENDING_KINDS for failure in failures)
        or_short = ", or the listing to be shorter than was said" if may_end else ""
        return (
            f"{len(failures)} of the last {total} pages failed, {which} of them with {cause}: "
            f"the site seems to be blocked, down or changed{or_short} "
            f"(last: {failures[-1].message}); the pages not tried stay due"
        )


def _pause_told(seconds: float) -> str:
    if seconds >= MAX_RETRY_AFTER_SECONDS:
        return f"{MAX_RETRY_AFTER_SECONDS:.0f} s (7 days) or more"
    hours = f" ({seconds / 3600:.0f} hours)" if seconds >= 2 * 3600 else ""
    return f"{seconds:.0f} s{hours}"


def _cause(failure: PageFailure) -> str:
    if failure.http_status is not None and failure.kind not in _KINDS_OF_CONTENT:
        return f"HTTP {failure.http_status}"
    return f"a failure of kind {failure.kind!r}"
