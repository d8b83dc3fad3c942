"""The file of changes: one row per product that is new, gone or returned, and per changed value.

It only grows: a build copies it and adds its own rows, which are in the order of the table, those
of gone products last. By how much a price changed is told only where its currency is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.tables.history.known import KnownFile
from catalog_pipeline.tables.history.layout import CHANGE_FIELDS, Layout, common_type
from catalog_pipeline.tables.history.matching import differ
from catalog_pipeline.tables.history.texts import differences, texts_of
from catalog_pipeline.tables.history.transitions import (
    ColumnChanges,
    Kind,
    OpenPeriods,
    ReadColumn,
    Seen,
    Transitions,
)
from catalog_pipeline.tables.history.writing import RowGroups
from catalog_pipeline.tables.key_codes import Codes

CHANGE_KINDS = (Kind.NEW, Kind.GONE, Kind.RETURNED, Kind.CHANGED)
_BY_ROW = (Kind.NEW, Kind.RETURNED)


def rows_of_build(
    layout: Layout,
    periods: OpenPeriods,
    seen: Seen,
    found: Transitions,
    currencies: Mapping[str, str],
    value_before: ReadColumn,
    value_after: ReadColumn,
    build: int,
    at: datetime,
) -> pa.Table:
    """What a build has to tell; `currencies` gives the column of the currency of each amount."""
    parts = [_whole_products(layout, seen.keys, found.opening == kind, kind) for kind in _BY_ROW]
    for column, changed in enumerate(found.changes):
        currency = currencies.get(changed.column)
        is_same = np.ones(len(changed.old), dtype=np.bool_)
        if currency is not None:
            before = value_before(currency).take(pa.array(changed.old))
            is_same = ~differ(before, value_after(currency).take(pa.array(changed.new)))
        parts.append(_values(layout, seen.keys, changed, is_same, column))
    rows = pa.concat_tables(parts)
    rows = rows.sort_by([("row", "ascending"), ("place", "ascending")])
    gone = _whole_products(layout, periods.keys, found.ending == Kind.GONE, Kind.GONE)
    rows = pa.concat_tables([rows, gone]).drop_columns(["row", "place"])
    count = rows.num_rows
    own = {
        "build": pa.array(np.full(count, build)),
        "changed_at": pa.array([at] * count, CHANGE_FIELDS[1].type),
    }
    columns = [own.get(field.name) for field in layout.changes]
    return pa.table(
        [
            rows[field.name] if column is None else column
            for field, column in zip(layout.changes, columns, strict=True)
        ],
        schema=layout.changes,
    )


def write_changes(file: RowGroups, known: KnownFile | None, rows: pa.Table) -> None:
    """Write the changes that were known, and then those of a build."""
    if known is not None:
        for group in range(known.groups):
            file.append(known.read([group]).select(file.schema.names).cast(file.schema))
    file.append(rows.cast(file.schema))


def changes_schema(layout: Layout, known: pa.Schema | None) -> pa.Schema | None:
    """The columns of the file; None if what is known has another key."""
    if known is None:
        return layout.changes
    if set(known.names) != set(layout.changes.names):
        return None
    types = {
        field.name: common_type(known.field(field.name).type, field.type)
        for field in layout.changes
    }
    if None in types.values():
        return None
    return pa.schema([pa.field(name, kind) for name, kind in types.items()])


def rows_of(known: KnownFile, build: int) -> pa.Table:
    """The rows that a build added; those of the newest one are at the file's end."""
    found: list[pa.Table] = [known.read([])]
    for group in reversed(range(known.groups)):
        greatest = known.greatest(group, "build")
        if greatest is not None and greatest < build:
            break
        rows = known.read([group])
        found.insert(0, rows.filter(pc.call_function("equal", [rows["build"], build])))
    return pa.concat_tables(found)


def _whole_products(layout: Layout, keys: pa.Table, chosen: Any, kind: Kind) -> pa.Table:
    places: Codes = np.flatnonzero(chosen)
    return _rows(layout, keys, places, kind, None, 0, [None] * len(places), [None] * len(places))


def _values(
    layout: Layout, keys: pa.Table, changed: ColumnChanges, is_same_currency: Any, place: int
) -> pa.Table:
    told = differences(changed.before, changed.after)
    shares = [share if same else None for share, same in zip(told, is_same_currency, strict=True)]
    before, after = texts_of(changed.before), texts_of(changed.after)
    return _rows(
        layout, keys, changed.new, Kind.CHANGED, changed.column, place, before, after, shares
    )


def _rows(
    layout: Layout,
    keys: pa.Table,
    places: Codes,
    kind: Kind,
    column: str | None,
    place: int,
    before: Sequence[str | None],
    after: Sequence[str | None],
    shares: Sequence[float | None] | None = None,
) -> pa.Table:
    count = len(places)
    chosen = keys.take(pa.array(places))
    own = {
        "change": pa.array([kind.text] * count, pa.string()),
        "column": pa.array([column] * count, pa.string()),
        "before": pa.array(before, pa.string()),
        "after": pa.array(after, pa.string()),
        "difference_percent": pa.array(shares or [None] * count, pa.float64()),
        "row": pa.array(places, pa.int64()),
        "place": pa.array(np.full(count, place)),
    }
    return pa.table({**{name: chosen[name] for name in layout.key}, **own})
