"""From the rows of pages to Arrow tables with provenance, one table per batch of pages.

Nothing is read or written here. What is remembered from batch to batch is how many decimals the
money columns have come to need.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.records import Cell
from catalog_pipeline.tables.cells import CellError, column_array, decimals_of
from catalog_pipeline.tables.schema import MONEY_DECIMALS, arrow_schema, table_columns
from catalog_pipeline.tables.stored_rows import PageRows


class BatchConverter:
    """Makes tables of a catalogue's schema; its money columns only ever gain decimals."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._columns = table_columns(catalogue)
        self._decimals: dict[str, int] = {}

    @property
    def schema(self) -> pa.Schema:
        """The schema that holds everything converted so far."""
        return arrow_schema(self._catalogue, self._decimals)

    def convert(self, pages: Sequence[PageRows]) -> tuple[pa.Table, list[PageRows], list[str]]:
        """The pages' rows, the pages that are in them, and why the others are not."""
        try:
            return self._table(pages), list(pages), []
        except CellError:
            fitting: list[PageRows] = []
            problems: list[str] = []
            for page in pages:
                try:
                    self._table([page])
                    fitting.append(page)
                except CellError as error:
                    problems.append(self._problem(page, error))
            return self._table(fitting), fitting, problems

    def _table(self, pages: Sequence[PageRows]) -> pa.Table:
        arrays = []
        decimals: dict[str, int] = {}
        for column in self._columns:
            known = self._decimals.get(column.name, MONEY_DECIMALS)
            array = column_array(column, _cells(pages, column.name), known)
            decimals[column.name] = decimals_of(array)
            arrays.append(array)
        self._decimals = decimals
        return pa.table([*arrays, *_provenance(pages)], schema=self.schema)

    def _problem(self, page: PageRows, error: CellError) -> str:
        hint = ""
        if page.record.code_version != self._catalogue.code_version:
            hint = "; it was parsed by an older YAML, and --reparse would parse it again"
        return f"page {page.record.page}: {error}{hint}"


def _cells(pages: Sequence[PageRows], name: str) -> list[Cell]:
    cells: list[Cell] = []
    for page in pages:
        stored = page.columns.get(name)
        cells += [None] * page.record.rows if stored is None else stored
    return cells


def _provenance(pages: Sequence[PageRows]) -> list[pa.Array]:
    """Page, position, source URL and time of the fetch of every row."""
    records = [page.record for page in pages]
    counts = np.array([record.rows for record in records], dtype=np.int64)
    of_row = np.repeat(np.arange(len(records)), counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    numbers = np.array([record.page for record in records], dtype=np.int64)
    urls = pa.array([record.url for record in records], pa.string())
    times = pa.array([record.fetched_at for record in records], pa.timestamp("us", "UTC"))
    return [
        pa.array(numbers[of_row]),
        pa.array(np.arange(len(of_row)) - starts + 1),
        urls.take(pa.array(of_row)),
        times.take(pa.array(of_row)),
    ]
