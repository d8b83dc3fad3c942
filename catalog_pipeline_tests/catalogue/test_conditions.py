"""The words in which a YAML says when notices are sent: each has one reading, or is a mistake."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog_pipeline.catalogue.conditions import (
    CheckFails,
    Condition,
    CrawlFails,
    ProductCondition,
    TableIsStale,
    ValueCondition,
    condition_of,
    why_not,
)
from catalog_pipeline.catalogue.field_types import CellType

READ: dict[str, Condition] = {
    "price falls 5%": ValueCondition("price", "falls", percent=Decimal(5)),
    "price falls 0.5 %": ValueCondition("price", "falls", percent=Decimal("0.5")),
    "price falls 100%": ValueCondition("price", "falls", percent=Decimal(100)),
    "price rises 250%": ValueCondition("price", "rises", percent=Decimal(250)),
    "price falls": ValueCondition("price", "falls"),
    "price changes": ValueCondition("price", "changes"),
    "in_stock becomes true": ValueCondition("in_stock", "becomes", value="true"),
    "availability becomes In stock": ValueCondition("availability", "becomes", value="In stock"),
    "new": ProductCondition("new"),
    "gone": ProductCondition("gone"),
    "returned": ProductCondition("returned"),
    "crawl fails": CrawlFails(),
    "check fails": CheckFails(),
    "check columns_are_filled fails": CheckFails("columns_are_filled"),
    "table is stale": TableIsStale(),
    # Columns may have the names of our words: what follows tells which is meant.
    "new changes": ValueCondition("new", "changes"),
    "check falls 5%": ValueCondition("check", "falls", percent=Decimal(5)),
    "check becomes fails": ValueCondition("check", "becomes", value="fails"),
    "table becomes stale": ValueCondition("table", "becomes", value="stale"),
}

WRONG = {
    "": "Allowed: price falls 5%",
    "   ": "Allowed: price falls 5%",
    "price\x1b falls": "Allowed: price falls 5%",
    "price": "'price' is no rule. Allowed",
    "newe": "did you mean `new`",
    "New": "did you mean `new`",
    "crawl failed": "did you mean `crawl fails`",
    "table is old": "is no rule",
    "price fals 5%": "did you mean `price falls 5%`",
    "price falls 5": "'5' is no share: write `price falls 5%`",
    "price falls five%": "'five%' is no share",
    "price falls 5,5%": "'5,5%' is no share",
    "price falls -5%": "'-5%' is no share",
    "price falls \u0665%": "is no share",
    "price falls by 5%": "'by 5%' is no share",
    "price falls 05%": "'05%' is no share",
    "price falls 0%": "0% is no change",
    "price falls 100.01%": "nothing falls by more than 100 %",
    "price rises 1000001%": "nothing rises by more than 1,000,000 %",
    "price changes 5%": "nothing follows after changes",
    "price becomes": "say what it becomes",
    "price becomes '5'": "without quotes",
    "check fails today": "is no rule",
}

COLUMNS = {
    "price": (CellType.AMOUNT, False),
    "price_currency": (CellType.CURRENCY, False),
    "stock": (CellType.INTEGER, False),
    "rating": (CellType.NUMBER, False),
    "in_stock": (CellType.BOOLEAN, False),
    "name": (CellType.TEXT, False),
    "seen": (CellType.TIMESTAMP, False),
    "prices": (CellType.AMOUNT, True),
}


@pytest.mark.parametrize("text", READ)
def test_a_condition_is_read_and_says_the_same_again(text: str) -> None:
    assert condition_of(text) == READ[text]
    assert condition_of(f"  {text.replace(' ', '   ')} ") == READ[text]
    assert str(READ[text]) == text.replace(" %", "%")
    assert condition_of(str(READ[text])) == READ[text]


@pytest.mark.parametrize("text", WRONG)
def test_what_says_nothing_is_a_mistake_that_tells_what_is_meant(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S") as told:
        condition_of(text)
    assert WRONG[text] in str(told.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("prize falls", "there is no column prize; did you mean price. Columns: price, "),
        ("name falls", "name is text, which never falls. Allowed: name changes, name becomes"),
        ("price_currency rises 5%", "price_currency is currency, which never rises"),
        ("seen becomes 5", "seen is timestamp, which never becomes. Allowed: seen changes"),
        ("prices falls", "prices is a list of money, which never falls. Allowed: prices changes"),
        ("in_stock becomes yes", "in_stock becomes true or false, never 'yes'"),
        ("stock becomes 0.5", "stock is integer, and '0.5' is none such as 5"),
        ("price becomes cheap", "price is money, and 'cheap' is none such as 5"),
        ("rating changes", "the history does not follow rating"),
    ],
)
def test_what_never_comes_about_is_a_mistake(text: str, told: str) -> None:
    tracked = [name for name in COLUMNS if name != "rating"]
    assert told in str(why_not(condition_of(text), COLUMNS, tracked))


def test_conditions_of_products_need_a_history_and_others_do_not() -> None:
    for text, condition in READ.items():
        known = text.startswith(("price", "in_stock"))
        if known or isinstance(condition, ProductCondition):
            assert "without `history`" in str(why_not(condition, COLUMNS, None))
            assert why_not(condition, COLUMNS, [*COLUMNS]) is None
        elif not isinstance(condition, ValueCondition):
            assert why_not(condition, COLUMNS, None) is None
