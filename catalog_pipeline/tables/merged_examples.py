"""Some of the rows that gave way to others of the same key, as people want to see them.

Which rows these are is decided in `duplicates`; here they are read again, out of the files that the
table is copied from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.tables.duplicates import GaveWay

_LONGEST_TEXT = 200
Rows = Mapping[int, Mapping[str, Any]]


def merged_examples(
    gave_way: Sequence[GaveWay],
    parts: Sequence[Path],
    key: Sequence[str],
    not_compared: Sequence[str],
) -> tuple[dict[str, str], ...]:
    """Key, page and reason of each row, and what is otherwise in the row that stayed."""
    rows = _rows_at(parts, {place for each in gave_way for place in (each.place, each.winner)})
    return tuple(_told(each, rows, key, not_compared) for each in gave_way)


def _told(
    each: GaveWay, rows: Rows, key: Sequence[str], not_compared: Sequence[str]
) -> dict[str, str]:
    gone, stayed = rows[each.place], rows[each.winner]
    told = {name: _text(gone[name]) for name in key}
    told |= {"page": _text(gone["page"]), "kept_page": _text(stayed["page"]), "why": each.why}
    others = {
        name: f"{_text(value)} here, {_text(stayed[name])} kept"
        for name, value in gone.items()
        if name not in not_compared and value != stayed[name]
    }
    if others:
        told["differs"] = "; ".join(f"{name}: {text}" for name, text in others.items())
    return told


def _text(value: object) -> str:
    return str(value)[:_LONGEST_TEXT]


def _rows_at(parts: Sequence[Path], places: set[int]) -> Rows:
    """The rows at these places, counted over all files; no group is read that has none of them."""
    wanted = np.array(sorted(places), dtype=np.int64)
    found: dict[int, Mapping[str, Any]] = {}
    first = 0
    for part in parts:
        with pq.ParquetFile(part) as file:
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                here = wanted[(first <= wanted) & (wanted < first + rows)]
                if len(here):
                    taken = file.read_row_group(group).take(pa.array(here - first))
                    found |= zip(here.tolist(), taken.to_pylist(), strict=True)
                first += rows
    return found
