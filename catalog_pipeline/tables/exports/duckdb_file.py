"""DuckDB: every type has its equal, and rows go in as Arrow's batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from catalog_pipeline.errors import CatalogPipelineError, ExportError
from catalog_pipeline.tables.exports.parquet_rows import ParquetRows
from catalog_pipeline.tables.exports.sql import quoted
from catalog_pipeline.tables.exports.writing import Options, needed

_SETTINGS = {"memory_limit": "256MB", "threads": "2"}


class DuckDbWriter:
    """Writes a DuckDB database with one table."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path
        self._table = options.table
        self._duckdb = needed("duckdb", "duckdb")

    def write(self, rows: ParquetRows) -> Sequence[str]:
        """Write all rows."""
        settings = {**_SETTINGS, "temp_directory": f"{self._path}.spill"}
        create = f"CREATE TABLE {quoted(self._table)}"
        source = _Source(rows)
        reader = pa.RecordBatchReader.from_batches(rows.schema, source.batches())
        try:
            with self._duckdb.connect(str(self._path), config=settings) as database:
                # After two seconds it would be drawn into the output of whoever exports.
                database.execute("SET enable_progress_bar = false")
                database.register("exported_rows", reader)
                database.execute(f"{create} AS FROM exported_rows")
                database.unregister("exported_rows")
                database.execute("CHECKPOINT")
        except self._duckdb.Error as error:
            if source.error is not None:
                raise source.error from None
            raise ExportError(f"DuckDB cannot hold the table: {error}") from error
        return ()


class _Source:
    """The rows, and the error at which they ended: DuckDB would tell of it in words of its own."""

    def __init__(self, rows: ParquetRows) -> None:
        self._rows = rows
        self.error: CatalogPipelineError | None = None

    def batches(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._rows.batches()
        except CatalogPipelineError as error:
            self.error = error
            raise


def tables_in(path: Path) -> list[str]:
    """The tables and views of a DuckDB database that is there.

    Raises:
        ExportError: it is none, or another process has it open.
    """
    duckdb = needed("duckdb", "duckdb")
    try:
        with duckdb.connect(str(path), read_only=True) as database:
            found = database.execute("SELECT name FROM (SHOW ALL TABLES)").fetchall()
    except duckdb.Error as error:
        raise ExportError(f"{path} cannot be looked into: {error}") from error
    return [name for (name,) in found]
