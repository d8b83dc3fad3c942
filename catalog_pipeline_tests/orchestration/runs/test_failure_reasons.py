"""What the end of a run's log says of pages that failed, however many there are."""

from __future__ import annotations

from datetime import datetime, timezone

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.runs.failure_reasons import (
    REASONS_TOLD,
    TOLD_ALONE,
    reasons_of,
)
from catalog_pipeline.records import PageFailure

NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)


def _failure(number: int, reason: str) -> PageFailure:
    page, url = PageKey(number), f"http://shop.example/{number}"
    return PageFailure(page, url, "parse", f"page {page} {url}: {reason}", 404, 1, NOW)


def test_a_few_failures_are_told_one_by_one() -> None:
    failures = [_failure(n, "gone") for n in range(1, TOLD_ALONE + 1)]
    assert list(reasons_of(failures)) == [failure.message for failure in failures]


def test_the_reason_of_every_page_is_told_where_many_have_the_same() -> None:
    failures = [_failure(n, "gone" if n % 2 else "empty") for n in range(1, 100_001)]
    odd, even = reasons_of(failures)
    assert odd.startswith("pages 1,3,5,")
    assert odd.endswith("99997,99999: gone")
    assert even.startswith("pages 2,4,6,")
    assert even.endswith("99998,100000: empty")
    assert len(odd) < 250


def test_pages_in_a_row_are_told_as_ranges_and_one_alone_with_its_address() -> None:
    failures = [_failure(n, "gone") for n in range(1, 501)] + [_failure(502, "empty")]
    assert list(reasons_of(failures)) == ["pages 1-500: gone", failures[-1].message]


def test_more_reasons_than_can_be_told_are_counted() -> None:
    failures = [_failure(n, f"reason {n}") for n in range(1, REASONS_TOLD + 4)]
    *lines, last = reasons_of(failures)
    assert lines == [failure.message for failure in failures[:REASONS_TOLD]]
    assert last == "3 more pages for other reasons, which their partitions' events tell"
