"""SQLite, which has no decimals, instants or lists: they are texts, so that nothing is rounded.

Booleans are 0 and 1. A column of decimals is declared as text: any other declaration would have
SQLite make floats of them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalog_pipeline.errors import ExportError
from catalog_pipeline.tables.exports.parquet_rows import Column, Kind, ParquetRows
from catalog_pipeline.tables.exports.sql import quoted
from catalog_pipeline.tables.exports.texts import as_texts
from catalog_pipeline.tables.exports.writing import Options

_DECLARED = {Kind.INTEGER: "INTEGER", Kind.NUMBER: "REAL", Kind.BOOLEAN: "BOOLEAN"}
_FOR_A_NEW_FILE = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-16000"


class SqliteWriter:
    """Writes a SQLite database with one table."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path
        self._table = quoted(options.table)

    def write(self, rows: ParquetRows) -> Sequence[str]:
        """Write all rows."""
        columns = ", ".join(f"{quoted(each.name)} {_declared(each)}" for each in rows.columns)
        places = ", ".join("?" for _ in rows.columns)
        insert = f"INSERT INTO {self._table} VALUES ({places})"  # noqa: S608 - a quoted name
        try:
            with closing(sqlite3.connect(self._path, isolation_level=None)) as database:
                database.executescript(_FOR_A_NEW_FILE)
                database.execute("BEGIN")
                database.execute(f"CREATE TABLE {self._table} ({columns})")
                for batch in rows.batches():
                    values = map(_values, rows.columns, batch.columns)
                    database.executemany(insert, zip(*values, strict=True))
                database.execute("COMMIT")
        except sqlite3.Error as error:
            raise ExportError(f"SQLite cannot hold the table: {error}") from error
        return ()


def tables_in(path: Path) -> list[str]:
    """The tables and views of a SQLite database that is there.

    Raises:
        ExportError: it is none, or another process has it open.
    """
    query = "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE ?"
    try:
        with closing(sqlite3.connect(path)) as database:
            found = database.execute(query, ("sqlite_%",)).fetchall()
    except sqlite3.Error as error:
        raise ExportError(f"{path} cannot be looked into: {error}") from error
    return [name for (name,) in found]


def _declared(column: Column) -> str:
    return "TEXT" if column.is_list else _DECLARED.get(column.kind, "TEXT")


def _values(column: Column, array: pa.Array) -> list[Any]:
    if column.is_list or column.kind not in _DECLARED:
        array = as_texts(column, array)
    values: list[Any] = array.to_pylist()
    # SQLite would take NaN for null, and says nothing.
    is_number = column.kind is Kind.NUMBER and not column.is_list
    if is_number and any(value != value for value in values):
        raise ExportError("SQLite has no NaN", column=column.name)
    return values
