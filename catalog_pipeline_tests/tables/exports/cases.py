"""Columns of values that are hard to keep, for every writer of exports; helpers, no tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline_tests.hostile_texts import FORMULAS, HOSTILE, NO_FORMULAS

NUL = "n\0ul"
TEXTS = (
    *HOSTILE.values(), *FORMULAS, *NO_FORMULAS, " ", "'", '"', '""', ",", "a\r\nb", "\\",
    "\\N", "\\.", "a\n\\.\nb", "NULL", "null", "NaN", "true", "0150", "1e5", "_x0041_",
    "<r><t>bold</t></r>", "<r>", "&amp;", "\ud7ff\ue000", "\U0001f600", "x" * 32_767,
)  # fmt: skip
_UTC = timezone.utc
INSTANTS = (
    datetime(2026, 3, 1, 12, 0, 0, 123456, _UTC), datetime(1, 1, 1, tzinfo=_UTC),
    datetime(1900, 2, 28, tzinfo=_UTC), datetime(1900, 3, 1, tzinfo=_UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999999, _UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999999, _UTC), None,
)  # fmt: skip
_ABROAD = timezone(timedelta(hours=5, minutes=45))
_DIGITS = "12345678901234567890123456789012345678"
CASES: dict[str, pa.Array] = {
    "texts": pa.array([*TEXTS, None]),
    "texts with nul": pa.array([NUL, "\0", None]),
    "large texts": pa.array(["a", None, ""], pa.large_string()),
    "texts of a dictionary": pa.array(["a", "b", "a", None]).dictionary_encode(),
    "amounts": pa.array(
        [Decimal(each) for each in ("0.10", "-0.01", "51.77", "1E+3", f"{_DIGITS[:-2]}.78",
         f"-{_DIGITS[:-2]}.78", "9999999999999.99", "99999999999999.99", "0")] + [None],
        pa.decimal128(38, 2),
    ),
    "small amounts": pa.array([Decimal("1E-10"), Decimal("0.1"), None], pa.decimal128(38, 10)),
    "whole amounts": pa.array([Decimal(10**15), Decimal(10**15 + 1)], pa.decimal128(38, 0)),
    "integers": pa.array(
        [0, -1, 10**15 - 1, 10**15, 2**53 + 1, 2**63 - 1, -(2**63), None], pa.int64()
    ),
    "small integers": pa.array([1, None, -128], pa.int8()),
    "integers without a sign": pa.array([0, 2**64 - 1, None], pa.uint64()),
    "numbers": pa.array([0.1, 1 / 3, 0.1 + 0.2, 1e308, 5e-324, 4.5, 1e16, None]),
    "short numbers": pa.array([0.5, 1 / 3, None], pa.float32()),
    "booleans": pa.array([True, False, None]),
    "instants": pa.array(INSTANTS, pa.timestamp("us", "UTC")),
    "instants of elsewhere": pa.array(
        [datetime(2026, 3, 1, 12, tzinfo=_ABROAD), None], pa.timestamp("ms", "Asia/Kathmandu")
    ),
    "local times": pa.array([datetime(2026, 3, 1, 12, 30, 0, 5), None], pa.timestamp("ns")),
    "dates": pa.array([date(2026, 3, 1), date(1899, 12, 31), None]),
    "lists of texts": pa.array([[*TEXTS[:30], "{}", "a,b", '"', None], [], None, ["NULL"]]),
    "lists of integers": pa.array([[1, None, 2**63 - 1], [], None]),
    "lists of numbers": pa.array([[0.1, None], [], None]),
    "lists of amounts": pa.array(
        [[Decimal("0.10"), None], [], None], pa.list_(pa.decimal128(38, 2))
    ),
    "lists of booleans": pa.array([[True, None, False], [], None]),
    "lists of instants": pa.array([[INSTANTS[0], None], None], pa.list_(pa.timestamp("us", "UTC"))),
    "nulls": pa.nulls(3),
}  # fmt: skip


def write_cases(path: Path, **columns: pa.Array) -> None:
    """A Parquet file of these columns, nulls below the shorter ones, and of the rows' places."""
    length = max(map(len, columns.values()))
    full = {
        name: pa.concat_arrays([array, pa.nulls(length - len(array), array.type)])
        for name, array in columns.items()
    }
    pq.write_table(pa.table({"place": pa.array(range(length), pa.int64()), **full}), path)


def expected(array: pa.Array) -> list[object]:
    """The values in Python, of which those that count are in UTC."""
    if pa.types.is_timestamp(array.type):
        array = array.cast(pa.timestamp("us", array.type.tz and "UTC"))
    values: Sequence[object] = array.to_pylist()
    return [v.astimezone(_UTC) if isinstance(v, datetime) and v.tzinfo else v for v in values]
