"""Which pages show exactly the products of another page."""

from dataclasses import replace
from datetime import datetime, timezone

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.repeats import Repeats
from catalog_pipeline.crawling.working.same_products import products_hash
from catalog_pipeline.records import Columns, PageRecord, StoredPage

AT = datetime(2026, 1, 31, tzinfo=timezone.utc)
RECORD = PageRecord(
    PageKey(1), "http://shop.example/1", 200, 20, 900, 0.1, 1, AT,
    "text/html", None, None, False, "rows", "c", products="products",
)  # fmt: skip


def _page(key: str, **changes: object) -> StoredPage:
    record = replace(RECORD, page=PageKey.parse(key), **changes)  # type: ignore[arg-type]
    return StoredPage(record, f"{key}.page", "0")


def _others(known: list[StoredPage], page: StoredPage) -> list[str]:
    return [str(stored.record.page) for stored in Repeats(known).others(page.record)]


def test_the_same_products_are_found_whatever_else_changed():
    known = [_page("3", data_version="a"), _page("1", data_version="b"), _page("2", products="x")]
    assert _others(known, _page("4", data_version="c")) == ["1", "3"]


def test_a_page_is_no_repeat_of_itself_nor_of_another_listing():
    assert _others([_page("1")], _page("1")) == []
    assert _others([_page("phones-1")], _page("laptops-1")) == []


def test_records_without_a_hash_of_products_are_compared_by_their_rows():
    assert _others([_page("1", products=None)], _page("2")) == ["1"]
    assert _others([_page("1", products=None, data_version="x")], _page("2")) == []


def test_two_pages_without_rows_are_no_repeats():
    assert _others([_page("1", products=None, rows=0)], _page("2", products=None, rows=0)) == []


def test_what_a_page_showed_before_is_forgotten():
    repeats = Repeats([_page("1")])
    repeats.add(_page("1", products="other", data_version="other"))
    assert repeats.others(_page("2").record) == []
    repeats.add(_page("1"))
    repeats.remove(PageKey(1))
    assert repeats.others(_page("2").record) == []


ROWS: Columns = {"id": [1, 2], "shop": ["a", "b"], "price": ["1.00", "2.00"]}


@pytest.mark.parametrize(
    ("columns", "is_same"),
    [
        (ROWS | {"price": ["9.00", None]}, True),
        ({name: cells[::-1] for name, cells in ROWS.items()}, True),
        (ROWS | {"id": [1, 3]}, False),
        ({name: cells[:1] for name, cells in ROWS.items()}, False),
        (ROWS | {"id": ["1", "2"]}, False),
        ({name: [*cells, cells[0]] for name, cells in ROWS.items()}, False),
    ],
)
def test_products_are_the_same_by_their_keys_in_any_order(columns: Columns, is_same: bool):
    hashes = {products_hash(each, ["id", "shop"]) for each in (ROWS, columns)}
    assert (len(hashes) == 1) is is_same


def test_products_without_a_key_tell_nothing():
    assert products_hash({"id": [None, None]}, ["id"]) is None
    assert products_hash({"id": []}, ["id"]) is None
    assert products_hash({"id": [None, 1]}, ["id"]) == products_hash({"id": [1, None]}, ["id"])


def test_hashes_of_two_keys_are_never_the_same():
    assert products_hash(ROWS | {"other": [1, 2]}, ["id"]) != products_hash(
        ROWS | {"other": [1, 2]}, ["other"]
    )
