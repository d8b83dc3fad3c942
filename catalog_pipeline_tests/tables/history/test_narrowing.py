"""What becomes of products whose pages the YAML names no longer, and names again."""

from __future__ import annotations

from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog_pipeline.catalogue.discovered import FoundListing
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.tables.history import writing
from catalog_pipeline.tables.history.evidence import PageSeen, PagesSeen
from catalog_pipeline.tables.history.narrowing import (
    looked_at,
    outside_of,
    pages_known,
    unseen_before,
)
from catalog_pipeline.tables.history.report import HistoryReport
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import TRACKED, Days, products

NARROWED = (
    "2 products on pages that the YAML no longer names: not looked for any more, and not called "
    "gone"
)
WIDENED = (
    "2 products known from before the YAML named their pages no longer: not called new or "
    "returned, and no change of them is told"
)
UNSEEN = "{} not known, and not called new: found only on pages that no crawl before had"
OPEN: dict[str, Any] = {"pages": "open", "last_page": None}
DISCOVER = {"page": "/", "select": "nav a"}


@pytest.fixture(params=[1, 2], ids=lambda count: f"absent after {count}")
def kept(days: Days, request: pytest.FixtureRequest) -> Days:
    """A shop of three pages, of which the second one has two products."""
    days.catalogue = _catalogue(request.param)
    days.day(1, products(a="5"), products(b="7", c="1"), products(d="9"))
    return days


def _catalogue(absent_after: int = 1, **changes: Any) -> Catalogue:
    length = changes or {"last_page": 3}
    return shop.catalogue(history={**TRACKED, "absent_after": absent_after}, **length)


def _narrow(days: Days, **changes: Any) -> None:
    """Let the YAML name some pages alone, and their stored pages be those of the build."""
    absent_after = days.catalogue.history.absent_after if days.catalogue.history else 1
    days.catalogue = _catalogue(absent_after, **changes)
    days.pages = {
        number: page
        for number, page in days.pages.items()
        if days.catalogue.may_have(PageKey(number))
    }


def test_products_of_pages_that_the_yaml_names_no_longer_are_not_gone_and_that_is_said(
    kept: Days,
) -> None:
    _narrow(kept, last_page=1)
    report = kept.build()
    assert (report.counts.narrowed, report.counts.gone, report.counts.absent) == (3, 0, 0)
    (note,) = report.notes
    assert note == NARROWED.replace("2 products", "3 products")
    for number in (2, 3, 4):
        report = kept.day(number, products(a="5"))
        assert (report.counts.narrowed, report.counts.gone, report.notes) == (0, 0, ())
    assert kept.changes() == []
    assert kept.history("sku", "closed_as", "closed_by") == [
        ("a", None, None),
        ("b", "narrowed", 2),
        ("c", "narrowed", 2),
        ("d", "narrowed", 2),
    ]


def test_they_go_on_without_a_change_when_the_yaml_names_their_pages_again(kept: Days) -> None:
    first = kept.build()
    _narrow(kept, first_page=3, last_page=3)
    kept.day(2, None, None, products(d="9"))
    ended = [row[0] for row in kept.history("valid_to", "closed_as") if row[1] == "narrowed"]
    assert ended == [first.at] * 3, "when they were seen last"
    kept.catalogue = _catalogue(1)
    report = kept.day(3, products(x="5"), products(b="8", c="1"), products(d="9"))
    assert (report.counts.widened, report.counts.returned, report.counts.new) == (2, 0, 1)
    assert report.notes == (WIDENED,)
    assert kept.changes("sku", "change") == [("x", "new")]
    assert kept.history("sku", "price", "opened_as")[1:5] == [
        ("b", Decimal("7.00"), "first"),
        ("b", Decimal("8.00"), "widened"),
        ("c", Decimal("1.00"), "first"),
        ("c", Decimal("1.00"), "widened"),
    ]
    later = kept.day(4, products(x="5"), products(b="9"), products(d="9"))
    assert (later.counts.changed, later.counts.gone + later.counts.absent) == (1, 1)


def test_what_is_back_from_a_stored_page_goes_on_where_it_was_left(days: Days) -> None:
    days.catalogue = _catalogue(1)
    days.day(1, products(a="5"), products(b="7"), products(d="9"))
    stored = days.pages[2]
    _narrow(days, last_page=1)
    days.day(3, products(a="5"))
    days.catalogue = _catalogue(1)
    days.pages[2] = stored
    days.day(5, products(a="5"), None, products(d="9"))
    columns = ("sku", "opened_as", "valid_from", "valid_to", "seen_at")
    before, after = (row for row in days.history(*columns) if row[0] == "b")
    assert after[1:] == ("widened", before[3], None, stored.record.fetched_at)
    newer, fetched = (row for row in days.history(*columns) if row[0] == "d")
    assert newer[3] < fetched[2] == fetched[4], "it was seen again when its page was fetched"


def test_a_product_that_was_missed_before_its_page_was_left_out_is_not_gone(days: Days) -> None:
    days.catalogue = _catalogue(2)
    days.day(1, products(a="5"), products(b="7", c="1"))
    assert days.day(2, products(a="5"), products(b="7")).counts.absent == 1
    _narrow(days, last_page=1)
    assert days.day(3, products(a="5")).notes == (NARROWED,)
    assert days.changes() == []


def test_a_product_that_came_to_another_page_before_is_looked_for_there(kept: Days) -> None:
    kept.day(2, products(a="5", b="7"), products(c="1"), products(d="9"))
    _narrow(kept, last_page=1)
    assert kept.day(3, products(a="5", b="7")).counts.narrowed == 2
    reports = [kept.day(day, products(a="5")) for day in (4, 5)]
    assert sum(report.counts.gone for report in reports) == 1
    assert kept.changes("sku", "change") == [("b", "gone")]


def test_what_was_gone_before_returns_though_its_page_was_left_out_meanwhile(days: Days) -> None:
    days.catalogue = _catalogue(1)
    days.day(1, products(a="5"), products(b="7", c="1"))
    assert days.day(2, products(a="5"), products(c="1")).counts.gone == 1
    _narrow(days, last_page=1)
    days.day(3, products(a="5"))
    days.catalogue = _catalogue(1)
    report = days.day(4, products(a="5"), products(b="7", c="1"))
    assert (report.counts.returned, report.counts.widened) == (1, 1)
    assert days.changes("sku", "change") == [("b", "gone"), ("b", "returned")]


@pytest.mark.parametrize("rows", [1, writing.GROUP_ROWS], ids=["many groups", "one group"])
def test_what_is_gone_after_its_page_came_back_returns(
    kept: Days, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "GROUP_ROWS", rows)
    _narrow(kept, last_page=1)
    kept.day(2, products(a="5"))
    kept.catalogue = _catalogue(1)
    kept.day(3, products(a="5"), products(b="7", c="1"), products(d="9"))
    kept.day(4, products(a="5"), products(c="1"), products(d="9"))
    report = kept.day(5, products(a="5"), products(b="7", c="1"), products(d="9"))
    assert (report.counts.returned, report.counts.widened) == (1, 0)


def test_products_of_pages_that_the_yaml_has_not_named_before_are_not_called_new(
    days: Days,
) -> None:
    days.catalogue = _catalogue(1, first_page=2, last_page=2)
    days.day(1, None, products(b="7"))
    days.catalogue = _catalogue(1, last_page=4)
    lacking = "1 of 4 pages not done, or not in use"
    report = days.day(2, products(a="5"), products(b="7", x="1"), products(c="1"), lacks=lacking)
    assert (report.counts.first, report.counts.new) == (2, 1)
    assert UNSEEN.format("2 products") in report.notes
    report = days.day(3, products(a="5"), products(b="7"), products(c="1"), products(d="2"))
    assert (report.counts.first, report.counts.new) == (1, 0)
    assert report.notes == (UNSEEN.format("1 product"),)
    report = days.day(4, products(a="5"), products(b="7"), products(c="1"), products(e="2"))
    assert (report.counts.first, report.counts.new, report.notes) == (0, 1, ())
    assert ("e", "new") in days.changes("sku", "change")
    _narrow(days, first_page=3, last_page=3)
    days.day(5, None, None, products(c="1"))
    days.catalogue = _catalogue(1, last_page=5)
    report = days.day(6, products(a="5"), products(b="7", n="1"), products(c="1"), products(f="2"))
    assert (report.counts.widened, report.counts.first, report.counts.new) == (2, 0, 2)


def test_a_product_that_is_on_an_added_page_too_is_new_if_a_page_crawls_have_had_shows_it(
    days: Days,
) -> None:
    days.catalogue = _catalogue(1, last_page=2)
    days.day(1, products(a="5"), products(b="7"))
    days.catalogue = _catalogue(1, last_page=4)
    one, three = products(a="5", n="1"), products(n="1", b="7", s="2")
    report = days.day(2, one, products(b="7"), three, products(s="2", t="3"))
    assert (report.counts.first, report.counts.new) == (2, 1)
    assert days.changes("sku", "change") == [("n", "new")]
    assert report.notes == (UNSEEN.format("2 products"),)


def test_on_an_added_page_that_a_crawl_has_had_products_are_new_though_another_never_comes(
    days: Days,
) -> None:
    days.catalogue = _catalogue(1, last_page=1)
    days.day(1, products(a="5"))
    days.catalogue = _catalogue(1, last_page=4)
    lacking = "1 of 4 pages not done, or not in use"
    report = days.day(2, products(a="5"), products(b="7"), None, products(d="9"), lacks=lacking)
    assert (report.counts.first, report.counts.new) == (2, 0)
    for day, more in ((3, "t"), (4, "u")):
        two, four = products(b="7", **{more: "1"}), products(d="9", **{more + more: "1"})
        report = days.day(day, products(a="5"), two, None, four, lacks=lacking)
        assert (report.counts.first, report.counts.new) == (0, 2)
    report = days.day(5, products(a="5"), products(b="7"), products(c="1"), products(d="9"))
    assert (report.counts.first, report.counts.new) == (1, 0)
    assert report.notes == (UNSEEN.format("1 product"),)


def test_a_build_that_lacks_pages_takes_down_no_part_of_a_listing_that_the_site_names_since() -> (
    None
):
    before = looked_at(_discovered("one", "bags"), None, PagesSeen([]))
    today = _discovered("one", "bags", "mugs")
    now = datetime(2026, 3, 2, tzinfo=timezone.utc)
    seen = [PageSeen(page, now, "v", now) for page in ("bags-1", "mugs-1")]
    looked = looked_at(today, before, PagesSeen(seen, lacks="pages"))
    assert not unseen_before(today, looked)("mugs-2")


def test_products_behind_an_end_that_moves_on_are_new(days: Days) -> None:
    days.catalogue = _catalogue(1, **OPEN).with_pages((PageKey(1),))
    days.day(1, products(a="5"))
    days.catalogue = days.catalogue.with_pages((PageKey(1), PageKey(2)))
    assert days.day(2, products(a="5"), products(b="7")).counts.new == 1


@pytest.mark.parametrize(
    ("catalogue", "unseen"),
    [
        ("same rule", []),
        ("other rule", ["mugs-1"]),
        ("longer", ["bags-4"]),
    ],
)
def test_a_listing_that_the_site_names_since_is_none_that_the_yaml_has_added(
    catalogue: str, unseen: list[str]
) -> None:
    looked = looked_at(_discovered("one", "bags"), None, PagesSeen([]))
    of_today = {
        "same rule": _discovered("one", "bags", "mugs"),
        "other rule": _discovered("other", "bags", "mugs"),
        "longer": _discovered("one", "bags", "mugs", last_page=4),
    }
    is_unseen = unseen_before(of_today[catalogue], looked)
    named = ("bags-3", "bags-4", "mugs-1") if catalogue == "longer" else ("bags-3", "mugs-1")
    assert [page for page in named if is_unseen(page)] == unseen


def _lose_the_end(days: Days, before: dict[str, Any], after: dict[str, Any]) -> HistoryReport:
    """The same three pages, the last of which is none any more."""
    days.catalogue = _catalogue(1, **before)
    pages = tuple(map(PageKey, (1, 2, 3)))
    if not days.catalogue.is_fixed:
        days.catalogue = days.catalogue.with_pages(pages)
    days.day(1, products(a="5"), products(b="7"), products(c="1", d="2"))
    days.catalogue = _catalogue(1, **after)
    if not days.catalogue.is_fixed:
        days.catalogue = days.catalogue.with_pages(pages[:2])
    del days.pages[3]
    return days.day(2, products(a="5"), products(b="7"))


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        (OPEN, OPEN, 2),
        ({"last_page": 3}, OPEN, 2),
        (OPEN, {"last_page": 2}, 0),
    ],
    ids=["the end has moved", "an end that is looked for", "an end that the YAML says"],
)
def test_products_behind_an_end_are_gone_if_the_site_moved_it_and_not_the_yaml(
    days: Days, before: dict[str, Any], after: dict[str, Any], gone: int
) -> None:
    report = _lose_the_end(days, before, after)
    assert (report.counts.gone, report.counts.narrowed) == (gone, 2 - gone)


def _discovered(rule: str, *names: str, last_page: int = 3) -> Catalogue:
    found = [FoundListing(name, name, f"/c/{name}") for name in names]
    rules: dict[str, Any] = {"page_url": "/c/{listing}?page={page}", "last_page": last_page}
    return shop.catalogue(discover=DISCOVER, **rules).with_listings(found, rule)


@pytest.mark.parametrize(
    ("catalogue", "outside"),
    [
        (_discovered("one", "bags"), []),
        (_discovered("other", "bags"), ["mugs-1"]),
        (_discovered("one", "bags", "mugs", last_page=2), ["bags-3"]),
        (shop.catalogue(listings=["bags"], page_url="/c/{listing}?page={page}"), ["mugs-1"]),
        (shop.catalogue(), ["bags-3", "mugs-1"]),
    ],
    ids=["the site names it no longer", "another discover", "shorter", "listings", "none"],
)
def test_a_listing_that_the_site_names_no_longer_is_none_that_the_yaml_has_left_out(
    catalogue: Catalogue, outside: list[str]
) -> None:
    is_outside = outside_of(catalogue, "one")
    assert [page for page in ("bags-3", "mugs-1") if is_outside(page)] == outside


def test_a_history_from_before_it_had_pages_goes_on(days: Days, tmp_path: Path) -> None:
    days.day(1, products(a="5"), products(b="7", c="1"))
    _without_pages(days.folder / "history.parquet")
    days.catalogue = _catalogue(2)
    report = days.day(2, products(a="6"), products(b="7", c="1"))
    assert (report.counts.changed, report.notes) == (1, ())
    assert days.history("sku", "page")[1:] == [("a", "1"), ("b", "2"), ("c", "2")]
    _narrow(days, last_page=1)
    assert days.day(3, products(a="6")).counts.narrowed == 2


def test_fewer_pages_make_nobody_gone_at_the_first_build_that_knows_pages(days: Days) -> None:
    days.catalogue = _catalogue(1)
    days.day(1, products(a="5"), products(b="7", c="1"))
    _without_pages(days.folder / "history.parquet")
    _narrow(days, last_page=1)
    report = days.day(2, products(a="5"))
    assert (report.counts.narrowed, report.counts.gone, report.notes) == (2, 0, (NARROWED,))
    assert days.history("sku", "closed_as")[1:] == [("b", "narrowed"), ("c", "narrowed")]


def test_a_product_keeps_the_page_of_the_last_table_that_had_it(days: Days) -> None:
    days.catalogue = _catalogue(2)
    days.day(1, products(a="5"), products(b="7", c="1"))
    _without_pages(days.folder / "history.parquet")
    assert days.day(2, products(a="5"), products(b="7")).counts.absent == 1
    _narrow(days, last_page=1)
    assert days.day(3, products(a="5")).notes == (NARROWED,)


def test_the_page_of_a_listing_is_known_from_the_last_table(tmp_path: Path) -> None:
    table = tmp_path / "products.parquet"
    rows = {"sku": ["a", "b"], "listing": ["bags", "mugs"], "page": [1, 2]}
    pq.write_table(pa.table(rows), table)
    keys = pa.table({"sku": ["b", "x", "a"]})
    lacking = pa.chunked_array([["bags-7", None, None]], pa.string())
    found = pages_known(keys, lacking, table, ["sku"])
    assert found.to_pylist() == ["bags-7", None, "bags-1"]
    table.write_bytes(b"damaged")
    assert pages_known(keys, lacking, table, ["sku"]) == lacking


def _without_pages(history: Path) -> None:
    with pq.ParquetFile(history) as file:
        facts = {
            key: value for key, value in file.metadata.metadata.items() if key != b"ARROW:schema"
        }
        groups = [file.read_row_group(n).drop_columns("page") for n in range(file.num_row_groups)]
    with pq.ParquetWriter(history, groups[0].schema) as writer:
        for group in groups:
            writer.write_table(group)
        writer.add_key_value_metadata(facts)
