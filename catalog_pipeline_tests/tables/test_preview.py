"""What is shown of a table without building one."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog_pipeline.errors import TableError
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.tables.preview import first_rows, markdown_preview, read_summary
from catalog_pipeline_tests.tables import shop


def test_the_preview_is_a_markdown_table_that_no_cell_can_break(
    store: FolderStore, table: Path
) -> None:
    names = ["a|b", "two\nlines", "x" * 200, "<b>", "back\\slash"]
    pages = [shop.store_page(store, 1, shop.rows(names)), *shop.store_pages(store, 3)[1:]]
    preview = markdown_preview(shop.build_table(shop.catalogue(), pages, store, table), rows=6)
    head, line, *rows, _, more = preview.split("\n")
    assert head.startswith("| sku | price | price_max | price_currency | stock |")
    assert line == "|" + " --- |" * 13
    assert len(rows) == 6
    assert [row.count("|") for row in rows] == [14] * 6
    assert rows[0].startswith("| a&#124;b | 51.77 |  | GBP | 3 | 4.5 | True | ` https://")
    assert [row[2:12] for row in rows[1:5]] == [
        "two lines ",
        "x" * 10,
        "&lt;b\\> | ",
        "back\\\\slas",
    ]
    assert f"| {'x' * 59}… |" in rows[2]
    assert " | 2026-03-01 12:00:00 |" in rows[0]
    assert more == "… and 39 more rows"


def test_a_short_table_is_shown_whole(store: FolderStore, table: Path) -> None:
    page = shop.store_page(store, 1, shop.rows(["only"]))
    report = shop.build_table(shop.catalogue(), [page], store, table)
    assert len(markdown_preview(report).split("\n")) == 3


def test_the_summary_tells_rows_pages_and_when_it_was_built(
    store: FolderStore, table: Path
) -> None:
    before = datetime.now(timezone.utc)
    report = shop.build_table(shop.catalogue(), shop.store_pages(store, 3), store, table)
    summary = read_summary(table)
    assert (summary.catalogue, summary.rows, summary.pages) == ("shop", 60, 3)
    assert (summary.file_bytes, summary.columns) == (report.file.file_bytes, report.columns)
    assert before <= summary.built_at <= datetime.now(timezone.utc)
    assert summary.code_version == shop.catalogue().code_version


@pytest.mark.parametrize("wanted", [0, 1, 5, 100])
def test_the_first_rows_come_from_the_start_of_the_table(
    store: FolderStore, table: Path, wanted: int
) -> None:
    shop.build_table(shop.catalogue(), shop.store_pages(store, 3), store, table)
    rows = first_rows(table, wanted)
    assert len(rows) == min(wanted, 60)
    assert [row["position"] for row in rows[:3]] == [1, 2, 3][:wanted]


def test_an_empty_table_has_no_first_rows(store: FolderStore, table: Path) -> None:
    shop.build_table(shop.catalogue(), [shop.store_page(store, 1, shop.rows([]))], store, table)
    assert first_rows(table, 5) == []
    assert read_summary(table).rows == 0


def test_what_is_no_table_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "products.parquet"
    with pytest.raises(TableError, match="There is no table"):
        read_summary(path)
    path.write_bytes(b"PAR1 but not really")
    with pytest.raises(TableError, match="cannot be read"):
        first_rows(path, 1)
    pq.write_table(pa.table({"x": [1]}), path)
    with pytest.raises(TableError, match="no table of a catalogue"):
        read_summary(path)
