"""From the rows of pages to Arrow tables with provenance, one table per batch of pages.

Nothing is read or written here. What is remembered from batch to batch is how many decimals the
money columns have come to need.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import PageError
from catalog_pipeline.records import Cell
from catalog_pipeline.tables.cells import CellError, column_array, decimals_of
from catalog_pipeline.tables.json_columns import PagesTogether
from catalog_pipeline.tables.report import LeftOutPage
from catalog_pipeline.tables.schema import MONEY_DECIMALS, arrow_schema, table_columns
from catalog_pipeline.tables.stored_rows import PageRows

Mend = Callable[[PageRows], PageRows]
"""Reads a page's rows anew, out of its stored body and by today's YAML."""


@dataclass(frozen=True)
class Converted:
    """The rows of a batch, the pages that are in them, and why the others are not.

    The rows of `parsed_again`, which are among `pages`, did not fit as they were stored.
    """

    table: pa.Table
    pages: tuple[PageRows, ...]
    parsed_again: tuple[PageRows, ...] = ()
    left_out: tuple[LeftOutPage, ...] = ()


class BatchConverter:
    """Makes tables of a catalogue's schema; its money columns only ever gain decimals."""

    def __init__(self, catalogue: Catalogue, mend: Mend) -> None:
        self._catalogue = catalogue
        self._mend = mend
        self._columns = table_columns(catalogue)
        self._decimals: dict[str, int] = {}

    @property
    def schema(self) -> pa.Schema:
        """The schema that holds everything converted so far."""
        return arrow_schema(self._catalogue, self._decimals)

    def convert(self, pages: Sequence[PageRows]) -> Converted:
        """The pages' rows, all of them or none of a page."""
        try:
            return Converted(self._table(pages), tuple(pages))
        except CellError:
            return self._one_by_one(pages)

    def _one_by_one(self, pages: Sequence[PageRows]) -> Converted:
        fitting: list[PageRows] = []
        parsed_again: list[PageRows] = []
        left_out: list[LeftOutPage] = []
        for page in pages:
            try:
                self._table([page])
                fitting.append(page)
                continue
            except CellError as error:
                problem = str(error)
            try:
                mended = self._mend(page)
                self._table([mended])
            except (CellError, PageError) as error:
                number = page.record.page
                reason = f"page {number}: {problem}; parsed again from its stored body: {error}"
                left_out.append(LeftOutPage(number, reason))
                continue
            fitting.append(mended)
            parsed_again.append(mended)
        table = self._table(fitting)
        return Converted(table, tuple(fitting), tuple(parsed_again), tuple(left_out))

    def _table(self, pages: Sequence[PageRows]) -> pa.Table:
        arrays = []
        decimals: dict[str, int] = {}
        together = _together(pages)
        for column in self._columns:
            known = self._decimals.get(column.name, MONEY_DECIMALS)
            cells = together.cells[column.name] if together else _cells(pages, column.name)
            array = column_array(column, cells, known)
            decimals[column.name] = decimals_of(array)
            arrays.append(array)
        self._decimals = decimals
        arrays += _provenance(pages)
        if self._catalogue.has_named_listings:
            arrays += _listings(pages)
        return pa.table(arrays, schema=self.schema)


def _together(pages: Sequence[PageRows]) -> PagesTogether | None:
    """What was read of these pages at once; None if it was not of exactly these."""
    together = pages[0].together if pages else None
    if together is None or together.pages != len(pages):
        return None
    return together if all(page.together is together for page in pages) else None


def _cells(pages: Sequence[PageRows], name: str) -> list[Cell]:
    cells: list[Cell] = []
    for page in pages:
        stored = page.columns.get(name)
        cells += [None] * page.rows if stored is None else stored
    return cells


def _provenance(pages: Sequence[PageRows]) -> list[pa.Array]:
    """Page, position, source URL and time of the fetch of every row."""
    records = [page.record for page in pages]
    counts = np.array([page.rows for page in pages], dtype=np.int64)
    of_row = np.repeat(np.arange(len(records)), counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    numbers = np.array([record.page.number for record in records], dtype=np.int64)
    urls = pa.array([record.url for record in records], pa.string())
    times = pa.array([record.fetched_at for record in records], pa.timestamp("us", "UTC"))
    return [
        pa.array(numbers[of_row]),
        pa.array(_positions(pages, np.arange(len(of_row)) - starts + 1)),
        urls.take(pa.array(of_row)),
        times.take(pa.array(of_row)),
    ]


def _listings(pages: Sequence[PageRows]) -> list[pa.Array]:
    """The listing of every row's page, and the listings of its product, as far as a page tells."""
    names = [page.record.page.listing for page in pages for _ in range(page.rows)]
    return [
        pa.array(names, pa.string()),
        pa.array([[name] for name in names], pa.list_(pa.string())),
    ]


def _positions(pages: Sequence[PageRows], counted: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The places of the rows on their pages, on which some products may have been left out."""
    first = 0
    for page in pages:
        lost = page.notes.lost_positions if page.notes is not None else frozenset()
        if lost:
            kept = (place for place in range(1, page.rows + len(lost) + 1) if place not in lost)
            counted[first : first + page.rows] = list(kept)
        first += page.rows
    return counted
