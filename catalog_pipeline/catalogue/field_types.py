"""The types of fields and of the cells that they fill, and what keeps a table of types whole.

What a cell of each type may be is in `catalog_pipeline.catalogue.value_range`; how a text is read
as a value belongs in `catalog_pipeline.reading.values`, Arrow's types in `catalog_pipeline.tables`.
A new type is a member here and an entry in each table made by `total`: the program does not start
while one of them lacks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TypeVar

CURRENCY_SUFFIX = "_currency"
RANGE_END_SUFFIX = "_max"


class FieldType(str, Enum):
    """What the text of a field is turned into."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    MONEY = "money"
    BOOLEAN = "boolean"
    URL = "url"
    TIMESTAMP = "timestamp"

    def __str__(self) -> str:
        return self.value


NUMBERS = frozenset({FieldType.INTEGER, FieldType.NUMBER, FieldType.MONEY})
"""Those whose texts are digits, with signs that part them."""


class CellType(str, Enum):
    """What one cell of a column is; a field of money fills columns of two types."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    AMOUNT = "money"
    CURRENCY = "currency"
    BOOLEAN = "boolean"
    URL = "url"
    TIMESTAMP = "timestamp"

    def __str__(self) -> str:
        return self.value


Kind = TypeVar("Kind", bound=Enum)
Entry = TypeVar("Entry")


def total(kinds: type[Kind], table: Mapping[Kind, Entry]) -> Mapping[Kind, Entry]:
    """`table`, unchangeable, if it has an entry for every one of `kinds`.

    Raises:
        TypeError: it lacks some, which are named.
    """
    lacking = [kind.name for kind in kinds if kind not in table]
    if lacking:
        raise TypeError(f"a table by {kinds.__name__} says nothing of {', '.join(lacking)}")
    return MappingProxyType(dict(table))


@dataclass(frozen=True)
class Part:
    """A column of a field: what its name adds to the field's, and the type of its cells.

    A range's end is there only for fields that say `range`.
    """

    suffix: str
    type: CellType
    is_range_end: bool = False


PARTS = total(
    FieldType,
    {
        FieldType.TEXT: (Part("", CellType.TEXT),),
        FieldType.INTEGER: (Part("", CellType.INTEGER),),
        FieldType.NUMBER: (Part("", CellType.NUMBER),),
        FieldType.MONEY: (
            Part("", CellType.AMOUNT),
            Part(RANGE_END_SUFFIX, CellType.AMOUNT, is_range_end=True),
            Part(CURRENCY_SUFFIX, CellType.CURRENCY),
        ),
        FieldType.BOOLEAN: (Part("", CellType.BOOLEAN),),
        FieldType.URL: (Part("", CellType.URL),),
        FieldType.TIMESTAMP: (Part("", CellType.TIMESTAMP),),
    },
)
"""The columns that a field of each type fills, its own first."""

OPTIONS = total(
    FieldType,
    {
        FieldType.TEXT: frozenset(),
        FieldType.INTEGER: frozenset({"scale"}),
        FieldType.NUMBER: frozenset({"decimal_separator", "scale"}),
        FieldType.MONEY: frozenset({"currency", "range", "decimal_separator", "scale"}),
        FieldType.BOOLEAN: frozenset({"exists"}),
        FieldType.URL: frozenset(),
        FieldType.TIMESTAMP: frozenset({"format", "assume"}),
    },
)
"""The keys of a field that are for its type and not for all."""
