"""Keys of rows as numbers, which are equal exactly where the keys are.

Here: what is held of a key column from batch to batch, and how the numbers of several columns
become one. Which of equal keys stays is decided in `duplicates`.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

Codes: TypeAlias = npt.NDArray[np.int64]
_Digests: TypeAlias = npt.NDArray[np.uint64]


class KeyColumn:
    """The values of a key column, taken down batch by batch.

    Of texts two digests of 64 bits are held: two million addresses would take ten times as much
    memory while they are compared. Their keys are drawn anew for each table, so that no shop can
    choose texts that have equal ones.
    """

    def __init__(self) -> None:
        self._values: list[pa.ChunkedArray] = []
        self._digests: list[tuple[_Digests, _Digests, npt.NDArray[np.bool_]]] = []
        self._hash_keys = secrets.token_hex(8), secrets.token_hex(8)

    def add(self, values: pa.ChunkedArray) -> None:
        """Take down the values of the next rows."""
        if not pa.types.is_string(values.type):
            self._values.append(values)
            return
        texts = values.to_numpy()
        first, second = (
            pd.util.hash_array(texts, hash_key=key, categorize=False) for key in self._hash_keys
        )
        self._digests.append((first, second, values.is_null().to_numpy()))

    def codes(self, kind: pa.DataType) -> Codes:
        """A number for each value, which is of that kind by now; -1 for null. Nothing is held
        afterwards."""
        values, self._values = self._values, []
        digests, self._digests = self._digests, []
        if pa.types.is_string(kind):
            return _codes_of_digests(digests)
        chunks = [chunk.cast(kind) for each in values for chunk in each.chunks]
        encoded = pa.chunked_array(chunks, kind).dictionary_encode()
        indices = pa.chunked_array([chunk.indices for chunk in encoded.chunks], pa.int32())
        numbers: Codes = indices.fill_null(-1).to_numpy().astype(np.int64)
        return numbers


def _codes_of_digests(parts: Sequence[tuple[_Digests, _Digests, npt.NDArray[np.bool_]]]) -> Codes:
    if not parts:
        return np.empty(0, dtype=np.int64)
    first, second, is_null = (np.concatenate(part) for part in zip(*parts, strict=True))
    compact = pd.factorize(second)[0].astype(np.int64)
    codes: Codes = pd.factorize(joined([first.view(np.int64), compact]))[0].astype(np.int64)
    codes[is_null] = -1
    return codes


def joined(columns: Sequence[Codes]) -> Codes:
    """One number per row, equal exactly where all columns are."""
    joined = columns[0]
    for column in columns[1:]:
        compact = pd.factorize(joined)[0].astype(np.int64)
        joined = compact * (column.max(initial=-1) + 2) + column + 1
    return joined
