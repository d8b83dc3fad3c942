"""A table held against the YAML, its past and the table that is there."""

from __future__ import annotations

import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import TableError
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.tables.quality.broken_values import MOST_EXAMPLES
from catalog_pipeline.tables.quality.past import NO_PAST, Past, PastBuild
from catalog_pipeline.verdict import Verdict
from catalog_pipeline_tests.tables.shop import build_table, catalogue, rows, store_page

LAST_PAGE = 2


class Shop:
    """A shop of one page and of what is built of it."""

    def __init__(self, store: FolderStore, table: Path) -> None:
        self._store = store
        self.table = table
        self._later = 0

    def build(
        self,
        checks: dict[str, Any],
        skus: list[str | None],
        past: Past = NO_PAST,
        /,
        **columns: Any,
    ) -> dict[str, Verdict]:
        """The verdicts of a table that is put in place."""
        self._later += 1
        stored = store_page(self._store, 1, rows(skus, **columns), later=self._later)
        report = build_table(shop(checks), [stored], self._store, self.table, earlier=past)
        return {each.name: each for each in report.judgement.verdicts}


def shop(checks: dict[str, Any]) -> Catalogue:
    return catalogue(checks=checks, last_page=LAST_PAGE)


@pytest.fixture
def the_shop(store: FolderStore, table: Path) -> Shop:
    return Shop(store, table)


def skus(number: int) -> list[str | None]:
    return [f"sku{each}" for each in range(number)]


def past(*rows_of_builds: int, **filled: int) -> Past:
    return Past([PastBuild(number, filled) for number in rows_of_builds])


def test_what_is_demanded_of_the_past_is_fulfilled_while_there_is_none(the_shop: Shop):
    demands = {"rows": {"drop": "1%"}, "columns": "frozen", "price": {"jump": "1%"}}
    found = the_shop.build(demands, skus(3))
    assert all(each.passed for each in found.values())
    assert "no earlier build" in found["rows_have_not_dropped"].told
    assert "no earlier build" in found["columns_are_filled_as_before"].told
    assert "no table yet" in found["columns_are_frozen"].told


@pytest.mark.parametrize(
    ("limits", "passed"),
    [
        ({"minimum": 3}, True),
        ({"minimum": 4}, False),
        ({"maximum": 3}, True),
        ({"maximum": 2}, False),
    ],
)
def test_rows_are_held_against_their_limits(the_shop: Shop, limits: dict[str, int], passed: bool):
    verdict = the_shop.build({"rows": limits}, skus(3))["rows_are_as_many_as_demanded"]
    assert verdict.passed is passed
    assert (verdict.seen, verdict.allowed) == ({"rows": 3}, limits)


@pytest.mark.parametrize(("number", "passed"), [(80, True), (79, False), (200, True)])
def test_a_drop_is_held_against_the_build_in_the_middle(the_shop: Shop, number: int, passed: bool):
    before = past(100, 3, 100, 1000, 100)
    verdict = the_shop.build({"rows": {"drop": "20%"}}, skus(number), before)[
        "rows_have_not_dropped"
    ]
    assert verdict.passed is passed
    assert (verdict.seen["before"], verdict.allowed["rows"]) == (100, 80)


def test_a_column_that_has_too_few_values_is_named_with_its_share(the_shop: Shop):
    checks = {"filled": {"rating": "60%", "price": 1, "stock": 0.5}}
    found = the_shop.build(
        checks, skus(4), rating=[1.0, None, 1.0, None], stock=[1, 2, None, None]
    )["columns_are_filled"]
    assert not found.passed
    assert "rating in 50% of the rows and not in 60%" in found.told
    assert "stock in" not in found.told
    assert found.seen == {"rating": 0.5, "price": 1.0, "stock": 0.5}


@pytest.mark.parametrize(("filled", "passed"), [(100, True), (81, True), (79, False), (0, False)])
def test_a_column_that_loses_its_values_is_told_though_nobody_asked(
    the_shop: Shop, filled: int, passed: bool
):
    ratings = [4.5 if number < filled else None for number in range(100)]
    before = past(100, 100, 100, rating=90, price=100)
    verdict = the_shop.build({}, skus(100), before, rating=ratings)["columns_are_filled_as_before"]
    assert verdict.passed is passed
    assert passed or f"rating has values in {filled}% of the rows, and had in 90%" in verdict.told
    assert not verdict.is_demanded


@pytest.mark.parametrize(
    ("rule", "broken"),
    [
        ({"minimum": 0.01}, ["0.00", "-1.00"]),
        ({"minimum": 0}, ["-1.00"]),
        ({"maximum": 10}, ["10.01", "2000.00"]),
        ({"minimum": -1, "maximum": 2000}, []),
    ],
)
def test_amounts_are_held_against_their_limits_exactly(
    the_shop: Shop, rule: dict[str, float], broken: list[str]
):
    amounts = ["0.00", "-1.00", "0.01", "10.00", "10.01", "2000.00", None]
    found = the_shop.build({"price": rule}, skus(len(amounts)), price=amounts)["values_of_price"]
    assert found.passed is not broken
    assert [example["price"] for example in found.examples] == broken
    assert found.seen["values"] == len(amounts) - 1


@pytest.mark.parametrize(
    ("column", "rule", "values", "broken"),
    [
        ("link", {"pattern": "^https://"}, ["https://a", "http://b", None], ["http://b"]),
        ("price_currency", {"one_of": ["GBP", "EUR"]}, ["GBP", "USD", "EUR"], ["USD"]),
        ("stock", {"one_of": [1, 2]}, [1, 2, 3], ["3"]),
        ("stock", {"one_of": ["1", True]}, [1, None], ["1"]),
        ("is_new", {"one_of": [True]}, [True, False, None], ["False"]),
        ("stock", {"minimum": 2}, [2**62, 1, 2], ["1"]),
        ("rating", {"maximum": 4.5}, [4.5, 4.500001, None], ["4.500001"]),
    ],
)
def test_values_of_each_type_have_rules_of_their_own(
    the_shop: Shop, column: str, rule: dict[str, Any], values: list[Any], broken: list[str]
):
    found = the_shop.build({column: rule}, skus(len(values)), NO_PAST, **{column: values})
    verdict = found[f"values_of_{column}"]
    assert [example[column] for example in verdict.examples] == broken
    assert verdict.passed is not broken


def test_a_share_of_the_values_may_break_a_rule(the_shop: Shop):
    amounts = ["5.00"] * 98 + ["0.00"] * 2
    rule = {"minimum": 1, "at_most": "2%"}
    assert the_shop.build({"price": rule}, skus(100), price=amounts)["values_of_price"].passed
    rule["at_most"] = "1.9%"
    assert not the_shop.build({"price": rule}, skus(100), price=amounts)["values_of_price"].passed


def test_examples_name_product_page_value_and_rule_and_are_not_all(the_shop: Shop):
    found = the_shop.build({"price": {"minimum": 60}}, skus(500))["values_of_price"]
    assert len(found.examples) == MOST_EXAMPLES
    assert found.examples[0] == {
        "sku": "sku0",
        "price": "51.77",
        "page": "1",
        "breaks": "minimum",
    }
    assert "500 of 500 values break a rule (minimum: 500)" in found.told


@pytest.mark.parametrize(
    ("before", "after", "has_jumped"),
    [
        ("10.00", "18.00", False),
        ("10.00", "18.01", True),
        ("10.00", "2.00", False),
        ("10.00", "1.99", True),
        ("0.00", "0.01", True),
        ("0.00", "0.00", False),
        (None, "100.00", False),
        ("100.00", None, False),
    ],
)
def test_a_jump_is_a_larger_share_of_the_last_value(
    the_shop: Shop, before: str | None, after: str | None, has_jumped: bool
):
    checks = {"price": {"jump": "80%"}}
    the_shop.build(checks, ["a", "b"], price=["7.00", before])
    found = the_shop.build(checks, ["b", "c"], price=[after, "9999.00"])["values_of_price"]
    assert found.passed is not has_jumped
    if has_jumped and before is not None:
        assert Decimal(found.examples[0]["before"]) == Decimal(before)


def test_amounts_of_different_currencies_are_not_compared(the_shop: Shop):
    checks = {"price": {"jump": "10%"}}
    the_shop.build(checks, ["a"], price="1.00", price_currency="GBP")
    found = the_shop.build(checks, ["a"], price="100.00", price_currency="JPY")["values_of_price"]
    assert found.passed
    assert found.seen["compared"] == 0


@given(st.integers(1, 10**7), st.integers(0, 10**7), st.integers(1, 300))
def test_a_jump_is_judged_as_exact_arithmetic_does(before: int, after: int, percent: int):
    import numpy as np

    from catalog_pipeline.tables.quality.broken_values import _have_jumped

    cents = np.array([after / 100]), np.array([before / 100])
    has_jumped = abs(after - before) * 100 > percent * before
    assert bool(_have_jumped(*cents, Decimal(percent) / 100)[0]) is has_jumped


@pytest.mark.parametrize(("jump", "passed"), [("80%", False), ("250%", True)])
def test_the_largest_numbers_jump_as_others_do(the_shop: Shop, jump: str, passed: bool):
    checks = {"rating": {"jump": jump}}
    the_shop.build(checks, ["a", "b"], rating=[1e308, 1.5])
    found = the_shop.build(checks, ["a", "b"], rating=[-1e308, 1.5])["values_of_rating"]
    assert found.passed is passed


def test_frozen_columns_say_what_is_another(the_shop: Shop, store: FolderStore):
    the_shop.build({}, skus(2))
    fields = {
        "sku": {"select": ".sku", "required": True},
        "stock": {"select": ".stock", "type": "number"},
        "name": {"select": ".name"},
    }
    columns: dict[str, Any] = {"sku": ["a"], "stock": [1.5], "name": ["x"]}
    other = catalogue(checks={"columns": "frozen"}, fields=fields)
    page = store_page(store, 1, columns, code_version=other.code_version, later=9)
    report = build_table(other, [page], store, the_shop.table)
    verdict = {each.name: each for each in report.judgement.verdicts}["columns_are_frozen"]
    assert not verdict.passed
    assert "price, price_max, price_currency, rating" in verdict.told
    assert "name is new" in verdict.told
    assert "stock is double and was int64" in verdict.told


def test_a_frozen_amount_may_get_more_decimals(the_shop: Shop):
    checks = {"columns": "frozen"}
    the_shop.build(checks, ["a"], price="1.00")
    assert the_shop.build(checks, ["a"], price="1.005")["columns_are_frozen"].passed


def test_a_refused_table_leaves_the_old_one_and_says_all_that_is_wrong(the_shop: Shop):
    checks = {"rows": {"minimum": 2}, "price": {"minimum": 1}, "on_failure": "keep_old_table"}
    the_shop.build(checks, skus(2))
    before = the_shop.table.read_bytes()
    with pytest.raises(TableError, match=re.escape("1 row, fewer than the 2")) as caught:
        the_shop.build(checks, skus(1), price="0.50")
    assert "price: 1 of 1 value breaks a rule" in str(caught.value)
    assert {each.name for each in caught.value.verdicts if not each.passed} == {
        "rows_are_as_many_as_demanded",
        "values_of_price",
    }
    assert the_shop.table.read_bytes() == before
    assert [path.name for path in the_shop.table.parent.iterdir() if path.is_file()] == [
        the_shop.table.name
    ]


def test_what_nobody_demanded_refuses_no_table(the_shop: Shop):
    checks = {"on_failure": "keep_old_table"}
    found = the_shop.build(checks, skus(9), past(9, rating=9), rating=None)
    assert not found["columns_are_filled_as_before"].passed
    assert len(pd.read_parquet(the_shop.table)) == 9


def test_an_explosive_pattern_ends_with_its_name_and_the_old_table(
    the_shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    from catalog_pipeline.tables.quality import broken_values

    monkeypatch.setattr(broken_values, "SECONDS_FOR_A_PATTERN", 0.2)
    checks = {"link": {"pattern": "^(([a-z/:]+)+)+$"}}
    with pytest.raises(TableError, match=r"checks\.link: .*longer than"):
        the_shop.build(checks, ["a"], link="https://" + "a" * 3000 + "!")
    assert not the_shop.table.exists()


def test_prices_in_the_middle_are_told_by_currency(store: FolderStore, table: Path):
    columns = rows(skus(5), price=["1.00", "2.00", "9.00", "4.00", None])
    columns["price_currency"] = ["GBP", "GBP", "GBP", "EUR", None]
    report = build_table(catalogue(), [store_page(store, 1, columns)], store, table)
    medians = report.judgement.facts.medians
    assert medians == {"price_median_GBP": 2.0, "price_median_EUR": 4.0}


def test_prices_of_one_currency_are_told_with_it_and_without(store: FolderStore, table: Path):
    columns = rows(skus(3), price=["1.00", "2.00", None], rating=[1.5, None, 2.5], stock=[7, 9, 20])
    columns["price_currency"] = ["GBP", "GBP", None]
    facts = build_table(catalogue(), [store_page(store, 1, columns)], store, table).judgement.facts
    assert facts.medians == {"price_median": 1.5, "price_median_GBP": 1.5}
    assert facts.middles == {"stock_median": 9.0, "rating_median": 2.0}
    bare = rows(skus(1), price="3.00", price_currency=None, rating=None, stock=None)
    facts = build_table(catalogue(), [store_page(store, 1, bare)], store, table).judgement.facts
    assert (facts.medians, facts.middles) == ({"price_median": 3.0}, {})


def test_what_is_halfway_between_two_prices_is_reckoned_of_decimals(
    store: FolderStore, table: Path
):
    columns = rows(skus(2), price=["16.50", "16.52"], price_currency="GBP")
    facts = build_table(catalogue(), [store_page(store, 1, columns)], store, table).judgement.facts
    assert facts.medians["price_median"] == 16.51


def test_a_damaged_table_is_no_past(the_shop: Shop):
    the_shop.table.parent.mkdir(parents=True, exist_ok=True)
    the_shop.table.write_bytes(b"PAR1 no table PAR1")
    checks = {"columns": "frozen", "price": {"jump": "1%"}, "on_failure": "keep_old_table"}
    found = the_shop.build(checks, skus(2))
    assert all(each.passed for each in found.values())


@pytest.mark.parametrize("checks", [{}, {"columns": "frozen", "price": {"jump": "1%"}}])
def test_what_stands_in_the_place_of_the_last_table_is_not_waited_for(
    the_shop: Shop, checks: dict[str, Any]
):
    os.mkfifo(the_shop.table)
    assert all(each.passed for each in the_shop.build(checks, skus(2)).values())
    assert the_shop.table.is_file()
