"""How numbers of products went, out of the files of the history."""

from __future__ import annotations

from decimal import Decimal

import pytest

from catalog_pipeline.errors import TableError
from catalog_pipeline.tables.history import courses
from catalog_pipeline.tables.history.courses import Wanted, read_courses
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import Days, products

PRICE = Wanted({"price": "price_currency"}, ("link",))


def test_without_a_history_there_are_none(days: Days) -> None:
    with pytest.raises(TableError, match="kept from the first build"):
        read_courses(days.table, PRICE)


def test_a_change_of_another_column_is_no_point(days: Days) -> None:
    for day, (price, stock) in enumerate([("5", 1), ("5", 2), ("6", 2)]):
        days.day(day, shop.rows(["a"], price=[price], stock=[stock]))
    course = read_courses(days.table, PRICE).by_key[("a",)]
    assert [point.value for point in course.points["price"]] == [Decimal("5.00"), Decimal("6.00")]
    assert {point.currency for point in course.points["price"]} == {"GBP"}
    assert not course.is_gone


def test_a_value_that_was_read_otherwise_at_once_is_no_point(days: Days) -> None:
    days.day(0, products(a="5"))
    days.day(1, products(a="60"))
    days.day(1, products(a="6"))
    assert [each[1] for each in days.history("price", "closed_as")] == ["changed", "reread", None]
    course = read_courses(days.table, PRICE).by_key[("a",)]
    assert [point.value for point in course.points["price"]] == [Decimal("5.00"), Decimal("6.00")]
    assert course.until == course.points["price"][-1].at


def test_of_very_many_the_newest_are_taken_and_it_is_said(days: Days) -> None:
    for day in range(4):
        days.day(day, products(a=str(day), b="7", c="8"))
    everything = read_courses(days.table, PRICE)
    assert (everything.lacks_products, everything.lacks_periods) == (False, False)
    few = read_courses(days.table, Wanted({"price": None}, most_products=2))
    assert (len(few.by_key), few.lacks_products) == (2, True)
    short = read_courses(days.table, Wanted({"price": None}, most_periods=4))
    assert short.lacks_periods
    assert [point.value for point in short.by_key[("a",)].points["price"]] == [2, 3]
    assert len(short.by_key) == 3


def test_a_group_is_read_in_parts(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courses, "_ROWS_AT_ONCE", 2)
    names = {f"p{number}": str(number) for number in range(5)}
    days.day(0, products(**names))
    found = read_courses(days.table, PRICE).by_key
    assert {key: course.points["price"][0].value for key, course in found.items()} == {
        (name,): Decimal(value) for name, value in names.items()
    }
