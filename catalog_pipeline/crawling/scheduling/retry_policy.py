"""Whether and when a page that could not be downloaded is tried again within the run.

Which kinds of failures are worth another try is the table in
`catalog_pipeline.fetching.retry_table`; how fast the whole crawl goes is
`catalog_pipeline.crawling.scheduling.throttle`. Nothing here sleeps or reads a clock.
"""

from __future__ import annotations

import random

from catalog_pipeline.catalogue.politeness import Politeness
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.retry_table import is_retried

_MOST_DOUBLINGS = 63
"""After these any wait is longer than a crawl; one more would only lead to numbers without end."""


def next_attempt(
    error: FetchError, attempt: int, started_at: float, now: float, politeness: Politeness
) -> float | None:
    """When the page is to be tried again, or None if `error` is final.

    `attempt` counts the tries so far, `started_at` is when the first one began. The wait doubles
    from try to try and a random part of up to half of it is added, so that pages that failed
    together do not come back together. A Retry-After is waited for in full; if it, or the wait,
    leads beyond the page's total time, the page is given up at once.
    """
    if not is_retried(error.kind) or attempt >= politeness.max_attempts:
        return None
    asked_seconds = error.pushback.retry_after_seconds or 0.0
    again_at = now + _backoff_seconds(attempt, politeness) + asked_seconds
    return again_at if again_at - started_at < politeness.page_timeout_seconds else None


def _backoff_seconds(attempt: int, politeness: Politeness) -> float:
    doubled: float = politeness.backoff_seconds * 2.0 ** min(attempt - 1, _MOST_DOUBLINGS)
    longest = politeness.max_backoff_seconds
    spread = 1 + random.random() / 2  # noqa: S311 - nobody gains by foreseeing it
    return min(doubled * spread, longest)
