"""Parquet: the file as it is, byte by byte."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from catalog_pipeline.tables.exports.parquet_rows import ParquetRows
from catalog_pipeline.tables.exports.writing import Options

_CHUNK_BYTES = 1 << 20


class ParquetCopier:
    """Copies the file that the rows are read from."""

    def __init__(self, path: Path, options: Options) -> None:
        self._path = path

    def write(self, rows: ParquetRows) -> Sequence[str]:
        """Copy all rows, and what the file says of itself."""
        rows.content.seek(0)
        with self._path.open("wb") as copy:
            shutil.copyfileobj(rows.content, copy, _CHUNK_BYTES)
        return ()
