"""Every writer of files is held to the same: what was written is read again as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pyarrow as pa
import pytest

from catalog_pipeline.errors import ExportError
from catalog_pipeline.tables.exports.export import export_to_file
from catalog_pipeline.tables.exports.formats import FORMATS
from catalog_pipeline.tables.exports.parquet_rows import Column, Kind, opened
from catalog_pipeline.tables.exports.writing import Options
from catalog_pipeline_tests.tables.exports.cases import CASES, expected, write_cases
from catalog_pipeline_tests.tables.exports.readers import READERS

EXACT = Options(safe=False)


def test_every_format_is_read_again() -> None:
    assert READERS.keys() == FORMATS.keys()


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """All cases in one file of the format that is asked for; `source.parquet` is beside it."""
    folder = tmp_path_factory.mktemp("exports")
    source = folder / "source.parquet"
    write_cases(source, **CASES)

    @cache
    def export(name: str) -> Path:
        export_to_file(source, folder / f"out.{name}", EXACT)
        return folder / f"out.{name}"

    return export


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_values_are_the_same_when_they_are_read_again(
    exported: Callable[[str], Path], name: str, case: str
) -> None:
    column = _column(exported(name).with_name("source.parquet"), case)
    wanted = expected(CASES[case])
    if name == "xlsx" and column.kind in (Kind.TIMESTAMP, Kind.LOCAL_TIME) and not column.is_list:
        wanted = [_to_the_millisecond(each) for each in wanted]
    read = READERS[name](exported(name), column)
    assert list(map(_told, read[: len(wanted)])) == list(map(_told, wanted))
    assert not any(value is not None for value in read[len(wanted) :])


@pytest.mark.parametrize("name", FORMATS)
def test_a_table_without_rows_is_one_all_the_same(tmp_path: Path, name: str) -> None:
    source = tmp_path / "source.parquet"
    write_cases(source, **{case: array.slice(0, 0) for case, array in CASES.items()})
    assert export_to_file(source, tmp_path / f"out.{name}", EXACT).rows == 0
    for case in CASES:
        assert READERS[name](tmp_path / f"out.{name}", _column(source, case)) == []


@pytest.mark.parametrize("name", FORMATS)
def test_names_of_columns_may_hold_anything(tmp_path: Path, name: str) -> None:
    odd = 'a "quoted", [odd];-- \u00e9\' name'
    write_cases(tmp_path / "source.parquet", **{odd: pa.array(["x"])})
    export_to_file(tmp_path / "source.parquet", tmp_path / f"out.{name}", EXACT)
    column = _column(tmp_path / "source.parquet", odd)
    assert READERS[name](tmp_path / f"out.{name}", column) == ["x"]


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"parquet"}))
@pytest.mark.parametrize(
    "array",
    [
        pa.array([{"a": 1}]),
        pa.array([[[1]]]),
        pa.array([b"bytes"]),
        pa.array([timedelta(1)]),
        pa.array([1], pa.time64("us")),
        pa.array([1], pa.decimal256(76, 0)),
    ],
    ids=lambda array: str(array.type),
)
def test_a_type_without_an_equal_is_refused(tmp_path: Path, name: str, array: pa.Array) -> None:
    write_cases(tmp_path / "source.parquet", value=array)
    with pytest.raises(ExportError, match=r"column value: the type .* is not exported"):
        export_to_file(tmp_path / "source.parquet", tmp_path / f"out.{name}", EXACT)
    assert [path.name for path in tmp_path.iterdir()] == ["source.parquet"]


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"parquet"}))
def test_an_instant_that_would_be_cut_off_is_refused(tmp_path: Path, name: str) -> None:
    write_cases(tmp_path / "source.parquet", value=pa.array([1], pa.timestamp("ns", "UTC")))
    with pytest.raises(ExportError, match="column value: a value between rows 1 and 1"):
        export_to_file(tmp_path / "source.parquet", tmp_path / f"out.{name}", EXACT)
    assert [path.name for path in tmp_path.iterdir()] == ["source.parquet"]


def _column(source: Path, name: str) -> Column:
    with opened(source) as rows:
        return next(column for column in rows.columns if column.name == name)


def _to_the_millisecond(instant: object) -> object:
    is_date_of_excel = isinstance(instant, datetime) and (instant.year, instant.month) > (1900, 2)
    if not isinstance(instant, datetime) or not is_date_of_excel:
        return instant
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _told(value: object) -> object:
    """A value such that no other one is equal to it: neither 1 to true nor 0 to -0."""
    if isinstance(value, list):
        return [_told(each) for each in value]
    return repr(value) if isinstance(value, float | bool) else value
