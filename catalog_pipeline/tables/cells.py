"""From the cells of stored pages to Arrow columns, exactly or not at all.

A cell that is not what its column's type asks for is an error, never rounded, cut or guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.catalogue.field_types import CellType, total
from catalog_pipeline.catalogue.value_range import MAX_MONEY_DECIMALS, MAX_MONEY_WHOLE_DIGITS
from catalog_pipeline.records import Cell
from catalog_pipeline.tables.schema import MONEY_DECIMALS, TableColumn, arrow_type

_STORED_AS = total(
    CellType,
    {
        CellType.TEXT: frozenset({str}),
        CellType.INTEGER: frozenset({int, float}),
        CellType.NUMBER: frozenset({int, float}),
        CellType.AMOUNT: frozenset({str}),
        CellType.CURRENCY: frozenset({str}),
        CellType.BOOLEAN: frozenset({bool}),
        CellType.URL: frozenset({str}),
        CellType.TIMESTAMP: frozenset({str}),
    },
)
_AMOUNT_LIMIT = Decimal(10) ** MAX_MONEY_WHOLE_DIGITS


class CellError(Exception):
    """A cell does not fit its column; the text says which and why."""


def column_array(column: TableColumn, cells: list[Cell] | pa.Array, decimals: int) -> pa.Array:
    """The cells of a column; those that Arrow has read already are of the types of `_STORED_AS`.

    Money has at least `decimals` decimals, and more where a cell needs them.

    Raises:
        CellError: a cell is not of the column's type.
    """
    try:
        if isinstance(cells, pa.Array):
            return _typed(column, cells, decimals)
        return _exact(column, cells, decimals)
    except (pa.ArrowException, OverflowError, UnicodeError) as error:
        told = cells.to_pylist() if isinstance(cells, pa.Array) else cells
        raise CellError(_complaint(column, told)) from error


def decimals_of(array: pa.Array) -> int:
    """How many decimals the type of a money column has; the usual number for other columns."""
    return array.type.scale if pa.types.is_decimal(array.type) else MONEY_DECIMALS


def _exact(column: TableColumn, cells: Sequence[Cell], decimals: int) -> pa.Array:
    """The cells, or Arrow's error. Arrow would take 4.5 for the integer 4 and true for 1.0."""
    types = set(map(type, cells)) - {type(None)}
    if column.is_list:
        return _lists(column, cells, types)
    if not types <= _STORED_AS[column.type]:
        raise pa.ArrowTypeError("a cell of another type")
    return _typed(column, pa.array(cells), decimals)


def _typed(column: TableColumn, stored: pa.Array, decimals: int) -> pa.Array:
    if column.type is CellType.AMOUNT and stored.null_count < len(stored):
        return _amounts(column, stored, decimals)
    return stored.cast(arrow_type(column, decimals))


def _lists(column: TableColumn, cells: Sequence[Cell], types: set[type]) -> pa.Array:
    if not types <= {list}:
        raise pa.ArrowTypeError("a cell that is no list")
    inner = [item for cell in cells if isinstance(cell, list) for item in cell]
    if not {type(item) for item in inner} <= _STORED_AS[column.type]:
        raise pa.ArrowTypeError("a cell of another type in a list")
    return (
        pa.array(cells).cast(arrow_type(column)) if inner else pa.array(cells, arrow_type(column))
    )


def _amounts(column: TableColumn, texts: pa.Array, decimals: int) -> pa.Array:
    try:
        amounts = texts.cast(arrow_type(column, decimals))
    except pa.ArrowInvalid:
        needed = max(map(_decimals_needed, texts.to_pylist()))
        if not decimals < needed <= MAX_MONEY_DECIMALS:
            raise
        amounts = texts.cast(arrow_type(column, needed))
    ends = pc.call_function("min_max", [amounts]).as_py()
    if max(-ends["min"], ends["max"]) >= _AMOUNT_LIMIT:
        raise pa.ArrowInvalid("an amount has too many digits")
    return amounts


def _decimals_needed(amount: str | None) -> int:
    return len((amount or "").partition(".")[2].rstrip("0"))


def _complaint(column: TableColumn, cells: Sequence[Cell]) -> str:
    """What is wrong with the first cell that does not fit by itself."""
    for position, cell in enumerate(cells, start=1):
        if not _fits(column, cell):
            return f"product {position}, column {column.name}: {cell!r} is no {column.type}"
    return f"column {column.name} holds values of several types, and should be {column.type}"


def _fits(column: TableColumn, cell: Cell) -> bool:
    try:
        _exact(column, [cell], MONEY_DECIMALS)
    except (pa.ArrowException, OverflowError, UnicodeError):
        return False
    return True
