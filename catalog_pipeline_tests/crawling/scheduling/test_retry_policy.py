"""When a failed page is tried again, and when it is given up."""

import pytest

from catalog_pipeline.catalogue.politeness import Politeness
from catalog_pipeline.crawling.scheduling.retry_policy import next_attempt
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.retry_table import RETRY_TABLE, RetryRule
from catalog_pipeline.pushback import Pushback

POLITENESS = Politeness(
    backoff_seconds=1, max_backoff_seconds=10, max_attempts=8, page_timeout_seconds=600
)
STARTED_AT = 5000.0
RETRIED = next(rule.kind for rule in RETRY_TABLE if rule.is_retried)


def wait_after(
    attempt: int,
    *,
    kind: str = RETRIED,
    passed: float = 0.0,
    retry_after: float | None = None,
    politeness: Politeness = POLITENESS,
) -> float | None:
    """Seconds until the next try, after so many tries and so much time, or None."""
    pushback = Pushback(retry_after is not None, retry_after)
    error = FetchError("no", kind=kind, url="http://shop.example/", pushback=pushback)
    now = STARTED_AT + passed
    due_at = next_attempt(error, attempt, STARTED_AT, now, politeness)
    return None if due_at is None else due_at - now


@pytest.mark.parametrize("rule", RETRY_TABLE, ids=lambda rule: rule.kind)
def test_exactly_the_kinds_that_the_table_names_are_tried_again(rule: RetryRule) -> None:
    assert (wait_after(1, kind=rule.kind) is not None) == rule.is_retried


@pytest.mark.parametrize(("attempt", "least", "most"), [(1, 1, 1.5), (2, 2, 3), (3, 4, 6)])
def test_the_wait_doubles_with_each_try(attempt: int, least: float, most: float) -> None:
    for _ in range(50):
        wait = wait_after(attempt)
        assert wait is not None
        assert least <= wait <= most


def test_the_wait_never_exceeds_its_limit() -> None:
    waits = [wait_after(7) for _ in range(50)]
    assert set(waits) == {10}


def test_pages_that_failed_together_do_not_come_back_together() -> None:
    assert len({wait_after(1) for _ in range(20)}) > 15


def test_after_the_last_attempt_the_failure_is_final() -> None:
    assert wait_after(POLITENESS.max_attempts - 1) is not None
    assert wait_after(POLITENESS.max_attempts) is None


def test_a_single_attempt_is_never_repeated() -> None:
    assert wait_after(1, politeness=Politeness(max_attempts=1)) is None


def test_no_attempt_starts_after_the_total_time_of_a_page() -> None:
    assert wait_after(1, passed=590) is not None
    assert wait_after(1, passed=599.5) is None


def test_retry_after_is_waited_for_in_full() -> None:
    wait = wait_after(1, retry_after=120)
    assert wait is not None
    assert 120 < wait < 122


def test_a_retry_after_beyond_the_total_time_gives_the_page_up_at_once() -> None:
    assert wait_after(1, retry_after=601) is None
