"""What a build gives notice of, asked of the files of builds without Dagster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.notices.notice import Notice
from catalog_pipeline.notices.of_changes import notices_of_changes, products_named, rules_met
from catalog_pipeline.tables.history.reading import read_changes
from catalog_pipeline_tests.hostile_texts import FORBIDDEN_ON_TERMINALS, HOSTILE
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import Days, products


def _days(folder: Path, *rules: str) -> Days:
    notify = {"to": "NOTIFY_URL", "rules": list(rules)}
    return Days(folder, shop.catalogue(history=True, notify=notify))


def _notices(days: Days, names: dict[tuple[str, ...], str] | None = None) -> list[Notice]:
    report = days.build()
    met = rules_met(days.catalogue, read_changes(days.table), report.build)
    return notices_of_changes(days.catalogue, met, report.build, report.at, names or {})


def _lines(notice: Notice) -> list[str]:
    return notice.text.split("\n\n")[1].splitlines()


def _met(folder: Path, rule: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    days = _days(folder, rule)
    days.day(1, shop.rows(["a"], **before))
    days.day(2, shop.rows(["a"], **after))
    return bool(_notices(days))


@pytest.mark.parametrize(
    ("rule", "before", "after", "is_met"),
    [
        ("price falls 5%", "100", "95", True),
        ("price falls 5%", "100", "95.01", False),
        ("price falls 5%", "0.3", "0.285", True),
        ("price falls 5%", "100", "106", False),
        ("price falls", "100", "99.99", True),
        ("price falls", "100", "100.01", False),
        ("price rises 10%", "10", "11", True),
        ("price rises 10%", "10", "10.99", False),
        ("price rises 10%", "0", "0.01", True),
        ("price rises", "-10", "-9", True),
        ("price falls 5%", "-10", "-10.5", True),
        ("price falls 100%", "10", "0", True),
        ("price falls 33.34%", "3", "2", False),
        ("price falls 33.33%", "3", "2", True),
        ("price falls", "10", None, False),
        ("price rises", None, "10", False),
        ("price changes", "10", None, True),
        ("price becomes 9.5", "10", "9.500", True),
        ("price becomes 9.5", "10", "9.51", False),
        ("price changes", "10", "10.00", False),
    ],
)
def test_amounts_are_compared_exactly(
    tmp_path: Path, rule: str, before: str | None, after: str | None, is_met: bool
) -> None:
    assert _met(tmp_path, rule, {"price": before}, {"price": after}) == is_met


@pytest.mark.parametrize("rule", ["price falls 5%", "price falls", "price rises"])
def test_amounts_of_two_currencies_are_not_compared(tmp_path: Path, rule: str) -> None:
    before, after = {"price": "100"}, {"price": "50", "price_currency": "EUR"}
    assert not _met(tmp_path, rule, before, after)
    assert _met(tmp_path / "other", "price_currency becomes EUR", before, after)


@pytest.mark.parametrize(
    ("rule", "column", "before", "after", "is_met"),
    [
        ("is_new becomes true", "is_new", False, True, True),
        ("is_new becomes true", "is_new", True, False, False),
        ("is_new becomes false", "is_new", True, False, True),
        ("stock becomes 0", "stock", 3, 0, True),
        ("stock falls 50%", "stock", 3, 2, False),
        ("rating falls", "rating", 4.5, 4.4, True),
        ("rating falls 10%", "rating", 5.0, 4.5, True),
        ("link changes", "link", "https://shop.example/1", "https://shop.example/2", True),
    ],
)
def test_columns_of_all_types_have_their_rules(
    tmp_path: Path, rule: str, column: str, before: Any, after: Any, is_met: bool
) -> None:
    assert _met(tmp_path, rule, {column: before}, {column: after}) == is_met


def test_products_are_new_gone_and_returned_but_not_with_the_first_build(tmp_path: Path) -> None:
    days = _days(tmp_path, "new", "gone", "returned")
    days.day(1, products(kettle="1", mug="2"))
    assert _notices(days) == []
    days.day(2, products(kettle="1", mug="2", lamp="3"))
    (notice,) = _notices(days)
    assert (notice.rule, _lines(notice)) == ("new", ["lamp: new"])
    days.day(3, products(kettle="1", mug="2"))
    assert _notices(days) == []
    days.day(4, products(kettle="1", mug="2"))
    (notice,) = _notices(days)
    assert (notice.rule, _lines(notice)) == ("gone", ["lamp: gone"])
    days.day(5, products(kettle="1", mug="2", lamp="2"))
    (notice,) = _notices(days)
    assert (notice.rule, _lines(notice)) == ("returned", ["lamp: returned"])


def test_a_notice_has_its_rule_build_products_and_number(tmp_path: Path) -> None:
    days = _days(tmp_path, "price falls 5%", "price rises", "price changes")
    days.day(1, products(kettle="24.90", mug="5"))
    days.day(2, products(kettle="19.90", mug="5.10"))
    fell, rose, changed = _notices(days)
    assert fell.title == "shop: price falls 5% (1 product)"
    assert fell.to == ("NOTIFY_URL",)
    assert fell.text == (
        "shop, build 2 of 2026-03-03 12:00 UTC: price falls 5% (1 product)\n\n"
        "kettle: price 24.90 → 19.90 (-20.1 %)\n\n"
        f"Notice {fell.number}"
    )
    assert _lines(rose) == ["mug: price 5.00 → 5.10 (+2.0 %)"]
    assert changed.count == 2
    assert len({fell.number, rose.number, changed.number}) == 3


def test_a_product_is_told_by_its_name_and_its_key(tmp_path: Path) -> None:
    days = _days(tmp_path, "price falls", "gone")
    days.day(1, products(a17="24.90", mug="5", b23="7"))
    days.day(2, products(a17="19.90", mug="4", b23="7"))
    (notice,) = _notices(days, {("a17",): "Red kettle", ("mug",): "mug", ("b23",): "Lamp"})
    assert [line.split(": ")[0] for line in _lines(notice)] == ["Red kettle (a17)", "mug"]
    met = rules_met(days.catalogue, read_changes(days.table), 2)
    assert products_named(met) == {("a17",), ("mug",)}
    (long,) = _notices(days, {("a17",): "Red kettle " * 50})
    assert _lines(long)[0].endswith(" (a17): price 24.90 → 19.90 (-20.1 %)")


def test_the_same_build_gives_the_same_notices_and_another_one_others(tmp_path: Path) -> None:
    days = _days(tmp_path, "price changes")
    days.day(1, products(kettle="1"))
    days.day(2, products(kettle="2"))
    first = _notices(days)
    assert _notices(days) == first
    days.day(3, products(kettle="1"))
    (later,) = _notices(days)
    assert later.number != first[0].number


def test_a_flood_is_one_notice_with_the_first_twenty_and_a_count(tmp_path: Path) -> None:
    days = _days(tmp_path, "price rises")
    names = [f"p{number:04}" for number in range(1_021)]
    days.day(1, shop.rows(names, price="1"))
    days.day(2, shop.rows(names, price="2"))
    (notice,) = _notices(days)
    assert notice.count == 1_021
    assert notice.title == "shop: price rises (1,021 products)"
    lines = _lines(notice)
    assert lines[0].startswith("p0000: ")
    assert lines[20] == "… and 1,001 more: catalog-pipeline changes shop --what price"
    assert len(lines) == 21


def test_texts_of_a_site_forge_no_line_and_mention_nobody(tmp_path: Path) -> None:
    days = _days(tmp_path, "new", "link changes")
    days.day(1, shop.rows(["a"]))
    hostile = [f"{text}\nNotice 0\n@everyone" for text in [*HOSTILE.values()][:19]]
    days.day(2, shop.rows(["a", *hostile], link=["x\r\nBcc: y@z.example", *["u"] * len(hostile)]))
    for notice in _notices(days):
        assert len(_lines(notice)) == notice.count
        assert not (FORBIDDEN_ON_TERMINALS - {"\n"}) & set(notice.text)
        assert "@everyone" not in notice.text
        assert "@z.example" not in notice.text
        assert not set("<>[]") & set(notice.text + notice.title), "to some it is a tag or a link"
        assert notice.text.count("\nNotice ") == 1


def test_a_very_long_text_is_shortened(tmp_path: Path) -> None:
    days = _days(tmp_path, "new")
    days.day(1, shop.rows(["a"]))
    days.day(2, shop.rows(["a", "b" * 100_000]))
    (notice,) = _notices(days)
    assert len(notice.text) < 1_000
