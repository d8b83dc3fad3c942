"""The rows of many pages read by Arrow at once, out of the JSON that their files hold.

That costs a third of making a Python value of each cell, and is for what a crawl writes. Wherever
Arrow might come to other cells than `PageFile.columns` and `cells`, or to none, nothing is given,
and the pages are read one by one: what is wrong with one of them is said there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from catalog_pipeline.catalogue.field_types import CellType, total
from catalog_pipeline.errors import StoredPageError
from catalog_pipeline.storing.page_file import PageFile
from catalog_pipeline.tables.schema import TableColumn

_WRITTEN_AS = total(
    CellType,
    {
        CellType.TEXT: pa.string(),
        CellType.INTEGER: pa.int64(),
        CellType.NUMBER: pa.float64(),
        CellType.AMOUNT: pa.string(),
        CellType.CURRENCY: pa.string(),
        CellType.BOOLEAN: pa.bool_(),
        CellType.URL: pa.string(),
        CellType.TIMESTAMP: pa.string(),
    },
)
"""The kinds of a crawl's JSON; a cell of another one is an error of Arrow's."""
_MOST_BYTES = 64 << 20
_EXACT = float(1 << 53)
"""From here on a float may be an integer that was rounded, which Arrow does not say."""


@dataclass(frozen=True)
class PagesTogether:
    """The cells of some pages, in their order: an array for each column."""

    pages: int
    cells: Mapping[str, pa.Array]


def read_together(
    columns: Sequence[TableColumn], files: Sequence[PageFile]
) -> PagesTogether | None:
    """The cells of all the pages; None if they have to be read one by one."""
    if not files or any(column.is_list for column in columns):
        return None
    try:
        texts = [file.rows_json for file in files]
    except StoredPageError:
        return None
    if sum(map(len, texts)) > _MOST_BYTES or not all(map(_is_one_object, texts)):
        return None
    rows = np.array([file.record.rows for file in files], dtype=np.int64)
    try:
        lists = _parsed(columns, b"\n".join(texts))
        cells = {name: _flat(lists[name], rows) for name in lists.column_names}
    except (pa.ArrowException, _OtherCellsError):
        return None
    return PagesTogether(len(files), cells)


class _OtherCellsError(Exception):
    """A column is not what it seems, or has not as many cells as the records say."""


def _is_one_object(text: bytes) -> bool:
    return text.startswith(b"{") and text.endswith(b"}")


def _parsed(columns: Sequence[TableColumn], text: bytes) -> pa.Table:
    schema = pa.schema([(each.name, pa.list_(_WRITTEN_AS[each.type])) for each in columns])
    return pj.read_json(
        pa.BufferReader(text),
        pj.ReadOptions(use_threads=False, block_size=len(text) + 1),
        pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    )


def _flat(lists: pa.ChunkedArray, rows: npt.NDArray[np.int64]) -> pa.Array:
    if lists.num_chunks != 1 or lists.null_count:
        raise _OtherCellsError
    counted = lists.chunk(0).value_lengths().to_numpy()
    if not np.array_equal(counted, rows):
        raise _OtherCellsError
    cells = lists.chunk(0).flatten()
    # Arrow takes what stands between the quotes for UTF-8 without a look.
    cells.validate(full=True)
    if pa.types.is_floating(cells.type) and cells.null_count < len(cells):
        ends = pc.call_function("min_max", [cells]).as_py()
        has_nan = pc.call_function("any", [pc.call_function("is_nan", [cells])]).as_py()
        if has_nan or max(-ends["min"], ends["max"]) >= _EXACT:
            raise _OtherCellsError
    return cells
