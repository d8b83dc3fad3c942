"""Days of the shop: what it sells on each, what it shows of that, and what it writes down."""

from __future__ import annotations

from itertools import pairwise

import pytest
from lxml import etree, html

from catalog_pipeline.errors import UsageError
from catalog_pipeline.sandbox.days import (
    HALF_DAY,
    LAST_DAY,
    OUTAGE_DAY,
    RENAMED_DAY,
    goods_of_day,
    shop_day,
)
from catalog_pipeline.sandbox.products import product
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.sandbox.conftest import Ask


def _sold(day: int) -> dict[int, tuple[object, bool]]:
    return {item.id: (item.price, item.in_stock) for item in goods_of_day(day, 1000)}


def _cards(ask: Ask, page: int) -> list[etree._Element]:
    return list(html.fromstring(ask(f"/products?page={page}").text).find_class("product-card"))


def test_prices_move_and_goods_come_go_and_return() -> None:
    days = [_sold(day) for day in range(1, 31)]
    assert days[0] == {
        number: (item.price, item.in_stock) for number in days[0] for item in [product(number)]
    }
    new, gone, moved, turned = set[int](), set[int](), 0, 0
    returned = set[int]()
    for before, after in pairwise(days):
        returned |= gone & (after.keys() - before.keys())
        new |= after.keys() - before.keys()
        gone |= before.keys() - after.keys()
        both = before.keys() & after.keys()
        moved += sum(before[number][0] != after[number][0] for number in both)
        turned += sum(before[number][1] != after[number][1] for number in both)
        assert sum(before[number] == after[number] for number in both) > len(both) / 2
    assert len(new - returned) > 20
    assert len(gone - returned) > 20
    assert len(returned) > 20
    assert moved > 1000
    assert turned > 1000
    assert _sold(12) == days[11], "a day is what it is, whenever it is asked for"


@pytest.mark.parametrize(("pages", "size"), [(8, 10), (50, 20), (1, 3)])
def test_on_three_days_the_shop_shows_something_else_than_it_sells(pages: int, size: int) -> None:
    odd = []
    for day in range(1, 31):
        today = shop_day(day, pages, size)
        assert tuple(goods_of_day(day, pages * size)) == today.products
        if today.renamed or today.out or today.pages * size < len(today.products):
            odd.append(day)
    assert odd == ([12, 17, 20] if pages > 1 else [12])


def test_its_listing_and_its_ledger_are_those_of_the_day(shop: RunningShop, ask: Ask) -> None:
    shop.control(day=9)
    told = shop.ledger()[9]
    shown = {
        card.get("data-product-id"): card.find_class("price")[0].text
        for page in range(1, shop.control()["pages"] + 1)
        for card in _cards(ask, page)
    }
    assert {number: f"${float(price):,.2f}" for number, (price, _) in told.items()} == shown
    assert told == {str(number): (str(price), stock) for number, (price, stock) in _sold(9).items()}
    etag = ask("/products?page=1").headers["etag"]
    shop.control(day=10)
    assert ask("/products?page=1").headers["etag"] != etag
    assert {9, 10} <= set(shop.ledger())
    shop.control(day=None)
    assert [card.get("data-product-id") for card in _cards(ask, 1)][:3] == ["1", "2", "3"]
    assert shop.control()["pages"] == 50


def test_what_goes_wrong_is_met_on_the_wire(shop: RunningShop, ask: Ask) -> None:
    shop.control(day=RENAMED_DAY)
    prices = [len(card.find_class("price")) for card in _cards(ask, 3)]
    assert prices == [0, 1] * 10
    shop.control(day=OUTAGE_DAY)
    assert [ask(f"/products?page={page}").status for page in (1, 2, 3, 5)] == [200, 503, 200, 503]
    shop.control(day=HALF_DAY - 1)
    whole = shop.control()["pages"]
    shop.control(day=HALF_DAY)
    half = shop.control()["pages"]
    assert half == whole // 2
    assert [ask(f"/products?page={page}").status for page in (half, half + 1)] == [200, 404]
    assert 'rel="next"' not in ask(f"/products?page={half}").text
    assert len(shop.ledger()[HALF_DAY]) > half * 20


@pytest.mark.parametrize("day", [0, -1, "1", True, LAST_DAY + 1])
def test_a_day_that_is_none_is_refused(shop: RunningShop, day: object) -> None:
    with pytest.raises(UsageError, match="day"):
        shop.control(day=day)
