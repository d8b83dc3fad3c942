"""When a crawl that meets mostly failures stops, and that others never do."""

import itertools
import random
from datetime import datetime, timezone

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.scheduling.circuit_breaker import CircuitBreaker
from catalog_pipeline.pushback import MAX_RETRY_AFTER_SECONDS
from catalog_pipeline.records import PageFailure


def failure(kind: str = "status_401_403", http_status: int | None = 403) -> PageFailure:
    return PageFailure(
        page=PageKey(7),
        url="http://shop.example/7",
        kind=kind,
        message="page 7 http://shop.example/7: access denied",
        http_status=http_status,
        attempts=1,
        failed_at=datetime.now(timezone.utc),
    )


def watch_of(outcomes: str, share: float = 0.8, window: int = 20) -> CircuitBreaker:
    """A breaker that has seen `outcomes`: `f` a failed page, `d` a done one."""
    breaker = CircuitBreaker(share, window)
    for outcome in outcomes:
        if outcome == "f":
            breaker.page_failed(failure())
        else:
            breaker.page_done()
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "stops"),
    [
        ("f" * 20, True),
        ("d" * 4 + "f" * 16, True),
        ("d" * 5 + "f" * 15, False),
        ("d" * 100 + "f" * 16, True),
        ("f" * 16 + "d" * 5, False),
        ("f" * 19, False),
        ("", False),
        ("d" * 50, False),
    ],
)
def test_the_share_of_the_last_pages_decides(outcomes: str, stops: bool) -> None:
    assert (watch_of(outcomes).reason_to_stop() is not None) == stops


@pytest.mark.parametrize("kind", ["repeats", "page_lost", "no_product", "status_404_410"])
def test_pages_as_they_are_beyond_an_end_may_show_a_listing_that_is_shorter(kind: str) -> None:
    breaker = CircuitBreaker(0.8, 20)
    for _ in range(20):
        breaker.page_failed(failure(kind, 404 if kind == "status_404_410" else 200))
    reason = breaker.reason_to_stop()
    assert reason is not None
    assert "changed, or the listing to be shorter than was said (last: " in reason
    assert "HTTP 200" not in reason
    breaker.page_failed(failure("status_5xx", 500))
    assert "shorter" not in (breaker.reason_to_stop() or "shorter")


def test_two_bad_pages_of_fifty_never_stop_a_crawl() -> None:
    """Wherever they are, and at every moment of the crawl."""
    for first, second in itertools.combinations(range(50), 2):
        breaker = CircuitBreaker(0.8, 20)
        for page in range(50):
            if page in (first, second):
                breaker.page_failed(failure())
            else:
                breaker.page_done()
            assert breaker.reason_to_stop() is None


def test_a_crawl_shorter_than_the_window_never_stops() -> None:
    breaker = CircuitBreaker(0.01, 20)
    for _ in range(19):
        breaker.page_failed(failure())
        assert breaker.reason_to_stop() is None


def test_failures_of_parsing_count_too() -> None:
    breaker = CircuitBreaker(1.0, 3)
    for _ in range(3):
        breaker.page_failed(failure("parse", 200))
    reason = breaker.reason_to_stop()
    assert reason is not None
    assert "'parse'" in reason
    assert "HTTP 200" not in reason


def test_the_reason_names_numbers_cause_and_what_becomes_of_the_rest() -> None:
    breaker = CircuitBreaker(0.8, 20)
    outcomes = [failure()] * 15 + [failure("connect", None)] * 3 + [None] * 2
    random.Random(1).shuffle(outcomes)
    for outcome in outcomes:
        if outcome is None:
            breaker.page_done()
        else:
            breaker.page_failed(outcome)
    reason = breaker.reason_to_stop() or ""
    assert reason.startswith("18 of the last 20 pages failed, most of them with HTTP 403")
    assert "page 7 http://shop.example/7" in reason
    assert "the pages not tried stay due" in reason


def test_a_site_that_wants_a_very_long_pause_stops_the_crawl() -> None:
    breaker = CircuitBreaker(0.8, 20, longest_pause_seconds=600)
    breaker.asked_to_pause(600)
    assert breaker.reason_to_stop() is None
    breaker.asked_to_pause(3600)
    assert "alone for 3600 s, longer" in (breaker.reason_to_stop() or "")
    breaker.asked_to_pause(172_800)
    assert "alone for 172800 s (48 hours), longer" in (breaker.reason_to_stop() or "")
    breaker.asked_to_pause(MAX_RETRY_AFTER_SECONDS)
    assert "alone for 604800 s (7 days) or more, longer" in (breaker.reason_to_stop() or "")


def test_a_pause_of_days_is_longer_than_any_time_that_a_page_may_have() -> None:
    assert MAX_RETRY_AFTER_SECONDS > 86_400
