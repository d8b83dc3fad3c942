"""Which columns a history has: its products' key, whatever was ever followed, and its own.

A column that the YAML follows no more stays, empty from then on. One whose type has changed gets
another name for what is in it, and begins anew. Another key is another history.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from catalog_pipeline.catalogue.history import CHANGE_COLUMNS, PERIOD_COLUMNS
from catalog_pipeline.catalogue.value_range import MONEY_DIGITS
from catalog_pipeline.tables.history.state import State, Tracked

_TIME = pa.timestamp("us", "UTC")
_PERIOD_TYPES = (
    _TIME,
    _TIME,
    pa.int64(),
    pa.string(),
    pa.int64(),
    pa.string(),
    _TIME,
    pa.int64(),
    _TIME,
    _TIME,
    pa.string(),
)
_CHANGE_TYPES = (
    pa.int64(),
    _TIME,
    pa.string(),
    pa.string(),
    pa.string(),
    pa.string(),
    pa.float64(),
)
PERIOD_FIELDS = [pa.field(*each) for each in zip(PERIOD_COLUMNS, _PERIOD_TYPES, strict=True)]
CHANGE_FIELDS = [pa.field(*each) for each in zip(CHANGE_COLUMNS, _CHANGE_TYPES, strict=True)]


@dataclass(frozen=True)
class Layout:
    """The columns of a history from a build on; `renamed` are names that old columns get."""

    key: tuple[str, ...]
    tracked: tuple[str, ...]
    sets: tuple[Tracked, ...]
    schema: pa.Schema
    renamed: Mapping[str, str]

    @property
    def changes(self) -> pa.Schema:
        """The columns of its changes."""
        return pa.schema([*(self.schema.field(name) for name in self.key), *CHANGE_FIELDS])

    def followed_by(self, build: int) -> tuple[str, ...]:
        """The columns that were followed when that build opened a period."""
        return [each for each in self.sets if each.from_build <= build][-1].columns

    def fitted(self, rows: pa.Table) -> pa.Table:
        """Rows of an earlier layout in this one."""
        names = [self.renamed.get(name, name) for name in rows.column_names]
        rows = rows.rename_columns(names)
        columns = [
            rows[field.name].cast(field.type)
            if field.name in names
            else pa.nulls(rows.num_rows, field.type)
            for field in self.schema
        ]
        return pa.table(columns, schema=self.schema)


def first_layout(table: pa.Schema, key: Sequence[str], tracked: Sequence[str]) -> Layout:
    """That of a history that begins with its first build; `table` has the types."""
    fields = [table.field(name).remove_metadata() for name in (*key, *tracked)]
    sets = (Tracked(1, tuple(tracked)),)
    schema = pa.schema([*fields, *PERIOD_FIELDS])
    return Layout(tuple(key), tuple(tracked), sets, schema, {})


def next_layout(
    known: pa.Schema, state: State, table: pa.Schema, tracked: Sequence[str], build: int
) -> Layout:
    """That of a history which goes on with a build after `state`."""
    types: dict[str, pa.DataType] = {
        name: table.field(name).type for name in (*state.key, *tracked)
    }
    renamed: dict[str, str] = {}
    former: dict[str, pa.DataType] = {}
    for field in known:
        if field.name in PERIOD_COLUMNS:
            continue
        if field.name not in types:
            former[field.name] = field.type
        elif (common := common_type(field.type, types[field.name])) is not None:
            types[field.name] = common
        else:
            name = _free(f"{field.name}_until_{build}", {*known.names, *types})
            renamed[field.name], former[name] = name, field.type
    sets = [
        replace(each, columns=tuple(renamed.get(name, name) for name in each.columns))
        for each in state.tracked
    ]
    if set(sets[-1].columns) != set(tracked):
        sets.append(Tracked(build, tuple(tracked)))
    fields = [pa.field(name, kind) for name, kind in {**types, **former}.items()]
    schema = pa.schema([*fields, *PERIOD_FIELDS])
    return Layout(state.key, tuple(tracked), tuple(sets), schema, renamed)


def has_same_key(known: pa.Schema, state: State, table: pa.Schema, key: Sequence[str]) -> bool:
    """Whether products are told apart as they were."""
    return state.key == tuple(key) and all(
        common_type(known.field(name).type, table.field(name).type) is not None for name in key
    )


def common_type(one: pa.DataType, other: pa.DataType) -> pa.DataType | None:
    """The type that holds the values of both exactly; None if they are of different kinds."""
    if pa.types.is_decimal(one) and pa.types.is_decimal(other):
        return pa.decimal128(MONEY_DIGITS, max(one.scale, other.scale))
    return one if one == other else None


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name
