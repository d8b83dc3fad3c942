"""The products of a new table as the history takes them: those with a key, without provenance."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.tables.history.evidence import Elsewhere
from catalog_pipeline.tables.history.layout import PERIOD_FIELDS, Layout
from catalog_pipeline.tables.history.matching import Mask
from catalog_pipeline.tables.history.narrowing import are_outside, page_texts
from catalog_pipeline.tables.history.transitions import Kinds
from catalog_pipeline.tables.key_codes import Codes


class TableRows:
    """The rows of a table file; columns are read when they are asked for."""

    def __init__(
        self, file: pq.ParquetFile, layout: Layout, elsewhere: Elsewhere, *, has_listings: bool
    ) -> None:
        self._file = file
        self._elsewhere = elsewhere
        self._layout = layout
        keys = file.read(list(layout.key))
        is_null = [keys[name].is_null().to_numpy() for name in layout.key]
        self._has_key: Mask = ~np.logical_and.reduce(is_null)
        self.keys = self._fitted(keys.filter(pa.array(self._has_key)))
        self.pages = page_texts(file, has_listings=has_listings).filter(pa.array(self._has_key))
        self.without_key = int((~self._has_key).sum())

    def column(self, name: str) -> pa.ChunkedArray:
        """The values of a followed column."""
        return self._fitted(self._file.read([name]).filter(pa.array(self._has_key)))[name]

    def fetched_at(self) -> Codes:
        """When each product was fetched, in µs."""
        times = self._file.read(["fetched_at"])["fetched_at"].cast(pa.int64())
        return times.to_numpy()[self._has_key]

    def are_only_on(self, is_such: Callable[[str], bool]) -> Mask:
        """Whether all pages that each product is on are such."""
        found = are_outside(pa.chunked_array([self.pages]), is_such)
        are_such = are_outside(pa.chunked_array([self._elsewhere.pages]), is_such)
        product = np.cumsum(self._has_key) - 1
        found[product[self._elsewhere.rows[~are_such]]] = False
        return found

    def of_pages(self, numbers: Mapping[str, int]) -> Codes:
        """What is known of the page of each product."""
        pages = self.pages.dictionary_encode()
        found = [numbers[page] for page in pages.dictionary.to_pylist()]
        return np.array(found, dtype=np.int64)[pages.indices.to_numpy()]

    def groups(self, opening: Kinds, begins: Codes) -> Iterator[tuple[pa.Table, Kinds]]:
        """The products group by group, each with what it opens, and when that begins, in µs."""
        row, product = 0, 0
        names = [*self._layout.key, *self._layout.tracked, "fetched_at"]
        for group in range(self._file.num_row_groups):
            rows = self._file.read_row_group(group, names)
            has_key = self._has_key[row : row + rows.num_rows]
            row += rows.num_rows
            rows = rows.filter(pa.array(has_key))
            pages = self.pages.slice(product, rows.num_rows)
            rows = rows.append_column("page", pages)
            times = pa.array(begins[product : product + rows.num_rows])
            rows = rows.append_column("valid_from", times.cast(PERIOD_FIELDS[0].type))
            yield rows, opening[product : product + rows.num_rows]
            product += rows.num_rows

    def _fitted(self, rows: pa.Table) -> pa.Table:
        fields = [self._layout.schema.field(name) for name in rows.column_names]
        return rows.cast(pa.schema(fields))
