"""Excel workbooks: one sheet, written row by row. What a sheet cannot hold is refused or told.

A number of a spreadsheet has 15 digits that can be relied on: an integer or decimal with more is a
text cell, which is told. Instants are dates of Excel, shown in UTC, to the millisecond. Texts are
cells typed as texts, never formulas or links; `safe` also marks those that would become a formula
if somebody edited the cell.
"""

from __future__ import annotations

import contextlib
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.errors import ExportError
from catalog_pipeline.showing import as_cell
from catalog_pipeline.tables.exports.parquet_rows import Column, Kind, ParquetRows
from catalog_pipeline.tables.exports.texts import as_texts, first_with, not_finite
from catalog_pipeline.tables.exports.writing import Options, needed

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
MOST_CHARACTERS = 32_767
"""Of a cell, counted as UTF-16 does."""
_MOST_DIGITS = 15
_SHOWN = 60
_NO_TEXT = "[\ufffe\uffff]|_x[0-9a-fA-F]{4}_x[0-9a-fA-F]{4}_"
"""What XML does not know, and two escapes in a row, of which the library mends one only."""
_DAY_MILLISECONDS = 86_400_000
_DAYS_BEFORE_1970 = 25_569
_FIRST_DAY = 61
"""March 1, 1900: before it Excel counts a day that never was."""
_AFTER_LAST_DAY = 2_958_466
_TOO_LONG = "more digits than a number of a spreadsheet has"
_NO_DATE = "before March 1900 or after 9999"
_NO_NUMBER = "no numbers of a spreadsheet"

_Cell = Callable[[int, int, Any], None]


class XlsxWriter:
    """Writes a workbook with one sheet."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path
        self._options = options
        self._library = needed("xlsxwriter", "xlsx")

    def write(self, rows: ParquetRows) -> Sequence[str]:
        """Write all rows."""
        if rows.count >= MOST_ROWS or len(rows.columns) > MOST_COLUMNS:
            raise ExportError(
                f"a sheet has {MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns, its line of names "
                f"included, and {rows.count:,} rows of {len(rows.columns)} columns are to be "
                f"exported; write a .csv or .duckdb file instead"
            )
        options = {"constant_memory": True, "tmpdir": str(self._path.parent)}
        book = self._library.Workbook(str(self._path), options)
        book.use_zip64()
        try:
            sheet = _Sheet(book, self._options)
            sheet.name_columns(rows.columns)
            for batch in rows.batches():
                sheet.append(rows.columns, batch)
        except self._library.exceptions.XlsxWriterException as error:
            raise ExportError(f"A workbook cannot hold the table: {error}") from error
        finally:
            # Also after an error: the library keeps files open until then.
            with contextlib.suppress(OSError):
                book.close()
        return sheet.notes


class _Sheet:
    """The sheet while it is written, and what had to become a text in it."""

    def __init__(self, book: Any, options: Options) -> None:
        self._sheet = book.add_worksheet(options.table)
        self._book = book
        self._safe = options.safe
        self._row = 1
        self._told: Counter[tuple[str, str]] = Counter()
        self._formats: list[Any] = []
        self._plain = book.add_format()
        self._marked = book.add_format({"quote_prefix": True})

    @property
    def notes(self) -> list[str]:
        return [
            f"{column}: {count:,} of the values are texts, since they have {why}"
            if why == _TOO_LONG
            else f"{column}: {count:,} of the values are texts, since they are {why}"
            for (column, why), count in self._told.items()
        ]

    def name_columns(self, columns: Sequence[Column]) -> None:
        bold = self._book.add_format({"bold": True})
        self._sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            _check_texts(column, pa.array([column.name]), 0)
            self._formats.append(self._format_of(column))
            self._write_text(0, place, column.name, bold)

    def append(self, columns: Sequence[Column], batch: pa.RecordBatch) -> None:
        cells = [
            self._cells(place, column, array)
            for place, (column, array) in enumerate(zip(columns, batch.columns, strict=True))
        ]
        for row in range(batch.num_rows):
            for place, column_cells in enumerate(cells):
                write, value = next(column_cells)
                if value is not None:
                    write(self._row + row, place, value)
        self._row += batch.num_rows

    def _format_of(self, column: Column) -> Any:
        pattern = {
            Kind.TIMESTAMP: 'yyyy-mm-dd hh:mm:ss.000 "UTC"',
            Kind.LOCAL_TIME: "yyyy-mm-dd hh:mm:ss.000",
            Kind.DATE: "yyyy-mm-dd",
        }.get(column.kind)
        if column.kind is Kind.DECIMAL and not column.is_list and column.type.scale > 0:
            pattern = f"0.{'0' * min(column.type.scale, _MOST_DIGITS)}"
        return self._book.add_format({"num_format": pattern}) if pattern else None

    def _cells(self, place: int, column: Column, array: pa.Array) -> Iterator[tuple[_Cell, Any]]:
        """How each value is written, and as what."""
        kind = column.kind
        if column.is_list or kind is Kind.TEXT:
            texts = as_texts(column, array) if column.is_list else array
            _check_texts(column, texts, self._row)
            return ((self._text, text) for text in texts.to_pylist())
        if kind is Kind.BOOLEAN:
            return ((self._sheet.write_boolean, value) for value in array.to_pylist())
        if kind in (Kind.TIMESTAMP, Kind.LOCAL_TIME, Kind.DATE):
            return self._dates(column, array)
        return self._numbers(column, array.to_pylist(), _EXACT[kind])

    def _numbers(
        self, column: Column, values: list[Any], exact: Callable[[Any], float | None]
    ) -> Iterator[tuple[_Cell, Any]]:
        for value in values:
            number = None if value is None else exact(value)
            if value is None or number is not None:
                yield self._number, number
            else:
                is_number = isinstance(value, float)
                self._told[column.name, _NO_NUMBER if is_number else _TOO_LONG] += 1
                yield self._text, not_finite(value) if is_number else str(value)

    def _dates(self, column: Column, array: pa.Array) -> Iterator[tuple[_Cell, Any]]:
        texts = as_texts(column, array)
        is_date = column.kind is Kind.DATE
        counts = array.cast(pa.int32() if is_date else pa.int64()).to_pylist()
        for place, count in enumerate(counts):
            if count is None:
                yield self._number, None
                continue
            days = count if is_date else count // 1000 / _DAY_MILLISECONDS
            serial = days + _DAYS_BEFORE_1970
            if _FIRST_DAY <= serial < _AFTER_LAST_DAY:
                yield self._number, serial
            else:
                self._told[column.name, _NO_DATE] += 1
                yield self._text, texts[place].as_py()

    def _number(self, row: int, place: int, value: float) -> None:
        self._sheet.write_number(row, place, value, self._formats[place])

    def _text(self, row: int, place: int, text: str) -> None:
        self._write_text(row, place, text, None)

    def _write_text(self, row: int, place: int, text: str, shape: Any) -> None:
        if self._safe and as_cell(text) != text:
            shape = self._marked
        if text.startswith("<r>") and text.endswith("</r>"):
            # Such a text the library takes for XML of its own; in two parts it does not.
            self._sheet.write_rich_string(row, place, text[:1], self._plain, text[1:])
        else:
            self._sheet.write_string(row, place, text, shape)


def _check_texts(column: Column, texts: pa.Array, first_row: int) -> None:
    """Refuse texts that no cell can hold.

    Raises:
        ExportError: one is too long, or has a character that XML does not know.
    """
    found = first_with(texts, _NO_TEXT)
    if found is not None:
        shown = ascii(texts[found].as_py()[:_SHOWN])
        raise ExportError(
            f"a workbook cannot hold the text {shown}: U+FFFE and U+FFFF, and two of Excel's "
            f"escape sequences in a row (_x0041_x0042_), would come out as something else",
            column=column.name,
            row=first_row + found,
        )
    longest = pc.call_function("max", [pc.call_function("utf8_length", [texts])]).as_py()
    if longest is None or longest <= MOST_CHARACTERS // 2:
        return
    for place, text in enumerate(texts.to_pylist()):
        length = len((text or "").encode("utf-16-le")) // 2
        if length > MOST_CHARACTERS:
            raise ExportError(
                f"a text has {length:,} characters, and a cell of a workbook holds "
                f"{MOST_CHARACTERS:,}; write a .csv or .duckdb file instead",
                column=column.name,
                row=first_row + place,
            )


def _integer(value: int) -> float | None:
    return value if abs(value) < 10**_MOST_DIGITS else None


def _decimal(value: Decimal) -> float | None:
    digits = value.as_tuple().digits
    if len(digits) > _MOST_DIGITS and any(digits[_MOST_DIGITS:]):
        return None
    return float(value)


def _number(value: float) -> float | None:
    return _Whole(value) if math.isfinite(value) else None


_EXACT: dict[Kind, Callable[[Any], float | None]] = {
    Kind.INTEGER: _integer,
    Kind.DECIMAL: _decimal,
    Kind.NUMBER: _number,
}
"""A value as a number of a spreadsheet; None if it would not be the same."""


class _Whole(float):
    """A number that is written with all its digits: the library would leave out the last one."""

    def __format__(self, pattern: str) -> str:
        return repr(float(self))
