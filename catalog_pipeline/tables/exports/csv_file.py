"""CSV: texts in quotes, everything else without, so that an empty text is no null.

Decimals with all their digits, instants as RFC 3339 in UTC, lists as JSON, `true` and `false`.
PostgreSQL takes the same lines (`csv_batches`), there with lists of its own.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from catalog_pipeline.showing import AS_NO_FORMULA, FORMULA, as_cell
from catalog_pipeline.tables.exports.parquet_rows import Column, Kind, ParquetRows
from catalog_pipeline.tables.exports.texts import as_texts
from catalog_pipeline.tables.exports.writing import Options

_NO_FORMULA = pc.ReplaceSubstringOptions(FORMULA, AS_NO_FORMULA)
_AS_IT_IS = frozenset((Kind.INTEGER, Kind.NUMBER, Kind.DECIMAL, Kind.BOOLEAN, Kind.DATE))

Texts = Callable[[Column, pa.Array], pa.Array]


class CsvWriter:
    """Writes a CSV file in UTF-8 with a line of names; `safe` leaves no formula in it."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path
        self._safe = options.safe

    def write(self, rows: ParquetRows) -> Sequence[str]:
        """Write all rows."""
        names = [as_cell(name) if self._safe else name for name in rows.schema.names]
        with self._path.open("wb") as file:
            file.write(b",".join(map(_quoted, names)) + b"\n")
            for lines in csv_batches(rows, self._texts):
                file.write(lines)
        return ()

    def _texts(self, column: Column, array: pa.Array) -> pa.Array:
        texts = as_texts(column, array)
        if not self._safe:
            return texts
        return pc.call_function("replace_substring_regex", [texts], _NO_FORMULA)


def csv_batches(rows: ParquetRows, texts: Texts) -> Iterator[bytes]:
    """The lines of all rows, without names; `texts` makes those of columns that need it."""
    how = pacsv.WriteOptions(include_header=False, quoting_style="needed")
    for batch in rows.batches():
        arrays = [
            array if column.kind in _AS_IT_IS and not column.is_list else texts(column, array)
            for column, array in zip(rows.columns, batch.columns, strict=True)
        ]
        lines = io.BytesIO()
        pacsv.write_csv(pa.record_batch(arrays, rows.schema.names), lines, how)
        yield lines.getvalue()


def safe_line(cells: Sequence[object]) -> bytes:
    """One line of values: texts in quotes without a formula, null as nothing, all else as it is."""
    texts = (
        _quoted(as_cell(cell)) if isinstance(cell, str) else b"" if cell is None else _plain(cell)
        for cell in cells
    )
    return b",".join(texts) + b"\n"


def _plain(cell: object) -> bytes:
    return (f"{cell:f}" if isinstance(cell, Decimal) else str(cell)).encode()


def _quoted(name: str) -> bytes:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'.encode()
