"""JSON Lines: one object a row. Decimals are texts, since most readers of JSON make floats of
numbers; so are instants (RFC 3339, UTC), and infinities and NaN, for which JSON has nothing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from catalog_pipeline.tables.exports.parquet_rows import Column, Kind, ParquetRows
from catalog_pipeline.tables.exports.texts import as_plain, as_texts
from catalog_pipeline.tables.exports.writing import Options

_AS_TEXTS = frozenset((Kind.DECIMAL, Kind.TIMESTAMP, Kind.LOCAL_TIME, Kind.DATE))


class JsonLinesWriter:
    """Writes a file of JSON Lines in UTF-8."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path

    def write(self, rows: ParquetRows) -> Sequence[str]:
        """Write all rows."""
        encoder = msgspec.json.Encoder()
        names = rows.schema.names
        with self._path.open("wb") as file:
            for batch in rows.batches():
                columns = map(_values, rows.columns, batch.columns)
                objects = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
                file.write(encoder.encode_lines(objects))
        return ()


def _values(column: Column, array: pa.Array) -> list[Any]:
    if column.is_list or column.kind is Kind.NUMBER:
        return [as_plain(value) for value in array.to_pylist()]
    if column.kind in _AS_TEXTS:
        array = as_texts(column, array)
    values: list[Any] = array.to_pylist()
    return values
