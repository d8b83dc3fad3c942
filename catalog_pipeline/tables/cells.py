"""From the cells of stored pages to Arrow columns, exactly or not at all.

A cell that is not what its column's type asks for is an error, never rounded, cut or guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.records import Cell
from catalog_pipeline.tables.schema import (
    MAX_MONEY_DECIMALS,
    MONEY_DECIMALS,
    MONEY_DIGITS,
    TableColumn,
    arrow_type,
)

_STORED_AS = {
    "integer": (pa.int64(), pa.float64()),
    "number": (pa.int64(), pa.float64()),
    "boolean": (pa.bool_(),),
}
_AMOUNT_LIMIT = Decimal(10) ** (MONEY_DIGITS - MAX_MONEY_DECIMALS)


class CellError(Exception):
    """A cell does not fit its column; the text says which and why."""


def column_array(column: TableColumn, cells: list[Cell], decimals: int) -> pa.Array:
    """The cells of a column.

    Money has at least `decimals` decimals, and more where a cell needs them.

    Raises:
        CellError: a cell is not of the column's type.
    """
    try:
        stored = pa.array(cells)
        if pa.types.is_null(stored.type):
            return stored.cast(arrow_type(column, decimals))
        if stored.type not in _STORED_AS.get(column.type, (pa.string(),)):
            raise CellError(_complaint(column, cells))
        if column.type == "money":
            return _amounts(column, stored, decimals)
        return stored.cast(arrow_type(column))
    except (pa.ArrowException, OverflowError) as error:
        raise CellError(_complaint(column, cells)) from error


def decimals_of(array: pa.Array) -> int:
    """How many decimals the type of a money column has; the usual number for other columns."""
    return array.type.scale if pa.types.is_decimal(array.type) else MONEY_DECIMALS


def _amounts(column: TableColumn, texts: pa.Array, decimals: int) -> pa.Array:
    try:
        amounts = texts.cast(arrow_type(column, decimals))
    except pa.ArrowInvalid:
        needed = max(map(_decimals_needed, texts.to_pylist()))
        if not decimals < needed <= MAX_MONEY_DECIMALS:
            raise
        amounts = texts.cast(arrow_type(column, needed))
    ends = pc.min_max(amounts).as_py()
    if max(-ends["min"], ends["max"]) >= _AMOUNT_LIMIT:
        raise pa.ArrowInvalid("an amount has too many digits")
    return amounts


def _decimals_needed(text: str | None) -> int:
    try:
        exponent = Decimal(text or 0).normalize().as_tuple().exponent
    except InvalidOperation:
        return 0
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _complaint(column: TableColumn, cells: Sequence[Cell]) -> str:
    """What is wrong with the first cell that does not fit by itself."""
    for position, cell in enumerate(cells, start=1):
        if not _fits(column, cell):
            return f"product {position}, column {column.name}: {cell!r} is no {column.type}"
    return f"column {column.name} holds values of several types, and should be {column.type}"


def _fits(column: TableColumn, cell: Cell) -> bool:
    if cell is None:
        return True
    try:
        alone = pa.array([cell])
        if alone.type not in _STORED_AS.get(column.type, (pa.string(),)):
            return False
        if column.type == "money":
            _amounts(column, alone, MONEY_DECIMALS)
        else:
            alone.cast(arrow_type(column))
    except (pa.ArrowException, OverflowError):
        return False
    return True
