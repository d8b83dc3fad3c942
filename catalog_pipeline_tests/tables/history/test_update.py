"""What a build adds to the past: which products, which columns, and when it adds nothing."""

from __future__ import annotations

import os
import sys
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from catalog_pipeline.tables.history.report import Moves
from catalog_pipeline.tables.last_past import LastPast
from catalog_pipeline.tables.quality.past import Past
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import TRACKED, Days, products

FOUND = ("sku", "change", "column", "before", "after", "difference_percent")


def test_a_catalogue_without_a_history_leaves_no_file_of_one(days: Days) -> None:
    days.fetch(1, products(a="5"))
    report = shop.build_table(shop.catalogue(), list(days.pages.values()), days.store, days.table)
    assert report.history is None
    assert shop.leftovers(days.table) == []


def test_the_first_build_tells_no_changes(days: Days) -> None:
    report = days.day(1, products(a="5", b="7"))
    assert (report.build, report.counts.first, report.changes) == (1, 2, 0)
    assert report.notes == ("the history begins with this build",)
    assert days.history("sku", "price", "opened_as", "valid_to") == [
        ("a", Decimal("5.00"), "first", None),
        ("b", Decimal("7.00"), "first", None),
    ]


def test_changes_tell_values_exactly_and_by_how_much(days: Days) -> None:
    days.day(1, shop.rows(["a", "b", "c"], price=["100", "0.10", "0"], stock=[3, None, 4]))
    days.day(2, shop.rows(["a", "b", "c"], price=["95", "0.3", "5"], stock=[3, 2, None]))
    assert days.changes(*FOUND) == [
        ("a", "changed", "price", "100.00", "95.00", -5.0),
        ("b", "changed", "price", "0.10", "0.30", 200.0),
        ("b", "changed", "stock", None, "2", None),
        ("c", "changed", "price", "0.00", "5.00", None),
        ("c", "changed", "stock", "4", None, None),
    ]


def test_a_price_in_another_currency_is_no_price_that_fell(days: Days) -> None:
    days.day(1, shop.rows(["a", "b"], price="10"))
    report = days.day(2, shop.rows(["a", "b"], price="9", price_currency=["EUR", "GBP"]))
    assert report.moves["price"] == Moves(fell=1, rose=0, lowest=-10.0, highest=-10.0)
    assert report.moves["stock"] == Moves(fell=0, rose=0, lowest=None, highest=None)
    assert set(report.moves) == {"price", "price_max", "stock"}
    assert days.changes(*FOUND) == [
        ("a", "changed", "price", "10.00", "9.00", None),
        ("a", "changed", "price_currency", "GBP", "EUR", None),
        ("b", "changed", "price", "10.00", "9.00", -10.0),
    ]


def test_the_same_pages_add_nothing_however_often_they_are_built(days: Days) -> None:
    days.day(1, products(a="5", b="7"))
    changed = days.day(2, products(a="6"))
    history = (days.folder / "history.parquet").read_bytes()
    again = days.build()
    assert again == changed
    assert (days.folder / "history.parquet").read_bytes() == history


def test_what_is_read_otherwise_of_a_page_that_was_confirmed_is_no_change(days: Days) -> None:
    days.day(1, products(a="5"), products(b="7"))
    days.fetch(2, products(a="50"), None, same_since=1)
    report = days.build()
    assert (report.counts.reread, report.counts.changed) == (1, 0)
    assert days.history("sku", "price", "closed_as")[:2] == [
        ("a", Decimal("5.00"), "reread"),
        ("a", Decimal("50.00"), None),
    ]
    days.fetch(4, products(a="6"), None, same_since=3)
    report = days.build()
    assert (report.counts.reread, report.counts.changed) == (0, 1), "it had come since"
    assert days.changes("sku", "before", "after") == [("a", "50.00", "6.00")]


def test_a_product_that_came_to_a_page_which_was_there_before_has_changed(days: Days) -> None:
    days.day(2, products(b="8"), products(a="5"))
    days.fetch(3, products(b="8", a="6"), None, same_since=1)
    days.fetch(3, None, products(c="1"))
    assert days.build().counts.changed == 1


def test_a_product_is_gone_after_as_many_complete_crawls_and_from_when_it_was_first_missed(
    days: Days,
) -> None:
    days.day(1, products(a="5", b="7"))
    first = days.day(2, products(a="5"))
    assert first.counts.absent == 1
    assert days.day(3, products(a="5"), lacks="1 page failed").counts.absent == 0
    gone = days.day(4, products(a="5"))
    assert (gone.counts.gone, gone.counts.absent) == (1, 0)
    (period,) = [
        row for row in days.history("sku", "valid_to", "closed_as", "closed_by") if row[0] == "b"
    ]
    assert period == ("b", first.at, "gone", 4)
    back = days.day(5, products(a="5", b="7"))
    assert back.counts.returned == 1
    assert [row[:2] for row in days.changes(*FOUND)] == [("b", "gone"), ("b", "returned")]


def test_a_page_that_was_not_asked_again_hides_no_product_of_another(days: Days) -> None:
    """b moved to the second page, whose stored rows are from before."""
    days.day(1, products(a="5", b="7"), products(c="1"))
    for day in (2, 3, 4):
        assert days.day(day, products(a="5"), None).counts.absent == 0
    assert days.day(5, products(a="5"), products(b="7", c="1")).counts.gone == 0
    assert days.changes() == []


def test_a_row_without_a_key_may_be_the_missing_product_which_is_not_absent_then(
    days: Days,
) -> None:
    days.day(1, products(a="5", b="5"))
    for day in (2, 3, 4):
        report = days.day(day, shop.rows(["a", None], price="5"))
        assert report.counts.gone == report.counts.absent == 0
    assert report.notes == (
        "no product that was not found counts as absent: 1 product without a key",
        "not in the history: 1 product without a key",
    )


def test_products_are_new_only_after_a_crawl_that_had_all_pages(days: Days) -> None:
    days.day(1, products(a="5"), lacks="1 page is missing")
    second = days.day(2, products(a="5"), products(b="5"))
    assert (second.counts.first, second.counts.new) == (1, 0)
    assert "no crawl before this one had all pages" in second.notes[0]
    assert days.day(3, products(a="5"), products(b="5", c="5"), lacks="x").counts.new == 1


def test_values_read_otherwise_out_of_the_same_download_are_no_change(days: Days) -> None:
    days.day(1, products(a="5", b="7"))
    days.fetch(1, products(a="500", b="7"))
    report = days.build()
    assert (report.counts.reread, report.counts.changed) == (1, 0)
    assert "1 product read otherwise out of the same download" in report.notes[0]
    assert days.changes() == []
    assert days.history("sku", "price", "closed_as")[:2] == [
        ("a", Decimal("5.00"), "reread"),
        ("a", Decimal("500.00"), None),
    ]


def test_an_older_row_says_nothing_new(days: Days) -> None:
    """The page with the newer row of a product was wiped, and an older one of it is left."""
    days.fetch(1, None, products(a="5"))
    days.fetch(2, products(a="6"))
    days.build()
    del days.pages[1]
    report = days.build()
    assert report.counts.changed == report.counts.reread == 0
    assert days.history("sku", "price") == [("a", Decimal("6.00"))]


def test_a_clock_that_was_ahead_keeps_changes_back_and_that_is_said(days: Days) -> None:
    days.day(9, products(a="5", b="7"))
    report = days.day(2, products(a="4"))
    assert (report.counts.changed, report.counts.absent) == (0, 0)
    (told,) = report.notes
    assert "its newest page was fetched at 2026-03-03 12:00:01 UTC, before that of the last" in told
    assert days.day(10, products(a="4")).notes == ()


def test_no_clock_is_accused_where_the_newest_page_has_left_the_catalogue(days: Days) -> None:
    days.day(1, products(a="5"), products(b="7"))
    days.fetch(1.5, None, products(b="8"))
    days.build()
    del days.pages[2]
    assert days.build().notes == ()


def test_a_clock_that_was_ahead_is_told_until_the_time_has_come(days: Days) -> None:
    days.day(9, products(a="5"), products(b="7"))
    for day in (2, 3):
        (told,) = days.day(day, products(a="4"), products(b="6")).notes
        assert "was the clock ahead, or set back?" in told


def test_a_number_may_become_as_much_more_as_numbers_can(days: Days) -> None:
    days.catalogue = shop.catalogue(history={"track": ["rating"]})
    days.day(1, shop.rows(["a", "b"], rating=[1e-300, -1e-300]))
    days.day(2, shop.rows(["a", "b"], rating=[1e300, -1e300]))
    most = sys.float_info.max
    assert days.changes("sku", "difference_percent") == [("a", most), ("b", -most)]


def test_the_time_of_a_build_never_goes_back(days: Days) -> None:
    days.day(5, products(a="5"))
    late = days.day(3, None, products(b="5"))
    assert late.at == days.build().at
    assert {row[0] for row in days.history("valid_from")} == {late.at}


def test_a_column_that_is_followed_from_now_on_forges_no_change(days: Days) -> None:
    days.day(1, products(a="5", b="7"))
    days.catalogue = shop.catalogue(history={"track": ["price", "rating"]})
    report = days.day(2, products(a="5", b="8"))
    assert (report.counts.tracked, report.counts.changed) == (1, 1)
    assert "other columns are followed from this build on: price" in report.notes[0]
    assert days.changes(*FOUND)[0][:5] == ("b", "changed", "price", "7.00", "8.00")
    assert len(days.changes()) == 1
    assert days.history("sku", "stock", "rating", "closed_as") == [
        ("a", 3, None, "tracked"),
        ("a", None, 4.5, None),
        ("b", 3, None, "changed"),
        ("b", None, 4.5, None),
    ]


def test_a_product_that_was_away_meanwhile_is_not_changed_by_a_column_it_was_not_known_in(
    days: Days,
) -> None:
    days.day(1, products(a="5", b="7"))
    days.catalogue = shop.catalogue(history={"track": ["price", "stock", "rating"]})
    days.day(2, products(a="5"))
    report = days.day(3, products(a="5", b="7"))
    assert (report.counts.tracked, report.counts.changed, report.counts.returned) == (1, 0, 0)
    told = "1 product not seen since other columns came to be followed began a new period by"
    assert report.notes[0].startswith(told)
    assert days.changes() == []


def test_the_order_of_the_fields_is_nothing_to_the_history(days: Days) -> None:
    days.day(1, products(a="5"))
    days.catalogue = shop.catalogue(
        history=TRACKED, fields={name: shop.FIELDS[name] for name in reversed(shop.FIELDS)}
    )
    report = days.day(2, products(a="5"))
    assert report.counts.tracked == report.counts.changed == 0


def test_a_column_of_another_type_begins_anew_and_what_it_was_stays(days: Days) -> None:
    days.day(1, products(a="5"))
    fields = {**shop.FIELDS, "stock": {"select": ".stock", "type": "text"}}
    days.catalogue = shop.catalogue(history=TRACKED, fields=fields)
    report = days.day(2, shop.rows(["a"], price="5", stock="three"))
    assert "stock has another type than before" in report.notes[0]
    assert report.counts.changed == 0
    assert days.history("stock", "stock_until_2") == [(None, 3), ("three", None)]
    assert days.day(3, shop.rows(["a"], price="5", stock="four")).counts.changed == 1


def test_another_key_is_another_history_and_the_former_one_is_kept(days: Days) -> None:
    days.day(1, products(a="5", b="7"))
    days.day(2, products(a="6", b="7"))
    former = (days.folder / "history.parquet").read_bytes()
    days.catalogue = shop.catalogue(history=TRACKED, key="link")
    report = days.day(3, shop.rows(["a", "b"], link=["https://shop.example/a", None]))
    assert any("told apart by sku" in note and ".kept-" in note for note in report.notes)
    (kept,) = days.folder.glob("history.kept-*.parquet")
    assert kept.read_bytes() == former
    assert len(list(days.folder.glob("changes.kept-*.parquet"))) == 1
    table = pq.read_table(days.folder / "history.parquet")
    assert table["link"].to_pylist() == ["https://shop.example/a"]
    assert (report.counts.first, report.counts.new) == (1, 0)


def test_an_amount_with_more_decimals_is_the_same_amount(days: Days) -> None:
    days.day(1, products(a="5.1", b="2"))
    report = days.day(2, products(a="5.10", b="2.00001"))
    assert report.counts.changed == 1
    assert days.changes(*FOUND)[0][:5] == ("b", "changed", "price", "2.00", "2.00001")
    assert days.day(3, products(a="5.1", b="2.00001")).counts.changed == 0
    assert days.history("sku", "price")[0] == ("a", Decimal("5.10000"))


def test_lists_and_times_are_values_as_others(tmp_path: Path) -> None:
    fields = {**shop.FIELDS, "tags": {"select": ".tag", "many": True}}
    history = {"track": ["tags", "listed_at", "is_new", "rating"]}
    days = Days(tmp_path / "shop", shop.catalogue(fields=fields, history=history))
    days.day(1, shop.rows(["a", "b", "c"], tags=[["x", "y"], None, []]))
    days.day(
        2,
        shop.rows(
            ["a", "b", "c"],
            tags=[["y", "x"], None, None],
            listed_at=["2026-02-01T08:30:00+00:00", None, "2026-02-01T08:30:00+00:00"],
            is_new=[True, True, False],
            rating=[4.5, 4.5, 4.75],
        ),
    )
    assert days.changes("sku", "column", "before", "after") == [
        ("a", "tags", '["x","y"]', '["y","x"]'),
        ("b", "listed_at", "2026-02-01T08:30:00+00:00", None),
        ("c", "rating", "4.5", "4.75"),
        ("c", "is_new", "true", "false"),
        ("c", "tags", "[]", None),
    ]


def test_a_key_of_several_columns_tells_products_apart_with_nulls(tmp_path: Path) -> None:
    catalogue = shop.catalogue(history={"track": ["stock"]}, key=("sku", "price"))
    days = Days(tmp_path / "shop", catalogue)
    days.day(1, shop.rows(["a", "a", None], price=["1", None, "1"], stock=[1, 2, 3]))
    report = days.day(2, shop.rows(["a", "a", None], price=["1.00", None, "1"], stock=[1, 2, 4]))
    assert (report.counts.changed, report.counts.new, report.counts.absent) == (1, 0, 0)
    assert days.changes("sku", "price", "after") == [(None, Decimal("1.00"), "4")]


def test_a_product_on_two_pages_is_one_as_it_was_fetched_last(days: Days) -> None:
    days.day(1, products(a="5"), products(a="6", b="1"))
    assert days.history("sku", "price") == [("a", Decimal("6.00")), ("b", Decimal("1.00"))]


def test_pandas_reads_the_periods_with_their_types(days: Days) -> None:
    days.day(1, shop.rows(["a", "b"], stock=[3, None]))
    frame = pd.read_parquet(days.folder / "history.parquet")
    assert frame["stock"].dtype == pd.Int64Dtype()
    assert frame["closed_by"].dtype == pd.Int64Dtype()
    assert str(frame["valid_to"].dtype) == "datetime64[us, UTC]"


def test_a_yaml_that_reads_otherwise_is_told_beside_the_changes(days: Days) -> None:
    days.day(1, products(a="5"))
    fields = {**shop.FIELDS, "price": {**shop.FIELDS["price"], "select": ".now"}}
    days.catalogue = shop.catalogue(history=TRACKED, fields=fields)
    report = days.day(2, products(a="6"))
    assert report.counts.changed == 1
    assert "the YAML reads pages otherwise" in report.notes[0]


@pytest.mark.parametrize("name", ["history.parquet", "changes.parquet"])
@pytest.mark.parametrize("damage", ["cut", "bit", "foreign", "folder", "fifo", "link"])
def test_a_file_that_cannot_be_read_is_kept_aside_and_said(
    days: Days, name: str, damage: str
) -> None:
    days.day(1, products(a="5", b="7"))
    days.day(2, products(a="6", b="8"))
    path = days.folder / name
    content = bytearray(path.read_bytes())
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage == "fifo":
        os.mkfifo(path)
    elif damage == "link":
        path.with_name("elsewhere").write_bytes(content)
        path.symlink_to("elsewhere")
    elif damage == "foreign":
        pd.DataFrame({"x": [1]}).to_parquet(path)
    else:
        content[6] ^= 1
        path.write_bytes(content[:-20] if damage == "cut" else content)
    report = days.day(3, products(a="7", b="8"))
    assert any(f"{name} cannot be read" in note for note in report.notes)
    assert os.path.lexists(days.folder / f"{name}.aside-1")
    assert days.history("sku", "price")[-1] == ("b", Decimal("8.00"))
    assert days.day(4, products(a="7", b="9")).counts.changed == 1


def test_changes_of_a_history_that_is_lost_go_on_and_its_builds_are_not_counted_twice(
    days: Days,
) -> None:
    days.day(1, products(a="5"))
    days.day(2, products(a="6"))
    (days.folder / "history.parquet").unlink()
    assert days.day(3, products(a="7")).build == 3
    days.day(4, products(a="8"))
    assert days.changes("build", "after") == [(2, "6.00"), (4, "8.00")]


def test_a_history_that_is_put_back_from_before_denies_nothing_of_what_was_since(
    days: Days,
) -> None:
    first = days.day(1, products(a="5", b="7", c="1", d="2"))
    before = (days.folder / "history.parquet").read_bytes()
    days.day(2, products(a="6", b="7", c="1", e="3"))
    days.day(3, products(a="7", b="7", c="1", e="3"))
    told = days.changes("build", "sku", "change")
    (days.folder / "history.parquet").write_bytes(before)
    report = days.day(4, products(a="8", b="7", e="3"))
    assert report.build == 4
    assert report.notes == (
        f"history.parquet has been put back from before: it ends with build 1, of "
        f"{first.at:%Y-%m-%d %H:%M} UTC, and a later one was the last. What was between that build "
        f"and this one is not in it",
        "2 products began a new period by that alone, and no change of it is told",
        "1 product not known, and not called new: builds are lacking",
    )
    assert days.changes("build", "sku", "change") == told
    known = [(row[0], row[1] and row[1] <= first.at, *row[2:]) for row in days.history(
        "sku", "valid_to", "price", "opened_as", "closed_as"
    )]  # fmt: skip
    assert known == [
        ("a", True, Decimal("5.00"), "first", "resumed"),
        ("a", None, Decimal("8.00"), "resumed", None),
        ("b", True, Decimal("7.00"), "first", "resumed"),
        ("b", None, Decimal("7.00"), "resumed", None),
        ("c", True, Decimal("1.00"), "first", "resumed"),
        ("d", True, Decimal("2.00"), "first", "resumed"),
        ("e", None, Decimal("3.00"), "first", None),
    ]
    after = days.day(5, products(a="9", b="7", c="1", e="3"))
    assert (after.counts.changed, after.counts.returned, after.notes) == (1, 1, ())


def test_what_was_not_downloaded_since_a_history_that_is_put_back_goes_on(days: Days) -> None:
    days.day(1, products(a="5"), products(b="7"))
    before = (days.folder / "history.parquet").read_bytes()
    days.day(2, products(a="6"))
    (days.folder / "history.parquet").write_bytes(before)
    assert days.build().counts.resumed == 1
    assert days.history("sku", "price", "closed_as")[-1] == ("b", Decimal("7.00"), None)


def test_changes_that_are_put_back_from_before_lack_what_was_since_and_that_is_said(
    days: Days,
) -> None:
    days.day(1, products(a="5"))
    before = (days.folder / "changes.parquet").read_bytes()
    days.day(2, products(a="6"))
    (days.folder / "changes.parquet").write_bytes(before)
    report = days.build()
    assert (report.build, report.counts.changed) == (3, 0)
    assert report.notes[0].startswith("changes.parquet has been put back from before: it ends with")
    assert days.day(3, products(a="7")).notes == ()
    assert days.changes("build", "before", "after") == [(4, "6.00", "7.00")]


def test_a_whole_folder_that_is_put_back_is_known_by_what_is_recorded_of_a_later_build(
    days: Days,
) -> None:
    files = ("history.parquet", "changes.parquet", "products.parquet")
    days.day(1, products(a="5"))
    before = {name: (days.folder / name).read_bytes() for name in files}
    days.day(2, products(a="6"))
    last = days.day(3, products(a="7"))
    for name, content in before.items():
        (days.folder / name).write_bytes(content)
    days.earlier = Past(history=LastPast(last.build, last.version))
    report = days.build()
    assert (report.build, report.counts.resumed, report.counts.changed) == (4, 1, 0)
    assert [note.partition(" ")[0] for note in report.notes[:2]] == [
        "history.parquet",
        "changes.parquet",
    ]
    assert "and build 3 was the last" in report.notes[0]


@pytest.mark.parametrize("lost", [["history"], ["changes"], ["history", "changes"]])
def test_files_of_the_past_that_are_gone_are_told_and_builds_are_not_counted_from_the_start(
    days: Days, lost: list[str]
) -> None:
    days.day(1, products(a="5"))
    last = days.day(2, products(a="6"))
    for name in lost:
        (days.folder / f"{name}.parquet").unlink()
    days.earlier = Past(history=LastPast(last.build, last.version))
    report = days.day(3, products(a="7"))
    assert report.build == 3
    assert report.notes == tuple(f"{name}.parquet is gone, and a new one begins" for name in lost)


def test_a_build_that_died_before_it_was_recorded_has_put_nothing_back(days: Days) -> None:
    first = days.day(1, products(a="5"))
    days.earlier = Past(history=LastPast(first.build, first.version))
    days.day(2, products(a="6"))
    report = days.day(3, products(a="7"))
    assert (report.build, report.counts.changed, report.notes) == (3, 1, ())


def test_a_table_that_is_a_pipe_is_no_table_and_is_not_waited_for(days: Days) -> None:
    days.day(1, products(a="5"))
    days.table.unlink()
    os.mkfifo(days.table)
    assert days.day(2, products(a="6")).counts.changed == 1


def test_a_history_that_is_kept_again_leaves_a_gap_for_the_builds_without_it(days: Days) -> None:
    first = days.day(1, products(a="5", b="7"))
    days.fetch(2, products(a="6", b="7"))
    pages = list(days.pages.values())
    assert shop.build_table(shop.catalogue(), pages, days.store, days.table).history is None
    report = days.day(3, products(a="7", b="7"))
    assert (report.build, report.counts.changed, report.counts.resumed) == (2, 0, 2)
    assert report.notes[0].startswith("history.parquet was not kept for a while: it ends with bui")
    assert days.changes() == []
    assert days.history("sku", "price", "valid_to", "closed_as")[:2] == [
        ("a", Decimal("5.00"), first.at, "resumed"),
        ("a", Decimal("7.00"), None, None),
    ]
    assert days.day(4, products(a="8", b="7")).notes == ()
    assert days.changes("before", "after") == [("7.00", "8.00")]


def test_a_history_that_no_build_has_gone_without_goes_on(days: Days) -> None:
    days.day(1, products(a="5"))
    days.table.unlink()
    report = days.day(2, products(a="6"))
    assert (report.counts.changed, report.notes) == (1, ())
