"""What is exported: the rows of a Parquet file, batch by batch, in the few types that writers know.

A type that has an exact equal among these becomes it; any other is refused before a row is read.
"""

from __future__ import annotations

import enum
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.errors import ExportError, StorageError
from catalog_pipeline.system.durable_files import open_plain

_BATCH_BYTES = 4 << 20
_BATCH_ROWS = 10_000
_MOST_DIGITS = 38


class Kind(enum.Enum):
    """What a column holds, or the items of its lists."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    """An instant, in UTC."""
    LOCAL_TIME = "local time"
    """A date with a time of day, of which nobody says where."""
    DATE = "date"


@dataclass(frozen=True)
class Column:
    """A column of what is exported; `type` is its Arrow type."""

    name: str
    kind: Kind
    is_list: bool
    type: pa.DataType


class ParquetRows:
    """An open Parquet file; a new file in its place changes nothing for who reads this one."""

    def __init__(self, content: BinaryIO, path: Path) -> None:
        self.content = content
        self.path = path
        self._file = pq.ParquetFile(content)
        self.count: int = self._file.metadata.num_rows

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns in their order.

        Raises:
            ExportError: one is of a type that is not exported.
        """
        return tuple(map(_column, self._file.schema_arrow))

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns as Arrow names them."""
        return pa.schema([(column.name, column.type) for column in self.columns])

    def batches(self) -> Iterator[pa.RecordBatch]:
        """All rows in order, a few megabytes at a time.

        Raises:
            ExportError: a value has no equal in the type that its column is exported as.
            StorageError: the file is damaged.
        """
        row = 1
        try:
            for batch in self._file.iter_batches(self._rows_at_once(), use_threads=False):
                yield self._converted(batch, row)
                row += batch.num_rows
        except (pa.ArrowInvalid, OSError) as error:
            raise StorageError(f"{self.path} cannot be read: {error}") from error

    def _rows_at_once(self) -> int:
        facts = self._file.metadata
        groups = [facts.row_group(number) for number in range(facts.num_row_groups)]
        per_row = max((each.total_byte_size / max(each.num_rows, 1) for each in groups), default=1)
        return max(16, min(_BATCH_ROWS, int(_BATCH_BYTES / max(per_row, 1))))

    def _converted(self, batch: pa.RecordBatch, first_row: int) -> pa.RecordBatch:
        arrays = []
        for column, array in zip(self.columns, batch.columns, strict=True):
            try:
                arrays.append(array if array.type == column.type else array.cast(column.type))
            except pa.ArrowException as error:
                raise ExportError(
                    f"a value between rows {first_row:,} and {first_row + batch.num_rows - 1:,} "
                    f"does not fit the type {column.type} that it is exported as",
                    column=column.name,
                ) from error
        return pa.record_batch(arrays, schema=self.schema)


@contextmanager
def opened(path: Path) -> Iterator[ParquetRows]:
    """The rows of a Parquet file.

    Raises:
        StorageError: it is no Parquet file, or cannot be read.
    """
    try:
        content = os.fdopen(open_plain(path), "rb")
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}.") from error
    with content:
        try:
            rows = ParquetRows(content, path)
        except (pa.ArrowInvalid, OSError) as error:
            raise StorageError(f"{path} is no whole Parquet file: {error}") from error
        yield rows


def _column(field: pa.Field) -> Column:
    inner = field.type
    if pa.types.is_dictionary(inner):
        inner = inner.value_type
    is_list = _is_list(inner)
    if is_list:
        inner = inner.value_type
    kind, exact = _exported(inner)
    if kind is None or exact is None:
        raise ExportError(f"the type {field.type} is not exported", column=field.name)
    return Column(field.name, kind, is_list, pa.list_(exact) if is_list else exact)


def _is_list(kind: pa.DataType) -> bool:
    is_of = pa.types
    return bool(is_of.is_list(kind) or is_of.is_large_list(kind) or is_of.is_fixed_size_list(kind))


def _exported(found: pa.DataType) -> tuple[Kind | None, pa.DataType | None]:
    """What values of an Arrow type are, and the type of all that are such."""
    is_of = pa.types
    if is_of.is_string(found) or is_of.is_large_string(found) or is_of.is_null(found):
        return Kind.TEXT, pa.string()
    if is_of.is_uint64(found):
        return Kind.DECIMAL, pa.decimal128(20, 0)
    if is_of.is_integer(found):
        return Kind.INTEGER, pa.int64()
    if is_of.is_floating(found):
        return Kind.NUMBER, pa.float64()
    if is_of.is_decimal(found) and found.precision <= _MOST_DIGITS:
        return Kind.DECIMAL, pa.decimal128(found.precision, found.scale)
    if is_of.is_boolean(found):
        return Kind.BOOLEAN, pa.bool_()
    if is_of.is_timestamp(found):
        if found.tz:
            return Kind.TIMESTAMP, pa.timestamp("us", "UTC")
        return Kind.LOCAL_TIME, pa.timestamp("us")
    if is_of.is_date(found):
        return Kind.DATE, pa.date32()
    return None, None
