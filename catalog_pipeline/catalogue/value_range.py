"""What a cell of each type may be: the one idea of it that parser, page file and table share.

A page that was parsed can be built into a table because both hold to these bounds. Cells are as
`catalog_pipeline.records.Cell` has them. Reading texts and Arrow's types do not belong here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from catalog_pipeline.catalogue.field_types import CellType, total
from catalog_pipeline.records import Cell

MONEY_DIGITS = 38
MAX_MONEY_DECIMALS = 18
MAX_MONEY_WHOLE_DIGITS = MONEY_DIGITS - MAX_MONEY_DECIMALS
"""A column has as many decimals as its longest amount needs, so that both ends must always fit."""
MIN_INTEGER, MAX_INTEGER = -(2**63), 2**63 - 1
"""What 64 bits hold."""
MAX_WHOLE_NUMBER = 2**53
"""Up to here each integer is a number of its own in 64-bit floating point."""

_AMOUNT = re.compile(r"-?([0-9]+)(?:\.([0-9]+))?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def amount_refusal(digits: str, decimals: str) -> str | None:
    """Why an amount with these digits before and after its point does not fit a table, if so."""
    if len(digits.lstrip("0")) > MAX_MONEY_WHOLE_DIGITS:
        return f"the amount has more than {MAX_MONEY_WHOLE_DIGITS} digits before its decimals"
    if len(decimals) > MAX_MONEY_DECIMALS:
        return f"the amount has more than {MAX_MONEY_DECIMALS} decimals"
    return None


def text_refusal(text: str) -> str | None:
    """Why a text cannot be stored, if so: it holds what no text in UTF-8 has."""
    if "\0" in text:
        return "the text holds a NUL character"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "the text holds half a character (a lone surrogate)"
    return None


def refusal(kind: CellType, cell: Cell) -> str | None:
    """Why `cell` is none of its type, if so; an empty cell (None) is one of any type."""
    return None if cell is None else _REFUSALS[kind](cell)


def _text(cell: Cell) -> str | None:
    return text_refusal(cell) if isinstance(cell, str) else "it is no text"


def _integer(cell: Cell) -> str | None:
    if isinstance(cell, bool) or not isinstance(cell, int):
        return "it is no integer"
    return None if MIN_INTEGER <= cell <= MAX_INTEGER else "the integer does not fit 64 bits"


def _number(cell: Cell) -> str | None:
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return "it is no number"
    if isinstance(cell, int):
        return None if abs(cell) <= MAX_WHOLE_NUMBER else "the number does not fit 64 bits exactly"
    return None if math.isfinite(cell) else "it is no finite number"


def _amount(cell: Cell) -> str | None:
    match = _AMOUNT.fullmatch(cell) if isinstance(cell, str) else None
    return amount_refusal(match[1], match[2] or "") if match else "it is no amount"


def _currency(cell: Cell) -> str | None:
    is_code = isinstance(cell, str) and _CURRENCY.fullmatch(cell)
    return None if is_code else "it is no ISO 4217 code"


def _boolean(cell: Cell) -> str | None:
    return None if isinstance(cell, bool) else "it is neither true nor false"


def _timestamp(cell: Cell) -> str | None:
    try:
        moment = datetime.fromisoformat(cell) if isinstance(cell, str) else None
    except ValueError:
        moment = None
    is_utc = moment is not None and moment.utcoffset() == timedelta(0)
    return None if is_utc else "it is no ISO 8601 time in UTC"


_REFUSALS: Mapping[CellType, Callable[[Cell], str | None]] = total(
    CellType,
    {
        CellType.TEXT: _text,
        CellType.INTEGER: _integer,
        CellType.NUMBER: _number,
        CellType.AMOUNT: _amount,
        CellType.CURRENCY: _currency,
        CellType.BOOLEAN: _boolean,
        CellType.URL: _text,
        CellType.TIMESTAMP: _timestamp,
    },
)
