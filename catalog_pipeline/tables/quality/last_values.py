"""The values that products have in the table that is there, by key, for a comparison with new ones.

Held are a number for each product's key and one for each value, not the rows. Numbers of 64 bits
stand for keys: two keys of one number would be compared with each other, which is once in a
million tables of two million products.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.field_types import CURRENCY_SUFFIX

Numbers = npt.NDArray[np.float64]
_BETWEEN = "\x1f"
_NULL = "\x00"


class LastValues:
    """Values of some columns of a table, found by the key of their product."""

    def __init__(
        self, keys: pd.Index, columns: dict[str, Numbers], currencies: dict[str, pd.Index]
    ):
        self._keys = keys
        self._columns = columns
        self._currencies = currencies

    def of(self, rows: pa.Table, key: Sequence[str], column: str) -> Numbers:
        """What the products of these rows had before; NaN where that is not known.

        An amount in another currency is none that could be compared.
        """
        before = np.full(rows.num_rows, np.nan)
        if column not in self._columns:
            return before
        places = self._keys.get_indexer(pd.Index(_key_numbers(rows, key)))
        is_known = places >= 0
        before[is_known] = self._columns[column][places[is_known]]
        if column in self._currencies:
            now = rows[column + CURRENCY_SUFFIX].to_pandas().to_numpy(dtype=object)
            then = self._currencies[column].to_numpy(dtype=object)
            is_known &= np.array(
                [
                    known and now[row] == then[place]
                    for row, (known, place) in enumerate(zip(is_known, places, strict=True))
                ],
                dtype=bool,
            )
            before[~is_known] = np.nan
        return before


def read_last_values(path: Path, key: Sequence[str], columns: Collection[str]) -> LastValues | None:
    """The values of a table; None if there is no such table, or one that has another key.

    Columns that it lacks, or that hold no numbers there, have no last values.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema = file.schema_arrow
            if not set(key) <= set(schema.names):
                return None
            known = [
                name
                for name in columns
                if name in schema.names and _is_number(schema.field(name).type)
            ]
            beside = [
                name + CURRENCY_SUFFIX for name in known if name + CURRENCY_SUFFIX in schema.names
            ]
            rows = file.read(columns=[*dict.fromkeys([*key, *known, *beside])])
    except (OSError, pa.ArrowException):
        return None
    numbers = _key_numbers(rows, key)
    # Rows without a key, and what stands there twice, cannot be told apart.
    index = pd.Index(numbers)
    is_own = ~(index.duplicated(keep=False) | _lack_key(rows, key))
    return LastValues(
        index[is_own],
        {name: as_numbers(rows[name])[is_own] for name in known},
        {
            name: pd.Index(rows[name + CURRENCY_SUFFIX].to_pandas()[is_own])
            for name in known
            if name + CURRENCY_SUFFIX in beside
        },
    )


def as_numbers(values: pa.ChunkedArray) -> Numbers:
    """Values as floating point numbers; NaN for null."""
    numbers: Numbers = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return numbers.astype(np.float64)


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def _lack_key(rows: pa.Table, key: Sequence[str]) -> npt.NDArray[np.bool_]:
    lack = np.ones(rows.num_rows, dtype=bool)
    for name in key:
        lack &= pc.call_function("is_null", [rows[name]]).to_numpy(zero_copy_only=False)
    return lack


def _key_numbers(rows: pa.Table, key: Sequence[str]) -> npt.NDArray[np.uint64]:
    """A number for each row's key: of its values as text, so that types may change meanwhile."""
    texts = [
        pc.call_function("coalesce", [rows[name].cast(pa.string()), pa.scalar(_NULL)])
        for name in key
    ]
    joined = pc.call_function("binary_join_element_wise", [*texts, pa.scalar(_BETWEEN)])
    numbers: npt.NDArray[np.uint64] = pd.util.hash_array(joined.to_pandas().to_numpy(dtype=object))
    return numbers
