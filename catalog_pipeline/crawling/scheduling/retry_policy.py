"""Whether and when a page that could not be downloaded is tried again within the run.

Which kinds of failures are worth another try is the table in
`catalog_pipeline.fetching.retry_table`; how fast the whole crawl goes is
`catalog_pipeline.crawling.scheduling.throttle`. Nothing here sleeps or reads a clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.politeness import Politeness
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.retry_table import is_retried

if TYPE_CHECKING:
    from tenacity import RetryCallState


def next_attempt(
    error: FetchError, attempt: int, started_at: float, now: float, politeness: Politeness
) -> float | None:
    """Return when the page is to be tried again, or None if `error` is final.

    `attempt` counts the tries so far, `started_at` is when the first one began. The wait doubles
    from try to try and a random part of up to half of it is added, so that pages that failed
    together do not come back together. A Retry-After is waited for in full; if it, or the wait,
    leads beyond the page's total time, the page is given up at once.
    """
    if not is_retried(error.kind):
        return None
    # Most crawls never need it, and each would pay for its import.
    from tenacity import RetryCallState, Retrying
    from tenacity.stop import stop_after_attempt, stop_before_delay

    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempt
    state.start_time = started_at
    state.outcome_timestamp = now
    state.upcoming_sleep = _wait(state, politeness) + (error.pushback.retry_after_seconds or 0.0)
    is_over = stop_after_attempt(politeness.max_attempts) | stop_before_delay(
        politeness.page_timeout_seconds
    )
    return None if is_over(state) else now + state.upcoming_sleep


def _wait(state: RetryCallState, politeness: Politeness) -> float:
    from tenacity import wait_exponential, wait_random

    longest = politeness.max_backoff_seconds
    backoff = wait_exponential(multiplier=politeness.backoff_seconds, max=longest)(state)
    return min(backoff + wait_random(0, backoff / 2)(state), longest)
