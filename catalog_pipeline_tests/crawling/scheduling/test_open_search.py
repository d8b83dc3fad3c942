"""The search for the pages of a listing whose length nobody says: what it finds, and when it ends.

The shop here is values: answers come in any order, and a crawl may be cut off after any of them.
"""

from __future__ import annotations

import itertools
import random
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.catalogue.length import EndSigns, OpenLength
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.scheduling.end_signs import sign_of
from catalog_pipeline.crawling.scheduling.open_search import OpenSearch
from catalog_pipeline.crawling.scheduling.page_source import Unproven
from catalog_pipeline.errors import FetchError, PageError
from catalog_pipeline.records import PageRecord, StoredPage
from catalog_pipeline_tests.crawling.scheduling.played_crawl import (
    WINDOW,
    KeptCatalogue,
    SettledCrawl,
    status,
    without_products,
)
from catalog_pipeline_tests.pages import keys

RULES = OpenLength(kind="open")
_moments = itertools.count()


def _stored(number: int, shows: str) -> StoredPage:
    at = datetime.fromtimestamp(1_700_000_000 + next(_moments), timezone.utc)
    record = PageRecord(
        PageKey(number), f"http://shop.example/{number}", 200, 20, 900, 0.1, 1, at,
        "text/html", None, None, False, f"rows of {shows}", "c", products=shows,
    )  # fmt: skip
    return StoredPage(record, f"{number}.page", "0")


def _redirect(*, to_listing: bool) -> FetchError:
    error = FetchError("a redirect", kind="page_lost", url="http://shop.example", http_status=200)
    error.leads_to_listing = to_listing
    return error


@dataclass
class Shop:
    """What each page shows: products, or an error."""

    pages: int
    end: str = "404"
    faults: dict[int, PageError] = field(default_factory=dict)
    revision: int = 0

    def answer(self, number: int) -> str | PageError:
        if number in self.faults:
            return self.faults[number]
        if number <= self.pages:
            return f"products of {number}, {self.revision}"
        if self.end == "repeat":
            return f"products of {self.pages}, {self.revision}"
        if self.end == "redirect":
            return _redirect(to_listing=True)
        return without_products() if self.end == "empty" else status(404, "status_404_410")


class Crawl(SettledCrawl):
    """One crawl of a shop into what is kept of its catalogue."""

    def __init__(
        self,
        kept: KeptCatalogue,
        folder: Path,
        rules: OpenLength,
        *,
        refreshes: bool,
        window: int = WINDOW,
    ) -> None:
        due = kept.due(refreshes=refreshes)
        left = {} if refreshes else {PageKey(n): file for n, file in kept.files.items()}
        source = OpenSearch(
            rules, [PageKey(n) for n in kept.keys], [PageKey(n) for n in due],
            window=window, left=left,
        )  # fmt: skip
        super().__init__(kept, folder, due, source)

    def run(self, shop: Shop, chance: random.Random, cut_after: int | None = None) -> bool:
        """Ask for everything; False if it was cut off after so many answers."""
        return self.play(lambda number: self._answer(number, shop), chance, cut_after)

    def _answer(self, number: int, shop: Shop) -> None:
        answer = shop.answer(number)
        if isinstance(answer, PageError):
            self.settlement.page_failed(PageKey(number), "http://shop.example", 1, answer)
            return
        stored = _stored(number, answer)
        self.kept.files[number] = stored
        self.settlement.page_came(stored, 1)


@pytest.fixture
def crawl_of(tmp_path: Path) -> Callable[..., Crawl]:
    def made(kept: KeptCatalogue, rules: OpenLength = RULES, **options: Any) -> Crawl:
        return Crawl(kept, tmp_path / "pages", rules, **{"refreshes": False, **options})

    return made


def _history(seed: int, crawl_of: Callable[..., Crawl]) -> None:
    chance = random.Random(seed)
    kept = KeptCatalogue("open")
    rules = OpenLength(kind="open", shrink="100%")
    shop = Shop(chance.randint(1, 12), chance.choice(["404", "empty", "repeat", "redirect"]))
    faults: list[Callable[[], PageError]] = [
        lambda: status(503, "status_5xx"), lambda: without_products("a challenge"),
        without_products, lambda: status(404, "status_404_410"),
        lambda: _redirect(to_listing=True),
    ]  # fmt: skip
    for _ in range(chance.randint(1, 4)):
        shop.revision += 1
        shop.pages = max(1, shop.pages + chance.randint(-3, 4))
        shop.faults = {
            number: chance.choice(faults)()
            for number in range(1, shop.pages + 8)
            if chance.random() < 0.1
        }
        refreshes = chance.random() < 0.5
        crawl = crawl_of(kept, rules, refreshes=refreshes)
        is_whole = crawl.run(shop, chance, chance.choice([None, chance.randint(0, 15)]))
        if is_whole and refreshes and crawl.findings.end is not None:
            assert max(kept.keys) <= shop.pages, "a confirmed end leaves no page beyond it"
    shop.faults = {}
    shop.revision += 1
    for attempt in range(3):
        if crawl_of(kept, rules, refreshes=attempt == 0).run(shop, chance) and kept.is_end_known:
            break
    assert kept.keys == list(range(1, shop.pages + 1))
    assert {n: stored.record.products for n, stored in kept.done.items()} == {
        n: shop.answer(n) for n in range(1, shop.pages + 1)
    }
    assert kept.failed == set()
    assert kept.is_end_known


@pytest.mark.parametrize("seed", range(10))
def test_whatever_happened_before_the_last_quiet_crawl_has_what_the_shop_has(
    seed: int, crawl_of: Callable[..., Crawl]
):
    """Thirty histories each: shops that grow, shrink, block and fail, crawls that are cut off."""
    for number in range(30):
        _history(1000 * seed + number, crawl_of)


def test_no_more_is_asked_beyond_an_end_than_twice_the_window(crawl_of: Callable[..., Crawl]):
    for seed, end in itertools.product(range(20), ["404", "empty", "repeat", "redirect"]):
        crawl = crawl_of(KeptCatalogue("open"))
        assert crawl.run(Shop(9, end), random.Random(seed))
        assert len([number for number in crawl.asked if number > 9]) <= 2 * WINDOW


def test_an_end_is_confirmed_also_if_one_page_is_asked_for_at_a_time(
    crawl_of: Callable[..., Crawl],
):
    crawl = crawl_of(KeptCatalogue("open"), window=1)
    assert crawl.run(Shop(3), random.Random(1))
    assert crawl.findings.end is not None


def test_a_crawl_that_was_cut_off_asks_for_no_stored_page_again(crawl_of: Callable[..., Crawl]):
    for cut in range(1, 16):
        kept, chance = KeptCatalogue("open"), random.Random(cut)
        first = crawl_of(kept)
        assert not first.run(Shop(20), chance, cut)
        assert kept.keys == list(range(1, len(kept.keys) + 1))
        second = crawl_of(kept)
        assert second.run(Shop(20), chance)
        assert not {n for n in first.asked if n <= 20} & set(second.asked) - {20}
        assert kept.keys == list(range(1, 21))


def test_an_end_without_products_is_confirmed_by_the_last_page_once_more(
    crawl_of: Callable[..., Crawl],
):
    crawl = crawl_of(KeptCatalogue("open"))
    assert crawl.run(Shop(5, "empty"), random.Random(1))
    assert crawl.asked.count(5) == 2
    assert crawl.findings.end is not None
    assert crawl.findings.end.page == PageKey(5)


def test_a_site_that_blocks_without_a_word_has_not_ended(crawl_of: Callable[..., Crawl]):
    """From some moment on every answer is a page without products, of which nothing tells why."""
    kept = KeptCatalogue("open")
    crawl = crawl_of(kept)

    class Blocking(Shop):
        def answer(self, number: int) -> str | PageError:
            return super().answer(number) if len(crawl.asked) <= 6 else without_products()

    crawl.run(Blocking(30), random.Random(2))
    assert crawl.findings.end is None
    (problem,) = crawl.findings.problems
    assert "could not be had once more" in problem
    assert kept.keys == list(range(1, len(kept.keys) + 1))


def test_pages_that_would_be_too_many_to_go_stay_with_what_they_had(
    crawl_of: Callable[..., Crawl],
):
    kept = KeptCatalogue("open")
    crawl_of(kept).run(Shop(10), random.Random(3))
    before = dict(kept.done)
    crawl = crawl_of(kept, refreshes=True)
    crawl.run(Shop(6, revision=1), random.Random(3))
    assert "pages 7-10 to be gone: 4 of 10, more than shrink (20%)" in crawl.findings.problems[0]
    assert kept.keys == list(range(1, 11))
    assert {n: kept.done[n].record for n in range(7, 11)} == {
        n: before[n].record for n in range(7, 11)
    }
    assert kept.failed == set()


def test_a_first_page_that_shows_nothing_is_a_failure_and_no_end(crawl_of: Callable[..., Crawl]):
    kept = KeptCatalogue("open")
    crawl = crawl_of(kept)
    crawl.run(Shop(0, "empty"), random.Random(4))
    assert (kept.keys, kept.failed) == ([1], {1})
    assert crawl.findings.end is None


def test_more_pages_than_are_allowed_are_not_taken(crawl_of: Callable[..., Crawl]):
    kept = KeptCatalogue("open")
    crawl = crawl_of(kept, OpenLength(kind="open", at_most=5))
    crawl.run(Shop(9), random.Random(5))
    assert kept.keys == [1, 2, 3, 4, 5]
    assert "more pages than at_most (5)" in crawl.findings.problems[0]


SIGNS = [
    (without_products(), "empty"),
    (status(404, "status_404_410"), "status"),
    (status(410, "status_404_410"), "status"),
    (FetchError("again", kind="repeats", url="u", http_status=200), "repeats"),
    (_redirect(to_listing=True), "redirect"),
]


@pytest.mark.parametrize(("error", "switch"), SIGNS)
def test_each_sign_of_an_end_can_be_switched_off(error: PageError, switch: str):
    assert sign_of(error, EndSigns()) is not None
    off: tuple[int, ...] | bool = () if switch == "status" else False
    assert sign_of(error, EndSigns().model_copy(update={switch: off})) is None


@pytest.mark.parametrize(
    "error",
    [
        without_products("it looks like a challenge"),
        _redirect(to_listing=False),
        status(503, "status_5xx"),
        status(403, "status_401_403"),
        status(429, "status_429"),
        FetchError("silence", kind="timeout", url="u"),
        FetchError("a cookie wall", kind="redirect_refused", url="u", http_status=302),
    ],
)
def test_a_block_an_outage_and_a_time_out_are_no_signs(error: PageError):
    assert sign_of(error, EndSigns()) is None


@pytest.mark.parametrize("status", [200, 301, 401, 403, 408, 425, 429, 500, 503])
def test_statuses_that_never_end_a_listing_are_refused(status: int):
    with pytest.raises(ValueError, match=f"{status} never ends a listing"):
        EndSigns(status=(404, status))


def test_a_page_that_failed_makes_the_others_of_a_long_listing_no_dearer():
    known = keys(*range(1, 5001))
    search = OpenSearch(RULES, known, known, window=WINDOW)
    assert not search.holds_back(Unproven(PageKey(2), "", 1, status(503, "status_5xx")))
    stored = _stored(3, "three")
    tracemalloc.start()
    try:
        assert search.good(stored) == []
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < len(known), "no other page was looked at"
