"""What was exported, read again by what people read such files with; helpers, no tests.

Texts become the values that the documentation says they stand for, and nothing else is mended.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq
from openpyxl.utils.escape import unescape

from catalog_pipeline.tables.exports.parquet_rows import Column, Kind

Read = Callable[[Path, Column], list[Any]]
TABLE = "products"
_QUERY = "SELECT * FROM products ORDER BY place"


def _csv(path: Path, column: Column) -> list[Any]:
    convert = pacsv.ConvertOptions(
        strings_can_be_null=True,
        null_values=[""],
        quoted_strings_can_be_null=False,
        column_types={column.name: pa.string()},
    )
    parse = pacsv.ParseOptions(newlines_in_values=True)
    texts = pacsv.read_csv(path, parse_options=parse, convert_options=convert)
    return [_of_text(column, text) for text in texts[column.name].to_pylist()]


def _jsonl(path: Path, column: Column) -> list[Any]:
    lines = path.read_bytes().decode().split("\n")
    assert lines.pop() == ""
    return [_of_json(column, json.loads(line)[column.name]) for line in lines]


def _xlsx(path: Path, column: Column) -> list[Any]:
    book = openpyxl.load_workbook(path, read_only=True)
    with closing(book):
        assert book.sheetnames == [TABLE]
        names, *rows = book[TABLE].iter_rows(values_only=True)
    place = [unescape(str(name)) for name in names].index(column.name)
    return [_of_cell(column, row[place] if place < len(row) else None) for row in rows]


def _sqlite(path: Path, column: Column) -> list[Any]:
    with closing(sqlite3.connect(path)) as database:
        values = _selected(database.execute(_QUERY), column)
    if column.kind is Kind.BOOLEAN and not column.is_list:
        assert {type(value) for value in values} <= {int, type(None)}
        return [None if value is None else bool(value) for value in values]
    return [_of_text(column, each) if isinstance(each, str) else each for each in values]


def _duckdb(path: Path, column: Column) -> list[Any]:
    with duckdb.connect(str(path), read_only=True) as database:
        values = _selected(database.execute(_QUERY), column)
    return [in_utc(value) for value in values]


def _parquet(path: Path, column: Column) -> list[Any]:
    values: list[Any] = pq.read_table(path)[column.name].cast(column.type).to_pylist()
    return [in_utc(value) for value in values]


READERS: dict[str, Read] = {
    "csv": _csv,
    "jsonl": _jsonl,
    "xlsx": _xlsx,
    "sqlite": _sqlite,
    "duckdb": _duckdb,
    "parquet": _parquet,
}


def _selected(cursor: Any, column: Column) -> list[Any]:
    place = [described[0] for described in cursor.description].index(column.name)
    return [row[place] for row in cursor.fetchall()]


def in_utc(value: Any) -> Any:
    if isinstance(value, list):
        return [in_utc(each) for each in value]
    is_instant = isinstance(value, datetime) and value.tzinfo
    return value.astimezone(timezone.utc) if is_instant else value


def _of_cell(column: Column, value: Any) -> Any:
    """What a cell of a workbook shows, with its column's type."""
    if isinstance(value, str):
        return _of_text(column, unescape(value))
    if value is None or column.is_list:
        return value
    if column.kind is Kind.DECIMAL:
        return Decimal(repr(value))
    if column.kind is Kind.NUMBER:
        return float(value)
    if column.kind is Kind.TIMESTAMP:
        return value.replace(tzinfo=timezone.utc)
    return value.date() if column.kind is Kind.DATE else value


def _of_text(column: Column, text: str | None) -> Any:
    if text is None:
        return None
    if column.is_list:
        return [_of_json(_item_of(column), each) for each in json.loads(text)]
    return _PARSED[column.kind](text)


def _of_json(column: Column, value: Any) -> Any:
    if isinstance(value, list):
        return [_of_json(_item_of(column), each) for each in value]
    is_exact = not isinstance(value, str) or column.kind is Kind.TEXT
    return value if is_exact else _PARSED[column.kind](value)


def _item_of(column: Column) -> Column:
    return Column(column.name, column.kind, False, column.type)


def _instant(text: str) -> datetime:
    assert text.endswith("Z")
    return datetime.fromisoformat(f"{text[:-1]}+00:00")


_PARSED: dict[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.INTEGER: int,
    Kind.NUMBER: float,
    Kind.DECIMAL: Decimal,
    Kind.BOOLEAN: {"true": True, "false": False}.__getitem__,
    Kind.TIMESTAMP: _instant,
    Kind.LOCAL_TIME: datetime.fromisoformat,
    Kind.DATE: date.fromisoformat,
}
