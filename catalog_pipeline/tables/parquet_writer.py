"""A Parquet file while it is written: row groups of bounded size, and the facts of what went in.

Which rows go in, and what becomes of the file, is decided by `build`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.tables.report import PriceRange
from catalog_pipeline.tables.schema import table_columns, with_pandas_types

GROUP_ROWS = 50_000
GROUP_BYTES = 64 << 20
HEAD_ROWS = 20
_SHOWN_TEXT = pc.SliceOptions(0, 1000)

CATALOGUE_FACT = "catalog_pipeline.catalogue"
BUILT_AT_FACT = "catalog_pipeline.built_at"
PAGES_FACT = "catalog_pipeline.pages"
CODE_VERSION_FACT = "catalog_pipeline.code_version"
"""Keys of what the file's metadata tells about the build."""


def file_facts(catalogue: Catalogue, pages: int, built_at: datetime) -> dict[str, str]:
    """What a table file tells about its build."""
    return {
        CATALOGUE_FACT: catalogue.name,
        BUILT_AT_FACT: built_at.isoformat(),
        PAGES_FACT: str(pages),
        CODE_VERSION_FACT: catalogue.code_version,
    }


class TableFile:
    """A table file that is being written; `close` makes it whole."""

    def __init__(self, path: Path, catalogue: Catalogue, schema: pa.Schema) -> None:
        self.path = path
        self.rows = 0
        self.schema = schema
        self.head: list[dict[str, object]] = []
        self._money = [column for column in table_columns(catalogue) if column.currency_column]
        self._ranges: dict[str, dict[str | None, PriceRange]] = {c.name: {} for c in self._money}
        self._waiting: list[pa.Table] = []
        order = ["listing"] if catalogue.has_named_listings else []
        self._writer = pq.ParquetWriter(
            path,
            with_pandas_types(schema),
            compression="zstd",
            sorting_columns=pq.SortingColumn.from_ordering(
                schema, [(name, "ascending") for name in (*order, "page", "position")]
            ),
        )

    @property
    def prices(self) -> Mapping[str, tuple[PriceRange, ...]]:
        """The ranges of the money columns that have any amount, by currency."""
        return {
            name: tuple(sorted(ranges.values(), key=lambda known: known.currency or ""))
            for name, ranges in self._ranges.items()
            if ranges
        }

    def append(self, table: pa.Table) -> None:
        """Add rows; they must be of the file's schema."""
        self.rows += table.num_rows
        self._waiting.append(table)
        rows = sum(waiting.num_rows for waiting in self._waiting)
        if rows >= GROUP_ROWS or sum(waiting.nbytes for waiting in self._waiting) >= GROUP_BYTES:
            self._flush()

    def note(self, facts: Mapping[str, str]) -> None:
        """Put facts into the file's own metadata."""
        self._writer.add_key_value_metadata(dict(facts))

    def close(self) -> None:
        """Write what is left, and the end of the file."""
        self._flush()
        self._writer.close()

    def abandon(self) -> None:
        """Let go of the file if it was not closed; what is in it has no use."""
        with contextlib.suppress(OSError, pa.ArrowException):
            self._writer.close()

    def _flush(self) -> None:
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting)
        self._waiting = []
        if not table.num_rows:
            return
        if len(self.head) < HEAD_ROWS:
            self.head += _shown(table.slice(0, HEAD_ROWS - len(self.head)))
        for column in self._money:
            self._widen_ranges(table, column.name, str(column.currency_column))
        self._writer.write_table(table, row_group_size=GROUP_ROWS)

    def _widen_ranges(self, table: pa.Table, amount: str, currency: str) -> None:
        found = table.select([amount, currency]).group_by(currency, use_threads=False)
        known = self._ranges[amount]
        for row in found.aggregate([(amount, "min"), (amount, "max")]).to_pylist():
            ends: Sequence[Decimal] = [row[f"{amount}_min"], row[f"{amount}_max"]]
            if ends[0] is None:
                continue
            code = row[currency]
            before = known.get(code)
            if before is not None:
                ends = [*ends, before.lowest, before.highest]
            known[code] = PriceRange(min(ends), max(ends), code)


def _shown(rows: pa.Table) -> list[dict[str, object]]:
    """Rows as values, their texts cut: a cell may be as long as a page."""
    columns = [
        pc.call_function("utf8_slice_codeunits", [column], _SHOWN_TEXT)
        if pa.types.is_string(column.type)
        else column
        for column in rows.columns
    ]
    shown: list[dict[str, object]] = pa.table(columns, rows.column_names).to_pylist()
    return shown
