"""The rows of many pages that Arrow reads at once are those that are read page by page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_pipeline.errors import StoredPageError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.storing.page_file import PageFile
from catalog_pipeline.tables import json_columns
from catalog_pipeline.tables.cells import CellError, column_array
from catalog_pipeline.tables.json_columns import read_together
from catalog_pipeline.tables.preview import read_summary
from catalog_pipeline.tables.schema import MONEY_DECIMALS, table_columns
from catalog_pipeline.tables.stored_rows import PageRows, read_batches
from catalog_pipeline_tests.storing import samples
from catalog_pipeline_tests.tables import shop

COLUMNS = table_columns(shop.catalogue())
TEXTS = st.one_of(
    st.sampled_from(
        ["51.77", "1.005", "-3", "1e400", "USD", "2026-02-01T08:30:00+00:00", "2026-02-01", "true"]
    ),
    st.text(max_size=5),
)
NUMBERS = st.one_of(
    st.integers(-5, 5),
    st.integers(2**53 - 2, 2**53 + 2),
    st.integers(-(2**53) - 2, -(2**53) + 2),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.sampled_from([0.1, -0.0, 5e-324, 1.7976931348623157e308, 4.0]),
)
USUAL: dict[str, st.SearchStrategy[Any]] = {
    "sku": st.text(max_size=5),
    "price": st.decimals(-1000, 1000, places=2).map(str),
    "price_max": st.decimals(0, 1000, places=3).map(str),
    "price_currency": st.sampled_from(["USD", "EUR"]),
    "stock": st.integers(-(2**63), 2**63 - 1),
    "rating": st.floats(-1e9, 1e9),
    "is_new": st.booleans(),
    "link": st.text(max_size=5),
    "listed_at": st.sampled_from(["2026-02-01T08:30:00.000001+00:00", "1970-01-01T00:00:00+00:00"]),
}
ANY = st.one_of(TEXTS, NUMBERS, st.booleans(), st.lists(st.integers(0, 1), max_size=1))


@st.composite
def texts_of_pages(draw: st.DrawFn) -> list[tuple[int, bytes]]:
    """How many rows the records of some pages count, and the JSON that their files hold."""
    pages = []
    strange = draw(st.sampled_from([*USUAL, None]))
    for _ in range(draw(st.integers(1, 3))):
        rows = draw(st.integers(0, 3))
        columns: dict[str, Any] = {
            name: draw(
                st.lists(
                    st.none() | (ANY if name == strange else cells), min_size=rows, max_size=rows
                )
            )
            for name, cells in USUAL.items()
        }
        change = draw(st.sampled_from([None] * 8 + ["lacking", "more", "shorter", "null"]))
        name = draw(st.sampled_from([*USUAL]))
        if change == "lacking":
            del columns[name]
        elif change == "more":
            columns["other"] = [1] * rows
        elif change == "shorter":
            columns[name] = columns[name][1:]
        elif change == "null":
            columns[name] = None
        pages.append((rows, msgspec.json.encode(columns)))
    return pages


def files_of(pages: Sequence[tuple[int, bytes]]) -> list[PageFile]:
    """Page files that hold these texts."""
    return [
        PageFile(replace(samples.record(number), rows=rows), page_file.pack(text), b"")
        for number, (rows, text) in enumerate(pages, start=1)
    ]


def come_to(cells: Any, name: str) -> pa.Array | str:
    """What a column becomes of its cells, or what is wrong with them."""
    column = next(each for each in COLUMNS if each.name == name)
    try:
        return column_array(column, cells, MONEY_DECIMALS)
    except CellError as error:
        return str(error)


@settings(max_examples=200)
@given(texts_of_pages())
def test_cells_that_are_read_at_once_are_those_that_are_read_one_by_one(
    pages: list[tuple[int, bytes]],
) -> None:
    files = files_of(pages)
    together = read_together(COLUMNS, files)
    if together is None:
        return
    assert together.pages == len(files)
    for file in files:
        page_file.verify_rows(file.columns, file.record, name="its file")
        assert file.columns.keys() == together.cells.keys()
    for column in COLUMNS:
        one_by_one = come_to([c for file in files for c in file.columns[column.name]], column.name)
        at_once = come_to(together.cells[column.name], column.name)
        if isinstance(one_by_one, str) or isinstance(at_once, str):
            assert at_once == one_by_one
        else:
            assert at_once.type == one_by_one.type
            # By their texts: -0.0 equals 0.0.
            assert list(map(str, at_once.to_pylist())) == list(map(str, one_by_one.to_pylist()))


@settings(max_examples=50)
@given(st.lists(st.fixed_dictionaries(USUAL), max_size=3), st.integers(1, 3))
def test_what_a_crawl_writes_is_read_at_once(rows: list[dict[str, Any]], pages: int) -> None:
    text = page_file.rows_json({name: [row[name] for row in rows] for name in USUAL})
    assert read_together(COLUMNS, files_of([(len(rows), text)] * pages)) is not None


def row(**changes: Any) -> bytes:
    """The text of a page of one row."""
    return json.dumps({name: [None] for name in USUAL} | changes).encode()


@pytest.mark.parametrize(
    "text",
    [
        row(rating=[float("nan")]),
        row(rating=[2**53 + 1]),
        row(rating=[-(2**53) - 1]),
        row(stock=[1.5]),
        row(stock=["1"]),
        row(stock=[True]),
        row(is_new=[1]),
        row(sku=[1]),
        row(sku=[["a"]]),
        row(sku=["a", "b"]),
        row(sku=[]),
        row(sku=None),
        row(other=[1]),
        row(sku=["\udc00"]),
        row(sku=["x"]).replace(b"x", b"\xff"),
        row().replace(b'"sku": [null], ', b""),
        row().replace(b"{", b'{"sku": ["a"], '),
        row() + row(),
        b"",
        b"\n",
        b"[]",
        b"null",
        row()[:-1],
        row()[1:],
    ],
)
def test_what_may_be_read_otherwise_page_by_page_is_not_read_at_once(text: bytes) -> None:
    usual = (1, row())
    assert read_together(COLUMNS, files_of([usual, usual])) is not None
    assert read_together(COLUMNS, files_of([usual, (1, text)])) is None
    assert read_together(COLUMNS, files_of([(1, text), usual])) is None


def test_pages_whose_texts_only_together_are_as_many_are_not_read_at_once() -> None:
    both = row() + b"\n" + row()
    assert read_together(COLUMNS, files_of([(1, both), (1, b"")])) is None
    halves = row().split(b", ", 1)
    assert read_together(COLUMNS, files_of([(1, halves[0]), (1, b"," + halves[1])])) is None


def test_rows_that_do_not_decompress_are_not_read_at_once() -> None:
    whole, torn = files_of([(1, row()), (1, row())])
    torn = replace(torn, packed_rows=torn.packed_rows[:-3])
    with pytest.raises(StoredPageError):
        _ = torn.columns
    assert read_together(COLUMNS, [whole, torn]) is None


def test_pages_of_several_values_are_read_one_by_one() -> None:
    several = shop.catalogue(fields={"sku": ".sku", "tags": {"select": ".tag", "many": True}})
    text = page_file.rows_json({"sku": ["a"], "tags": [["x"]]})
    assert read_together(table_columns(several), files_of([(1, text)])) is None


def stored_pages(store: FolderStore) -> list[StoredPage]:
    """Pages with all kinds of cells, of which one needs more decimals than those before."""
    return [
        shop.store_page(
            store,
            page,
            shop.rows(
                [f"{page}-{place}" for place in range(3)],
                price=["1.5", None, "3.125" if page == 7 else "2"],
                stock=[page, None, 2**60],
                rating=[4, 0.1, None],
                is_new=[None, True, False],
                link=[None, "https://shop.example/ä", "x" * page],
            ),
            later=page,
        )
        for page in range(1, 10)
    ]


def bytes_of(table: Path) -> bytes:
    """A table's file without the time of its build."""
    built_at = read_summary(table).built_at.isoformat().encode()
    return table.read_bytes().replace(built_at, b"")


def test_a_table_of_pages_that_are_read_at_once_is_the_same_to_the_byte(
    store: FolderStore, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = stored_pages(store)
    at_once = shop.build_table(shop.catalogue(), pages, store, table)
    found = bytes_of(table)
    monkeypatch.setattr(json_columns, "_MOST_BYTES", 0)
    one_by_one = shop.build_table(shop.catalogue(), pages, store, table)
    assert found == bytes_of(table)
    assert at_once.head == one_by_one.head
    assert at_once.prices == one_by_one.prices
    assert at_once.judgement == one_by_one.judgement


def test_a_page_that_is_mended_is_not_read_with_the_others(store: FolderStore, table: Path) -> None:
    pages = stored_pages(store)
    good = shop.build_table(shop.catalogue(), pages, store, table)
    path = store.folder / pages[3].file_name
    path.write_bytes(path.read_bytes()[:-1])
    report = shop.build_table(shop.catalogue(), pages, store, table)
    assert report.rows == good.rows - 3
    assert [left_out.page.number for left_out in report.left_out] == [4]


def test_pages_of_a_batch_know_what_was_read_of_all_and_give_their_own(store: FolderStore) -> None:
    pages = stored_pages(store)
    (batch,) = read_batches(store, pages, partial(read_together, COLUMNS))
    found = [each for _, each in batch if isinstance(each, PageRows)]
    assert len(found) == len(pages)
    assert len({id(each.together) for each in found}) == 1
    assert found[0].together is not None
    assert found[4].columns["link"] == [None, "https://shop.example/ä", "x" * 5]
