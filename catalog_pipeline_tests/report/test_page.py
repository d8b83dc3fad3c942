"""The page of a report: what it shows, what it says is not there, and that nothing is alive."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from catalog_pipeline.report import page as pages
from catalog_pipeline.report.facts import Recorded
from catalog_pipeline.showing import as_line
from catalog_pipeline_tests.hostile_texts import FORBIDDEN_ON_TERMINALS, HOSTILE
from catalog_pipeline_tests.report import scene
from catalog_pipeline_tests.report.read_report import ReadReport, text_of
from catalog_pipeline_tests.tables import shop

ENDINGS = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "]]>\u2028\u2029",
    "{{ 7*7 }}{% raw %}",
    "\" onmouseover=alert(1) x='",
    "</style></title>",
    "&lt;/script&gt;",
]
"""What might end the place that it stands in."""


def day(number: int) -> int:
    """When the products of a day were seen, in seconds."""
    return int(shop.START.timestamp()) + number * 86_400 + 1


def test_a_product_has_every_price_it_had(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop")
    for number, price in enumerate(["10", "10", "12.50", "9.99", "9.99"]):
        days.day(number, scene.products(["Kettle", "Mug"], [price, "3"]))
    report = ReadReport(scene.report_of(days))
    assert report.course("price", "a") == [(day(0), 10.0), (day(2), 12.5), (day(3), 9.99)]
    assert report.course("price", "b") == [(day(0), 3.0)]
    names = report.data("names")
    assert names["titles"] == ["Kettle", "Mug"]
    assert sum(names["until"][:1]) == day(4)
    assert report.data("links") == ["https://shop.example/a", "https://shop.example/b"]
    assert "product-plot" in report.plots


def test_a_product_that_went_and_came_back_has_a_gap(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop")
    both = scene.products(["Kettle", "Mug"], ["10", "3"])
    for number, page in enumerate([both, scene.products(["Kettle"], ["10"]), both]):
        days.day(number, page)
    days.day(3, scene.products(["Kettle"], ["10"]))
    report = ReadReport(scene.report_of(days))
    assert report.course("price", "b") == [
        (day(0), 3.0),
        (day(1), None),
        (day(2), 3.0),
        (day(3), None),
    ]
    assert report.data("names")["gone"] == [report.data("names")["keys"].index("b")]
    assert report.texts("#comings .kind") == ["gone", "returned", "gone"]
    assert "0 new, 2 gone, 1 returned" in report.texts("#comings .told")[0]


def test_a_product_that_is_not_followed_any_more_is_told_from_those_of_today(
    tmp_path: Path,
) -> None:
    days = scene.days(tmp_path / "shop", last_page=2)
    other = {**scene.products(["Mug"], ["3"]), "sku": ["z"]}
    days.day(0, scene.products(["Kettle"], ["10"]), other)
    days.catalogue = scene.catalogue(last_page=1)
    del days.pages[2]
    days.day(1, scene.products(["Kettle"], ["10"]))
    names = ReadReport(scene.report_of(days)).data("names")
    assert (names["gone"], names["left"]) == ([], [names["keys"].index("z")])
    days.catalogue = scene.catalogue(last_page=2)
    days.day(2, scene.products(["Kettle"], ["10"]), other)
    assert ReadReport(scene.report_of(days)).data("names")["left"] == []


def test_the_biggest_movers_are_those_from_first_to_last(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop")
    names = ["Up", "Down", "There and back", "From nothing"]
    for number, prices in enumerate(
        [["10", "10", "10", "0"], ["11", "9", "20", "5"], ["15", "8", "10", "6"]]
    ):
        days.day(number, scene.products(names, prices))
    fell, rose = ReadReport(scene.report_of(days)).root.cssselect("#movers .beside > div")
    assert [text_of(row) for row in fell.cssselect("tbody tr")] == ["Down price 10.00 8.00 -20.0 %"]
    assert [text_of(row) for row in rose.cssselect("tbody tr")] == ["Up price 10.00 15.00 +50.0 %"]


def test_a_price_in_another_currency_is_not_drawn_with_the_others(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop")
    for number, (price, currency) in enumerate([("10", "GBP"), ("12", "EUR"), ("13", "EUR")]):
        days.day(number, scene.products(["Kettle"], [price], price_currency=[currency]))
    report = ReadReport(scene.report_of(days))
    assert report.course("price", "a") == [(day(1), 12.0), (day(2), 13.0)]
    course = report.data("course-0")
    assert (course["currencies"], course["mixed"]) == (["EUR"], [0])
    assert report.texts("#movers tbody tr") == []


def test_amounts_keep_every_digit(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop")
    days.day(0, scene.products(["Kettle"], ["12345678901234567890.123"]))
    days.day(1, scene.products(["Kettle"], ["0.10"]))
    course = ReadReport(scene.report_of(days)).course("price", "a")
    assert [value for _, value in course] == ["12345678901234567890.123", 0.1]


def test_rows_coverage_medians_and_columns_are_shown_build_by_build(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop")
    days.day(0, scene.products(["Kettle"], ["10"]))
    recorded = Recorded(
        total=5, done=4, failed=1, failures=[scene.failure("the server answered 500")],
        builds=scene.builds([100, 90, 80], price=[100, 90, 40], name=[100, 90, 80]),
    )  # fmt: skip
    report = ReadReport(scene.report_of(days, recorded))
    assert {"plot-rows", "plot-coverage", "plot-median-0", "plot-columns"} <= report.plots.keys()
    assert "plot-median-1" not in report.plots
    assert report.texts("#time tbody tr")[0] == "2026-03-03 12:00 80 100 % 0 12"
    assert report.texts("#time thead th") == [
        "as of (UTC)", "rows", "coverage", "failed pages", "Median of price, GBP",
    ]  # fmt: skip
    assert report.texts("#columns .told") == [
        "The share of rows that have a value, in 3 builds from 2026-03-01 12:00 to 2026-03-03 "
        "12:00 UTC: the stronger the colour, the fuller."
    ]
    assert report.texts("#columns tbody tr") == [
        "price 50 % 100 % 50 % 100 %",
        "name 100 % 100 % 100 % 100 %",
    ]
    assert report.texts("#columns tr.bad th") == ["price"]
    assert report.texts("#pages p") == ["5 pages: 4 done, 1 failed."]
    assert report.texts("#pages tbody tr") == ["3 2026-03-01 12:00 500 the server answered 500"]


def test_axes_have_no_half_rows_and_not_more_times_than_a_telephone_has_room_for(
    tmp_path: Path,
) -> None:
    days = scene.days(tmp_path / "shop")
    days.day(0, scene.products(["Kettle"], ["10"]))
    days.day(1, scene.products(["Kettle"], ["11"]))
    report = ReadReport(scene.report_of(days, Recorded(builds=scene.builds([2, 1]))))
    for plot in ("plot-rows", "plot-changes"):
        assert '"min_interval": 1' in json.dumps(report.plots[plot])
    for plot in ("plot-rows", "plot-coverage", "plot-median-0", "plot-changes", "product-plot"):
        assert '"desired_num_ticks": 4' in json.dumps(report.plots[plot])


def test_pages_that_are_in_no_table_are_told_with_their_reason(tmp_path: Path) -> None:
    recorded = Recorded(total=3, done=1, failed=2, left_out={"7": "its file is damaged"})
    report = ReadReport(scene.report_of(scene.days(tmp_path / "shop"), recorded))
    assert report.texts("#pages p") == [
        "3 pages: 1 done, 2 failed. 2 failed pages had not been reached when the run failed."
    ]
    assert report.texts("#pages tbody tr") == ["7 done, and not in the table: its file is damaged"]


def test_without_a_build_it_says_so(tmp_path: Path) -> None:
    report = ReadReport(scene.report_of(scene.days(tmp_path / "shop")))
    assert "No product is known yet." in report.texts("#find p")
    assert "No build of the table is recorded yet." in report.texts("#time p")
    assert any("There is no table" in note for note in report.texts(".note"))
    assert any("first build on whose YAML says" in note for note in report.texts(".note"))


def test_without_a_history_the_prices_of_today_are_there(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop", history=None)
    days.fetch(2, scene.products(["Kettle"], ["10"]))
    shop.build_table(days.catalogue, list(days.pages.values()), days.store, days.table)
    report = ReadReport(scene.report_of(days))
    assert report.course("price", "a") == [(day(2), 10.0)]
    assert any("keeps no history" in note for note in report.texts(".note"))
    assert report.texts("#movers, #comings") == []


def test_with_one_build_nothing_moved(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop")
    days.day(0, scene.products(["Kettle"], ["10"]))
    report = ReadReport(scene.report_of(days, Recorded(builds=scene.builds([1], price=[1]))))
    assert report.texts("#movers .beside p") == ["None.", "None."]
    assert report.texts("#columns tbody tr") == ["price 100 % 100 % 100 %"]


def test_without_numbers_there_is_nothing_to_draw_of_a_product(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop", fields={"sku": ".sku", "name": ".name"})
    days.day(0, {"sku": ["a"], "name": ["Kettle"]})
    report = ReadReport(scene.report_of(days))
    assert report.data("names")["titles"] == ["Kettle"]
    assert "product-plot" not in report.plots
    assert any("No column of this catalogue has numbers" in note for note in report.texts(".note"))


def test_a_table_without_rows_is_a_table(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop")
    days.day(0, scene.products([], []))
    report = ReadReport(scene.report_of(days, Recorded(builds=scene.builds([0], price=[0]))))
    assert report.texts(".tiles li")[0] == "0 products in the table"
    assert "No product is known yet." in report.texts("#find p")


def test_a_damaged_history_is_said_and_the_table_shown(tmp_path: Path) -> None:
    days = scene.days(tmp_path / "shop")
    days.day(0, scene.products(["Kettle"], ["10"]))
    (days.folder / "history.parquet").write_bytes(b"PAR1 no history PAR1")
    report = ReadReport(scene.report_of(days))
    assert report.course("price", "a") == [(day(0), 10.0)]
    assert any("history.parquet cannot be read" in note for note in report.texts(".note"))
    assert str(tmp_path) not in report.page.decode()


def test_what_is_not_followed_is_known_as_it_is_now(tmp_path: Path) -> None:
    fields = {**scene.FIELDS, "stock": {"select": ".stock", "type": "integer"}}
    days = scene.days(tmp_path / "shop", fields=fields, history={"track": ["price"]})
    days.day(0, scene.products(["Kettle"], ["10"], stock=[4]))
    days.day(1, scene.products(["Kettle"], ["11"], stock=[3]))
    report = ReadReport(scene.report_of(days))
    assert report.course("stock", "a") == [(day(1), 3)]
    assert report.course("price", "a") == [(day(0), 10.0), (day(1), 11.0)]


def report_of_texts(folder: Path, texts: Sequence[str]) -> bytes:
    """A report in which each of these stands wherever a text of a site may."""
    days = scene.days(folder)
    for number in range(2):
        prices = [str(10 + place * number) for place in range(len(texts))]
        links = ["javascript:alert(1)"] * len(texts)
        days.day(number, scene.products(texts, prices, link=links))
    failures = [scene.failure(text, "javascript:alert(1)") for text in texts]
    left_out = dict(zip(texts, texts, strict=True))
    return scene.report_of(days, Recorded(failed=len(texts), failures=failures, left_out=left_out))


def test_no_text_of_a_site_is_markup(tmp_path: Path) -> None:
    texts = [*HOSTILE.values(), *ENDINGS]
    page = report_of_texts(tmp_path / "hostile", texts)
    report = ReadReport(page)
    plain = ReadReport(
        report_of_texts(tmp_path / "plain", [f"text {n}" for n, _ in enumerate(texts)])
    )
    assert report.markup == plain.markup
    assert report.digests() == plain.digests()
    assert set(report.data("links")) == {0}
    told = report.texts("#pages .reason")
    assert told[: len(texts)] == [" ".join(as_line(text).split()) for text in texts]
    assert report.data("names")["titles"] == [as_line(text) for text in texts]
    assert not set(page.decode()) & (FORBIDDEN_ON_TERMINALS - set("\n"))


def test_the_page_lets_run_what_is_written_here_and_nothing_else(tmp_path: Path) -> None:
    report = ReadReport(scene.report_of(scene.days(tmp_path / "shop")))
    assert report.allowed == (
        f"default-src 'none'; script-src {' '.join(report.digests())}; "
        "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    assert len(report.digests()) == 2
    for link in report.root.cssselect("a[href^=http]"):
        assert link.get("rel") == "noreferrer noopener"


def test_the_plots_come_from_a_library_that_is_in_the_file(tmp_path: Path) -> None:
    page = scene.report_of(scene.days(tmp_path / "shop"))
    assert b"Copyright (c) Anaconda, Inc., and Bokeh Contributors" in page
    assert not re.search(rb"<(?:script|link|img)[^>]*\b(?:src|href)=", page)


def test_what_would_make_the_file_too_large_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {**scene.FIELDS, "stock": {"select": ".stock", "type": "integer"}}
    days = scene.days(tmp_path / "shop", fields=fields)
    days.day(0, scene.products(["Kettle"], ["10"], stock=[4]))
    assert ReadReport(scene.report_of(days)).course("stock", "a") == [(day(0), 4)]
    monkeypatch.setattr(pages, "MOST_DATA_BYTES", 100)
    report = ReadReport(scene.report_of(days))
    assert report.course("price", "a") == [(day(0), 10.0)]
    told = "So that this file stays small, it lacks the links, stock of the products."
    assert told in report.texts(".note")
