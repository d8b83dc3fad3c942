"""What the search of a told listing costs; what it finds is in `test_found_listings`."""

from __future__ import annotations

import sys
from datetime import datetime, timezone

from catalog_pipeline.catalogue.length import ToldLength
from catalog_pipeline.crawling.scheduling.told_search import ToldSearch
from catalog_pipeline.records import PageRecord, StoredPage, Told
from catalog_pipeline_tests.crawling.scheduling.played_crawl import RULE, RULES
from catalog_pipeline_tests.pages import keys


def test_a_page_of_a_long_listing_costs_what_one_of_a_short_one_does():
    assert _calls_of_a_page(3000) == _calls_of_a_page(30)


def _calls_of_a_page(pages: int) -> int:
    """How many functions and generators begin, or go on, when the last of so many pages came."""
    rules, known = RULES["told"], keys(*range(1, pages + 1))
    assert isinstance(rules, ToldLength)
    search = ToldSearch(rules, known, known[-1:], told=Told(RULE, last=pages))
    record = PageRecord(
        known[-1], "http://shop.example/", 200, 20, 900, 0.1, 1,
        datetime(2026, 3, 1, tzinfo=timezone.utc), "text/html", None, None, False, "v", "c",
    )  # fmt: skip
    stored = StoredPage(record, "last.page", "0")
    calls = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        search.good(stored)
    finally:
        sys.setprofile(before)
    return calls
