"""Workbooks hold texts that stay texts, and say what they cannot hold as it is."""

from __future__ import annotations

import zipfile
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from catalog_pipeline.errors import ExportError
from catalog_pipeline.tables.exports.export import Exported, export_to_file
from catalog_pipeline.tables.exports.writing import Options
from catalog_pipeline.tables.exports.xlsx_file import MOST_ROWS
from catalog_pipeline_tests.hostile_texts import FORMULAS, NO_FORMULAS
from catalog_pipeline_tests.tables.exports.cases import write_cases


def _export(folder: Path, array: pa.Array, options: Options | None = None) -> Exported:
    write_cases(folder / "source.parquet", value=array)
    return export_to_file(folder / "source.parquet", folder / "out.xlsx", options)


@pytest.mark.parametrize("safe", [True, False])
def test_no_text_is_a_formula_or_a_link(tmp_path: Path, safe: bool) -> None:
    texts = [*FORMULAS, "http://elsewhere.example/", "{=1}", "mailto:me@elsewhere.example"]
    _export(tmp_path, pa.array(texts), Options(safe=safe))
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert {(cell.data_type, cell.hyperlink) for cell in sheet["B"]} == {("s", None)}
    with zipfile.ZipFile(tmp_path / "out.xlsx") as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_what_would_become_a_formula_when_it_is_edited_is_marked_as_a_text(tmp_path: Path) -> None:
    _export(tmp_path, pa.array([*FORMULAS, *NO_FORMULAS]))
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    marked = [bool(cell.quotePrefix) for cell in sheet["B"][1:]]
    assert marked == [True] * len(FORMULAS) + [False] * len(NO_FORMULAS)


def test_a_number_with_more_digits_than_a_spreadsheet_has_is_a_text_and_told(
    tmp_path: Path,
) -> None:
    amounts = [Decimal("9999999999999.99"), Decimal("99999999999999.99"), Decimal(10) ** 30]
    exported = _export(tmp_path, pa.array(amounts, pa.decimal128(38, 2)))
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert [cell.value for cell in sheet["B"][1:]] == [
        9999999999999.99, "99999999999999.99", 1e30,
    ]  # fmt: skip
    (note,) = exported.notes
    assert note.startswith("value: 1 of the values are texts")


def test_an_instant_is_a_date_that_says_its_zone(tmp_path: Path) -> None:
    instant = datetime(2026, 3, 1, 12, 30, 15, 250_000, timezone.utc)
    _export(tmp_path, pa.array([instant], pa.timestamp("us", "UTC")))
    cell = openpyxl.load_workbook(tmp_path / "out.xlsx").active["B2"]
    assert cell.value == instant.replace(tzinfo=None)
    assert cell.is_date
    assert cell.number_format.endswith('"UTC"')


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x" * 32_768, "32,768 characters"),
        ("\U0001f600" * 16_384, "32,768 characters"),
        ("a\ufffe", r"a\\ufffe"),
        ("\uffff", r"\\uffff"),
        ("_x005F_x0041_", "_x005F_x0041_"),
    ],
    ids=["long", "long in UTF-16", "no character", "no character either", "escape sequences"],
)
def test_a_text_that_no_cell_holds_is_refused_with_its_place(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(ExportError, match=problem) as caught:
        _export(tmp_path, pa.array(["a", None, text]))
    assert (caught.value.column, caught.value.row) == ("value", 3)
    assert [path.name for path in tmp_path.iterdir()] == ["source.parquet"]


def test_a_text_that_fills_its_cell_is_whole(tmp_path: Path) -> None:
    texts = ["x" * 32_767, "\U0001f600" * 16_383, "é" * 32_767]
    _export(tmp_path, pa.array(texts))
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert [cell.value for cell in sheet["B"][1:]] == texts


def test_more_rows_than_a_sheet_has_are_refused_before_one_is_written(tmp_path: Path) -> None:
    pq.write_table(pa.table({"value": pa.nulls(MOST_ROWS, pa.int8())}), tmp_path / "source.parquet")
    with pytest.raises(ExportError, match="1,048,576 rows"):
        export_to_file(tmp_path / "source.parquet", tmp_path / "out.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["source.parquet"]


@pytest.mark.parametrize("name", ["a/b", "x" * 32, "'a'"])
def test_a_name_that_no_sheet_may_have_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ExportError, match="A workbook cannot hold the table"):
        _export(tmp_path, pa.array([1]), Options(table=name))
