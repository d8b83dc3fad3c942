"""CSV files hold no formula unless it is asked for, and tell an empty text from no value."""

from __future__ import annotations

import csv
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pytest

from catalog_pipeline.showing import as_cell
from catalog_pipeline.tables.exports.export import export_to_file
from catalog_pipeline.tables.exports.writing import Options
from catalog_pipeline_tests.hostile_texts import FORMULAS, NO_FORMULAS
from catalog_pipeline_tests.tables.exports.cases import TEXTS, write_cases

_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\u2212"


def _export(folder: Path, array: pa.Array, *, safe: bool, name: str = "value") -> str:
    write_cases(folder / "source.parquet", **{name: array})
    export_to_file(folder / "source.parquet", folder / "out.csv", Options(safe=safe))
    return (folder / "out.csv").read_bytes().decode()


def _rows(folder: Path, delimiter: str = ",") -> list[list[str]]:
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheet_finds_no_formula_whatever_it_takes_for_the_end_of_a_cell(
    tmp_path: Path, delimiter: str
) -> None:
    _export(tmp_path, pa.array(TEXTS), safe=True)
    for row in _rows(tmp_path, delimiter):
        for cell in row:
            seen = "".join(character for character in cell if character.isprintable())
            assert not seen.strip().startswith(tuple(_SIGNS))


def test_formulas_get_an_apostrophe_and_all_else_stays(tmp_path: Path) -> None:
    _export(tmp_path, pa.array([*FORMULAS, *NO_FORMULAS]), safe=True)
    cells = [row[1] for row in _rows(tmp_path)[1:]]
    assert cells == [*map(as_cell, FORMULAS), *NO_FORMULAS]
    assert not set(FORMULAS) & set(cells)


def test_numbers_are_no_formulas(tmp_path: Path) -> None:
    assert _export(tmp_path, pa.array([-1.5]), safe=True).splitlines()[1] == "0,-1.5"


def test_formulas_in_lists_and_names_are_harmless_too(tmp_path: Path) -> None:
    lines = _export(tmp_path, pa.array([["a;=1"]]), safe=True, name="=name").splitlines()
    assert lines == ['"place","\'=name"', '0,"[""a;\'=1""]"']


def test_unsafe_texts_are_those_of_the_table(tmp_path: Path) -> None:
    _export(tmp_path, pa.array(FORMULAS), safe=False)
    assert [row[1] for row in _rows(tmp_path)[1:]] == list(FORMULAS)


def test_other_readers_find_the_same(tmp_path: Path) -> None:
    _export(tmp_path, pa.array(['a "b"', "x,y", "two\nlines", "é"]), safe=True)
    wanted = ['a "b"', "x,y", "two\nlines", "é"]
    assert pd.read_csv(tmp_path / "out.csv")["value"].tolist() == wanted
    with duckdb.connect() as database:
        found = database.execute("SELECT value FROM read_csv(?)", [str(tmp_path / "out.csv")])
        assert [value for (value,) in found.fetchall()] == wanted
