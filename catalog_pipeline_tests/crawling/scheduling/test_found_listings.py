"""What all kinds of listings promise whose pages crawls find: open, told, linked."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_pipeline.errors import PageError
from catalog_pipeline_tests.crawling.scheduling.played_crawl import (
    PER_PAGE,
    RULES,
    KeptCatalogue,
    PlayedCrawl,
    PlayedShop,
    status,
    without_products,
)

HISTORIES = 40
FAULTS: list[Callable[[], PageError]] = [
    lambda: status(503, "status_5xx"),
    lambda: without_products("a challenge"),
    without_products,
    lambda: status(404, "status_404_410"),
]


def _change(shop: PlayedShop, chance: random.Random) -> None:
    """Let a shop sell other products, or the same ones in another order."""
    what = chance.choice(["grows", "shrinks", "sorts", "stays", "swaps"])
    new = [chance.randrange(10**9) for _ in range(chance.randint(1, 3 * PER_PAGE))]
    if what == "grows":
        shop.products += new
    elif what == "shrinks":
        del shop.products[max(1, len(shop.products) - len(new)) :]
    elif what == "sorts":
        chance.shuffle(shop.products)
    elif what == "swaps":
        shop.products[: len(new)] = new


def _changing(shop: PlayedShop, chance: random.Random, at: int | None) -> Callable[[int], None]:
    """Changes the shop after so many answers of a crawl."""

    def meanwhile(answers: int) -> None:
        if answers == at:
            _change(shop, chance)

    return meanwhile


def _play(kind: str, seed: int, folder: Path) -> None:
    """Some crawls of a shop that changes and fails, then quiet ones: all is as the shop is."""
    chance = random.Random(seed)
    shop = PlayedShop([chance.randrange(10**9) for _ in range(chance.randint(1, 12 * PER_PAGE))])
    shop.has_cursors_of_its_own = chance.random() < 0.5
    kept = KeptCatalogue(kind)
    for _ in range(chance.randint(1, 5)):
        _change(shop, chance)
        shop.faults = {
            page: chance.choice(FAULTS)
            for page in range(1, shop.pages + 6)
            if chance.random() < 0.12
        }
        refreshes = chance.random() < 0.5
        due = kept.due(refreshes=refreshes)
        changes_at = chance.choice([None, chance.randint(0, 12)])
        looks = refreshes or not kept.is_end_known
        PlayedCrawl(kept, folder, due, looks=looks, refreshes=refreshes).run(
            shop,
            chance,
            chance.choice([None, chance.randint(0, 15)]),
            _changing(shop, chance, changes_at),
        )
    shop.faults = {}
    for attempt in range(4):
        refreshes = attempt == 0
        looks = refreshes or not kept.is_end_known
        due = kept.due(refreshes=refreshes)
        crawl = PlayedCrawl(kept, folder, due, looks=looks, refreshes=refreshes)
        assert crawl.run(shop, chance)
        if kept.is_end_known and not kept.due(refreshes=False):
            break
    assert kept.is_end_known
    assert sorted(kept.keys) == list(range(1, shop.pages + 1))
    assert (sorted(kept.done), kept.failed) == (sorted(kept.keys), set())
    assert kept.table == shop.products


@pytest.mark.parametrize("kind", sorted(RULES))
@settings(max_examples=HISTORIES)
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_after_the_last_quiet_crawl_pages_statuses_and_rows_are_those_of_the_shop(
    kind: str, seed: int
):
    with tempfile.TemporaryDirectory() as folder:
        _play(kind, seed, Path(folder))


@pytest.fixture
def whole(tmp_path: Path) -> Callable[[str, int], KeptCatalogue]:
    def crawled(kind: str, pages: int) -> KeptCatalogue:
        kept = KeptCatalogue(kind)
        shop = PlayedShop(list(range(pages * PER_PAGE)))
        assert PlayedCrawl(kept, tmp_path, [1], looks=True).run(shop, random.Random(1))
        assert kept.is_end_known
        return kept

    return crawled


@pytest.mark.parametrize("kind", sorted(RULES))
def test_a_crawl_that_was_cut_off_asks_for_no_recorded_page_again(kind: str, tmp_path: Path):
    shop = PlayedShop(list(range(20 * PER_PAGE)))
    for cut in range(1, 18):
        kept, chance = KeptCatalogue(kind), random.Random(cut)
        assert not PlayedCrawl(kept, tmp_path, [1], looks=True).run(shop, chance, cut)
        recorded = set(kept.done)
        second = PlayedCrawl(kept, tmp_path, kept.due(refreshes=False), looks=True)
        assert second.run(shop, chance)
        assert not recorded & set(second.asked) - {20}
        assert kept.keys == list(range(1, 21))
        assert kept.table == shop.products


@pytest.mark.parametrize("kind", sorted(RULES))
def test_a_page_that_blocks_in_the_middle_is_a_failure_and_no_end(
    kind: str, tmp_path: Path, whole: Callable[[str, int], KeptCatalogue]
):
    kept = KeptCatalogue(kind)
    shop = PlayedShop(list(range(9 * PER_PAGE)), {5: lambda: without_products("a challenge")})
    PlayedCrawl(kept, tmp_path, [1], looks=True).run(shop, random.Random(1))
    assert kept.failed == {5}
    assert kept.is_end_known is (kind != "linked")
    shop.faults = {}
    again = PlayedCrawl(kept, tmp_path, kept.due(refreshes=False), looks=not kept.is_end_known)
    again.run(shop, random.Random(2))
    assert sorted(again.asked) == ([5] if kind != "linked" else [5, 6, 7, 8, 9])
    assert (kept.failed, kept.table) == (set(), shop.products)


@pytest.mark.parametrize("kind", sorted(RULES))
def test_a_page_alone_is_asked_for_alone(
    kind: str, tmp_path: Path, whole: Callable[[str, int], KeptCatalogue]
):
    kept = whole(kind, 7)
    del kept.done[4]
    again = PlayedCrawl(kept, tmp_path, [4], looks=False)
    again.run(PlayedShop(list(range(7 * PER_PAGE))), random.Random(1))
    assert again.asked == [4]
    assert kept.is_end_known


@pytest.mark.parametrize("kind", sorted(RULES))
def test_a_site_that_blocks_from_some_moment_on_loses_no_page(
    kind: str, tmp_path: Path, whole: Callable[[str, int], KeptCatalogue]
):
    kept = whole(kind, 9)
    before = kept.table
    shop = PlayedShop(list(range(9 * PER_PAGE)))

    def block(answers: int) -> None:
        if answers == 4:
            shop.faults = dict.fromkeys(range(1, 30), without_products)

    crawl = PlayedCrawl(kept, tmp_path, kept.due(refreshes=True), looks=True)
    crawl.run(shop, random.Random(3), meanwhile=block)
    assert kept.table == before
    assert kept.keys == list(range(1, 10))
