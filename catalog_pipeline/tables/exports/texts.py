"""Values as texts, exactly, for formats that have no type for them. How files are made is not here.

A decimal keeps all its digits, an instant is RFC 3339 in UTC, a list is a JSON array in which
decimals and instants are texts.
"""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.tables.exports.parquet_rows import Column, Kind

_WITH_T = pc.ReplaceSliceOptions(10, 11, "T")


def as_texts(column: Column, array: pa.Array) -> pa.Array:
    """The values of a column as an array of texts; nulls stay."""
    if column.is_list:
        return pa.array([_as_json(each) for each in array.to_pylist()], pa.string())
    texts = array.cast(pa.string())
    if column.kind in (Kind.TIMESTAMP, Kind.LOCAL_TIME):
        return pc.call_function("binary_replace_slice", [texts], _WITH_T)
    return texts


def as_plain(value: Any) -> Any:
    """A value of which JSON has a type that holds it: what has none becomes a text."""
    if isinstance(value, list):
        return [as_plain(each) for each in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else not_finite(value)
    if isinstance(value, datetime.datetime):
        text = value.replace(tzinfo=None).isoformat(timespec="microseconds")
        return f"{text}Z" if value.tzinfo else text
    return value if value is None or isinstance(value, str | int) else str(value)


def not_finite(value: float) -> str:
    """What stands where a format has no infinity and no NaN."""
    return "NaN" if math.isnan(value) else f"{'-' if value < 0 else ''}Infinity"


def first_with(texts: pa.Array, pattern: str) -> int | None:
    """Where the first text is that a regular expression matches; None if none is."""
    options = pc.MatchSubstringOptions(pattern)
    matches = pc.call_function("match_substring_regex", [texts], options)
    place: int = pc.call_function("index", [matches], pc.IndexOptions(pa.scalar(True))).as_py()
    return place if place >= 0 else None


def _as_json(items: Sequence[Any] | None) -> str | None:
    if items is None:
        return None
    return json.dumps([as_plain(each) for each in items], ensure_ascii=False)
