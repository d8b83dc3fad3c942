"""A Parquet file while it is written: row groups of bounded size, each page with a checksum.

What the rows are belongs in `periods` and `changes`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.tables.schema import with_pandas_types

GROUP_ROWS = 50_000
GROUP_BYTES = 64 << 20


class RowGroups:
    """Rows on their way into a file; small groups are put together."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.schema = schema
        self.rows = 0
        self.groups = 0
        self._waiting: list[pa.Table] = []
        self._writer = pq.ParquetWriter(
            path, with_pandas_types(schema), compression="zstd", write_page_checksum=True
        )

    def append(self, rows: pa.Table) -> None:
        """Add rows of the file's schema."""
        if not rows.num_rows:
            return
        self.rows += rows.num_rows
        self._waiting.append(rows)
        waiting = sum(each.num_rows for each in self._waiting)
        if waiting >= GROUP_ROWS or sum(each.nbytes for each in self._waiting) >= GROUP_BYTES:
            self.end_group()

    def end_group(self) -> None:
        """Write what waits, so that what follows is in groups of its own."""
        if self._waiting:
            rows = pa.concat_tables(self._waiting)
            self._waiting = []
            self.groups += -(-rows.num_rows // GROUP_ROWS)
            self._writer.write_table(rows, row_group_size=GROUP_ROWS)

    def close(self, facts: Mapping[str, str]) -> None:
        """Write what is left, and the end of the file, which says what it is."""
        self.end_group()
        self._writer.add_key_value_metadata(dict(facts))
        self._writer.close()

    def abandon(self) -> None:
        """Let go of the file; what is in it has no use."""
        with contextlib.suppress(OSError, pa.ArrowException):
            self._writer.close()


@contextlib.contextmanager
def row_groups(path: Path, schema: pa.Schema) -> Iterator[RowGroups]:
    """A file to be written and closed; it is let go of if that does not come about."""
    file = RowGroups(path, schema)
    try:
        yield file
    finally:
        file.abandon()
