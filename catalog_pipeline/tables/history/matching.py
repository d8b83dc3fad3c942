"""Which rows are of one product, and in which columns two of them differ. Arrays only."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.tables.key_codes import Codes, joined

Mask = npt.NDArray[np.bool_]
NONE = -1
"""The place of a row that is not there."""


def product_numbers(tables: Sequence[pa.Table], key: Sequence[str]) -> list[Codes]:
    """A number for each row of each table, equal exactly for equal keys; -1 for a row without."""
    codes = [_codes(pa.chunked_array(_chunks(tables, name))) for name in key]
    has_key = np.logical_or.reduce([each >= 0 for each in codes])
    numbers = pd.factorize(joined(codes))[0].astype(np.int64)
    numbers[~has_key] = NONE
    return np.split(numbers, np.cumsum([table.num_rows for table in tables])[:-1])


def places_of(numbers: Codes, among: Codes) -> Codes:
    """Where each of the numbers is among others, which are all different; -1 if it is not there."""
    found: Codes = pd.Index(among).get_indexer(pd.Index(numbers)).astype(np.int64)
    found[numbers == NONE] = NONE
    return found


def differ(before: pa.ChunkedArray, after: pa.ChunkedArray) -> Mask:
    """By row whether two columns of one type hold different values; null is a value as others."""
    if pa.types.is_list(before.type):
        pairs = zip(before.to_pylist(), after.to_pylist(), strict=True)
        return np.array([one != other for one, other in pairs], dtype=np.bool_)
    either_is_null = pc.call_function("xor", [before.is_null(), after.is_null()])
    is_other = pc.call_function("not_equal", [before, after])
    of_values: Mask = is_other.fill_null(False).to_numpy()
    of_nulls: Mask = either_is_null.to_numpy()
    return of_values | of_nulls


def _chunks(tables: Sequence[pa.Table], name: str) -> list[pa.Array]:
    return [chunk for table in tables for chunk in table[name].chunks] or [
        pa.array([], tables[0].schema.field(name).type)
    ]


def _codes(keys: pa.ChunkedArray) -> Codes:
    encoded = keys.dictionary_encode()
    indices = pa.chunked_array([chunk.indices for chunk in encoded.chunks], pa.int32())
    numbers: Codes = indices.fill_null(NONE).to_numpy().astype(np.int64)
    return numbers
