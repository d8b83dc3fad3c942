"""The table that is built: types, order, provenance, and what replaces what."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog_pipeline.errors import StorageError, TableError
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.tables import parquet_writer, stored_rows
from catalog_pipeline.tables.report import PriceRange
from catalog_pipeline_tests.storing.disks import make_read_only, make_writable, small_disk
from catalog_pipeline_tests.tables import shop


def column(table: Path, name: str) -> list[Any]:
    """The values of a column of the table file."""
    values: list[Any] = pq.read_table(table)[name].to_pylist()
    return values


def test_every_type_of_field_reads_back_exactly(store: FolderStore, table: Path) -> None:
    page = shop.store_page(
        store,
        7,
        shop.rows(
            ["a", "b"],
            price=["51.77", None],
            price_max=["60", None],
            price_currency=["GBP", None],
            stock=[2**53 + 1, None],
            rating=[4, 0.1],
            is_new=[True, None],
            listed_at=["2026-02-01T08:30:00.000001+00:00", None],
        ),
        later=1.5,
    )
    shop.build_table(shop.catalogue(), [page], store, table)
    assert pq.read_table(table).to_pylist() == [
        {
            "sku": "a",
            "price": Decimal("51.77"),
            "price_max": Decimal("60"),
            "price_currency": "GBP",
            "stock": 2**53 + 1,
            "rating": 4.0,
            "is_new": True,
            "link": "https://shop.example/1",
            "listed_at": datetime(2026, 2, 1, 8, 30, 0, 1, tzinfo=timezone.utc),
            "page": 7,
            "position": 1,
            "source_url": "https://shop.example/products?page=7",
            "fetched_at": shop.START + timedelta(seconds=1.5),
        },
        {
            "sku": "b",
            "price": None,
            "price_max": None,
            "price_currency": None,
            "stock": None,
            "rating": 0.1,
            "is_new": None,
            "link": "https://shop.example/1",
            "listed_at": None,
            "page": 7,
            "position": 2,
            "source_url": "https://shop.example/products?page=7",
            "fetched_at": shop.START + timedelta(seconds=1.5),
        },
    ]
    assert str(column(table, "price")[0]) == "51.77"


def test_the_schema_is_the_same_whatever_the_cells_are(store: FolderStore, table: Path) -> None:
    nothing = dict.fromkeys(
        ("price", "price_currency", "stock", "rating", "is_new", "link", "listed_at")
    )
    page = shop.store_page(store, 1, shop.rows(["a"], **nothing))
    report = shop.build_table(shop.catalogue(), [page], store, table)
    schema = pq.read_schema(table)
    assert {field.name: str(field.type) for field in schema} == report.columns
    assert report.columns == {
        "sku": "string",
        "price": "decimal128(38, 2)",
        "price_max": "decimal128(38, 2)",
        "price_currency": "string",
        "stock": "int64",
        "rating": "double",
        "is_new": "bool",
        "link": "string",
        "listed_at": "timestamp[us, tz=UTC]",
        "page": "int64",
        "position": "int64",
        "source_url": "string",
        "fetched_at": "timestamp[us, tz=UTC]",
    }


def test_pandas_reads_integers_and_booleans_with_nulls_as_such(
    store: FolderStore, table: Path
) -> None:
    page = shop.store_page(store, 1, shop.rows(["a", "b"], stock=[3, None], is_new=[None, True]))
    shop.build_table(shop.catalogue(), [page], store, table)
    frame = pd.read_parquet(table)
    assert frame["stock"].dtype == pd.Int64Dtype()
    assert frame["is_new"].dtype == pd.BooleanDtype()
    assert frame["page"].dtype == "int64"
    assert str(frame["fetched_at"].dtype) == "datetime64[us, UTC]"
    assert frame["price"].tolist() == [Decimal("51.77")] * 2


@pytest.mark.parametrize(
    ("amounts", "kind"),
    [
        (["51.77", "1200"], "decimal128(38, 2)"),
        (["51.7700", "1.10"], "decimal128(38, 2)"),
        (["12.345", "1"], "decimal128(38, 3)"),
        (["0.000125", "99999999999999999999"], "decimal128(38, 6)"),
        (["-5.25", "0"], "decimal128(38, 2)"),
    ],
)
def test_amounts_keep_every_decimal(
    store: FolderStore, table: Path, amounts: list[str], kind: str
) -> None:
    page = shop.store_page(store, 1, shop.rows(["a", "b"], price=amounts))
    report = shop.build_table(shop.catalogue(), [page], store, table)
    assert column(table, "price") == [Decimal(amount) for amount in amounts]
    assert report.columns["price"] == kind


def test_a_late_amount_with_more_decimals_does_not_spoil_the_earlier_ones(
    store: FolderStore, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "BATCH_ROWS", 2)
    amounts = ["51.77", "0.0125", "7", "0.00015"]
    pages = [
        shop.store_page(store, number, shop.rows([f"{number}a", f"{number}b"], price=amount))
        for number, amount in enumerate(amounts, start=1)
    ]
    report = shop.build_table(shop.catalogue(key=("sku", "price")), pages, store, table)
    assert column(table, "price") == [Decimal(amount) for amount in amounts for _ in range(2)]
    assert column(table, "page") == [1, 1, 2, 2, 3, 3, 4, 4]
    assert report.columns["price"] == "decimal128(38, 5)"
    assert [path.name for path in table.parent.glob("*.parquet")] == [table.name]
    assert shop.leftovers(table) == []


def test_rows_are_sorted_by_page_number_and_position(store: FolderStore, table: Path) -> None:
    pages = [shop.store_page(store, n, shop.rows([f"{n}y", f"{n}x"])) for n in (10, 2, 33, 1)]
    shop.build_table(shop.catalogue(), pages, store, table)
    assert column(table, "page") == [1, 1, 2, 2, 10, 10, 33, 33]
    assert column(table, "position") == [1, 2] * 4
    assert column(table, "sku") == ["1y", "1x", "2y", "2x", "10y", "10x", "33y", "33x"]


def test_a_table_of_many_batches_and_row_groups_is_whole(
    store: FolderStore, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "BATCH_ROWS", 50)
    monkeypatch.setattr(parquet_writer, "GROUP_ROWS", 170)
    pages = shop.store_pages(store, 30)
    pages.append(shop.store_page(store, 31, shop.rows(["30-19", "new"]), later=5))
    report = shop.build_table(shop.catalogue(), pages, store, table)
    expected = [f"{page}-{place}" for page in range(1, 31) for place in range(20)]
    assert column(table, "sku") == [*expected[:-1], "30-19", "new"]
    assert (report.rows, report.duplicates, report.pages) == (601, 1, 31)
    assert pq.ParquetFile(table).num_row_groups > 2
    assert shop.leftovers(table) == []


def test_a_page_given_twice_counts_once_in_its_newest_version(
    store: FolderStore, table: Path
) -> None:
    old = shop.store_page(store, 1, shop.rows(["a"]))
    new = shop.store_page(store, 1, shop.rows(["b"]), later=1)
    report = shop.build_table(shop.catalogue(), [new, old], store, table)
    assert (report.pages, report.duplicates, column(table, "sku")) == (1, 0, ["b"])


def test_pages_without_rows_are_pages_of_the_table(store: FolderStore, table: Path) -> None:
    empty = shop.store_page(store, 1, shop.rows([]))
    report = shop.build_table(shop.catalogue(), [empty], store, table)
    assert (report.rows, report.pages, report.head, report.prices) == (0, 1, [], {})
    assert "price" in pq.read_schema(table).names
    full = shop.store_page(store, 2, shop.rows(["a"]))
    assert shop.build_table(shop.catalogue(), [empty, full], store, table).rows == 1


def test_the_report_tells_price_ranges_by_currency(store: FolderStore, table: Path) -> None:
    pages = [
        shop.store_page(
            store, 1, shop.rows("abc", price=["5", "7.5", None], price_currency=["EUR"] * 3)
        ),
        shop.store_page(
            store, 2, shop.rows("def", price=["1", "9", "8"], price_currency=["EUR", "USD", "USD"])
        ),
    ]
    report = shop.build_table(shop.catalogue(), pages, store, table)
    assert report.prices == {
        "price": (
            PriceRange(Decimal(1), Decimal("7.5"), "EUR"),
            PriceRange(Decimal(8), Decimal(9), "USD"),
        )
    }
    assert report.price_ranges == {"price": "1.00 to 7.50 EUR; 8.00 to 9.00 USD"}
    assert report.file.file_bytes == table.stat().st_size
    assert [row["sku"] for row in report.head] == list("abcdef")


def test_the_report_tells_only_of_rows_that_stayed(store: FolderStore, table: Path) -> None:
    pages = [
        shop.store_page(store, 1, shop.rows("ab", price=["1000", "2"])),
        shop.store_page(store, 2, shop.rows("a", price="3"), later=1),
    ]
    report = shop.build_table(shop.catalogue(), pages, store, table)
    assert report.price_ranges == {"price": "2.00 to 3.00 GBP"}
    assert [row["sku"] for row in report.head] == ["b", "a"]


def test_no_page_at_all_is_an_error_and_the_old_table_stays(
    store: FolderStore, table: Path
) -> None:
    table.write_bytes(b"old")
    with pytest.raises(TableError, match=r"shop: no page is done.*catalog-pipeline run shop"):
        shop.build_table(shop.catalogue(), [], store, table)
    assert table.read_bytes() == b"old"


def test_leftovers_of_killed_builds_are_removed(store: FolderStore, table: Path) -> None:
    (table.parent / f".{table.name}.building-99-1").write_bytes(b"PAR1")
    (table.parent / "crawl.lock").touch()
    shop.build_table(shop.catalogue(), shop.store_pages(store, 1), store, table)
    assert shop.leftovers(table) == ["crawl.lock"]


@pytest.mark.processes
def test_a_full_disk_is_a_clear_error_and_the_old_table_stays(
    store: FolderStore, tmp_path: Path
) -> None:
    words = [[f"{page * 7919 + place:x}" * 9 for place in range(500)] for page in range(40)]
    pages = [shop.store_page(store, n, shop.rows(skus)) for n, skus in enumerate(words, start=1)]
    with small_disk(tmp_path / "disk", kilobytes=100) as disk:
        table = disk / "products.parquet"
        shop.build_table(shop.catalogue(), pages[:1], store, table)
        with pytest.raises(StorageError, match=r"products.parquet: .*No space left"):
            shop.build_table(shop.catalogue(), pages, store, table)
        assert len(column(table, "sku")) == 500
        assert shop.leftovers(table) == []


@pytest.mark.processes
def test_what_a_killed_build_left_makes_room_before_the_next_one(
    store: FolderStore, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", kilobytes=40) as disk:
        table = disk / "products.parquet"
        (disk / f".{table.name}.building-99-1").write_bytes(bytes(30_000))
        pages = shop.store_pages(store, 2)
        assert shop.build_table(shop.catalogue(), pages, store, table).rows == 40


@pytest.mark.processes
def test_a_read_only_folder_is_a_clear_error_and_the_old_table_stays(
    store: FolderStore, tmp_path: Path
) -> None:
    pages = shop.store_pages(store, 2)
    with small_disk(tmp_path / "disk", kilobytes=256) as disk:
        table = disk / "products.parquet"
        shop.build_table(shop.catalogue(), pages[:1], store, table)
        make_read_only(disk)
        with pytest.raises(StorageError, match="Read-only file system"):
            shop.build_table(shop.catalogue(), pages, store, table)
        assert len(column(table, "sku")) == 20
        make_writable(disk)
        assert shop.build_table(shop.catalogue(), pages, store, table).rows == 40


@pytest.mark.processes
def test_only_a_build_imports_arrow_and_pandas() -> None:
    import subprocess
    import sys

    code = (
        "import sys; import catalog_pipeline.tables.build, catalog_pipeline.tables.preview"
        "; print({'pandas', 'pyarrow', 'numpy'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "set()"


def test_the_file_says_that_it_is_sorted(store: FolderStore, table: Path) -> None:
    shop.build_table(shop.catalogue(), shop.store_pages(store, 1), store, table)
    names = pa.schema(pq.read_schema(table)).names
    sorting = pq.ParquetFile(table).metadata.row_group(0).sorting_columns
    assert [names[column.column_index] for column in sorting] == ["page", "position"]


def test_a_batch_is_bounded_in_bytes_however_long_the_cells(
    store: FolderStore, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "BATCH_BYTES", 2_000_000)
    long = "https://shop.example/" + "a" * 200_000
    pages = [
        shop.store_page(store, page, shop.rows([f"{page}-1", f"{page}-2"], link=long))
        for page in range(1, 41)
    ]
    batches = [len(batch) for batch in stored_rows.read_batches(store, pages)]
    assert (sum(batches), max(batches)) == (40, 4)
    report = shop.build_table(shop.catalogue(), pages, store, table)
    assert (report.rows, report.left_out) == (80, ())
    assert max(len(str(row["link"])) for row in report.head) == 1000


def test_one_page_beyond_the_bound_is_a_batch_of_its_own(
    store: FolderStore, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "BATCH_BYTES", 500)
    pages = [
        shop.store_page(store, 1, shop.rows(["a"])),
        shop.store_page(store, 2, shop.rows(["b"], link="https://shop.example/" + "x" * 5_000)),
        shop.store_page(store, 3, shop.rows(["c"])),
    ]
    batches = [
        [stored.record.page.number for stored, _ in b]
        for b in stored_rows.read_batches(store, pages)
    ]
    assert [2] in batches
    assert sorted(page for batch in batches for page in batch) == [1, 2, 3]
    assert shop.build_table(shop.catalogue(), pages, store, table).rows == 3
