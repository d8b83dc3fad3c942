"""Values as the changes tell them: texts that are exact, and by how much a number has grown."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from catalog_pipeline.tables.schema import MONEY_DECIMALS


def texts_of(column: pa.ChunkedArray) -> list[str | None]:
    """The values of a column as texts; null stays null."""
    return [None if value is None else text_of(value) for value in column.to_pylist()]


def text_of(value: object) -> str:
    """A value as a text that nothing is lost in."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return _amount(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=text_of)
    return str(value)


def differences(before: pa.ChunkedArray, after: pa.ChunkedArray) -> list[float | None]:
    """By how many per cent of the first the second is more; null where that says nothing."""
    kind = before.type
    if not (pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)):
        return [None] * len(before)
    pairs = zip(before.to_pylist(), after.to_pylist(), strict=True)
    return [difference(one, other) for one, other in pairs]


def difference(before: Any, after: Any) -> float | None:
    """By how many per cent of `before` a number is more: the nearest one to the exact share."""
    if before is None or after is None or not before:
        return None
    exact: Callable[[Any], Fraction] = Fraction
    share = (exact(after) - exact(before)) * 100 / abs(exact(before))
    most = exact(sys.float_info.max)
    return float(max(-most, min(share, most)))


def _amount(amount: Decimal) -> str:
    """An amount with its usual decimals, and more only if it has them."""
    whole, _, decimals = f"{amount:f}".partition(".")
    decimals = decimals.rstrip("0").ljust(MONEY_DECIMALS, "0")
    return f"{whole}.{decimals}"
