"""The formats of files: by which endings they go, and what writes them."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from catalog_pipeline.errors import UsageError
from catalog_pipeline.tables.exports.writing import Options, Writer


@dataclass(frozen=True)
class Format:
    """A format of files; its writer is imported when it is needed.

    `is_database` says that such a file may hold other tables besides.
    """

    name: str
    suffixes: tuple[str, ...]
    module: str
    writer: str
    is_database: bool = False

    def writer_to(self, path: Path, options: Options) -> Writer:
        """What writes such a file at `path`.

        Raises:
            ExportError: a library that it needs is not installed.
        """
        make: Callable[[Path, Options], Writer] = getattr(self._module, self.writer)
        return make(path, options)

    def tables_in(self, path: Path) -> list[str]:
        """The tables and views of a database of this format.

        Raises:
            ExportError: it is none, or another process has it open.
        """
        found: list[str] = self._module.tables_in(path)
        return found

    @property
    def _module(self) -> Any:
        return importlib.import_module(f"catalog_pipeline.tables.exports.{self.module}")


FORMATS = {
    each.name: each
    for each in (
        Format("csv", (".csv",), "csv_file", "CsvWriter"),
        Format("jsonl", (".jsonl", ".ndjson"), "jsonl_file", "JsonLinesWriter"),
        Format("xlsx", (".xlsx",), "xlsx_file", "XlsxWriter"),
        Format("duckdb", (".duckdb",), "duckdb_file", "DuckDbWriter", is_database=True),
        Format("sqlite", (".sqlite", ".sqlite3"), "sqlite_file", "SqliteWriter", is_database=True),
        Format("parquet", (".parquet",), "parquet_copy", "ParquetCopier"),
    )
}


def format_of(path: Path) -> Format:
    """The format that a file's name asks for.

    Raises:
        UsageError: its ending is that of no format.
    """
    ending = path.suffix.lower()
    for each in FORMATS.values():
        if ending in each.suffixes:
            return each
    known = ", ".join(suffix for each in FORMATS.values() for suffix in each.suffixes)
    raise UsageError(f"{path.name!r} does not end in what says how to write it: {known}.")
