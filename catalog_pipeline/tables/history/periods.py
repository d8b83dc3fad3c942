"""The history file: the periods that have ended first, then the open ones.

A build reads it group by group and writes it anew: ended periods as they are, those that end now,
those that stay open, and those that begin. What becomes of which is decided in `transitions`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.catalogue.history import PERIOD_COLUMNS
from catalog_pipeline.tables.history.known import KnownFile
from catalog_pipeline.tables.history.layout import PERIOD_FIELDS, Layout
from catalog_pipeline.tables.history.narrowing import pages_known
from catalog_pipeline.tables.history.transitions import (
    NEVER,
    Kind,
    Kinds,
    OpenPeriods,
    Transitions,
)
from catalog_pipeline.tables.history.writing import RowGroups
from catalog_pipeline.tables.key_codes import Codes

_KIND_TEXTS = pa.array([None, *(kind.text for kind in list(Kind)[1:])], pa.string())
_UNSEEN = (Kind.RESUMED, Kind.NARROWED)
_LAST_KINDS = np.array([Kind.GONE, Kind.RESUMED, Kind.NARROWED], dtype=np.int8)
_LAST_ENDS = pc.SetLookupOptions(_KIND_TEXTS.take(pa.array(_LAST_KINDS)))
_TYPES = {field.name: field.type for field in PERIOD_FIELDS}


class KnownPeriods:
    """The history as it was before a build; without a file there is none yet. `table` is the one
    of the build before."""

    def __init__(self, file: KnownFile | None, layout: Layout, table: Path) -> None:
        self._file = file
        self._layout = layout
        self._table = table
        self._columns = set(file.schema.names) if file is not None else set()
        groups, first_open = (file.groups, file.state.open_group) if file is not None else (0, 0)
        self._ended, self._open = range(first_open), range(first_open, groups)

    def open(self) -> OpenPeriods:
        """What is known of the open periods."""
        numbers = ("opened_by", "seen_at", "absences", "absent_since", "checked_at")
        rows = self._open_columns((*self._layout.key, *numbers, "page"))
        keys = rows.select(self._layout.key)
        return OpenPeriods(
            keys,
            pages_known(keys, rows["page"], self._table, self._layout.key),
            *(_integers(rows[name]) for name in numbers),
        )

    def open_column(self, name: str) -> pa.ChunkedArray:
        """A column of the open periods."""
        return self._open_columns((name,))[name]

    def ended_groups(self) -> Iterator[pa.Table]:
        """The periods that have ended, group by group."""
        return self._groups(self._ended)

    def open_groups(self) -> Iterator[pa.Table]:
        """The open periods, group by group."""
        return self._groups(self._open)

    def last_ends(self) -> Iterator[tuple[pa.Table, Kinds, Codes]]:
        """The keys of the products that were followed no further at some time, how that came, and
        when, group by group in the order of the builds."""
        if self._file is None:
            return
        for group in self._ended:
            rows = self._file.read([group], [*self._layout.key, "closed_as", "valid_to"])
            found = pc.call_function("index_in", [rows["closed_as"]], _LAST_ENDS)
            rows = rows.filter(found.is_valid())
            ends, rows = _integers(rows["valid_to"]), rows.select(self._layout.key)
            kinds = _LAST_KINDS[found.drop_null().to_numpy()]
            fields = [self._layout.schema.field(name) for name in self._layout.key]
            yield rows.cast(pa.schema(fields)), kinds, ends

    def _groups(self, numbers: range) -> Iterator[pa.Table]:
        if self._file is not None:
            for number in numbers:
                yield self._layout.fitted(self._file.read([number]))

    def _open_columns(self, names: tuple[str, ...]) -> pa.Table:
        """Columns of the open periods; one that is not in the file yet is empty."""
        schema = pa.schema([self._layout.schema.field(name) for name in names])
        if self._file is None or not self._open:
            return schema.empty_table()
        sources = {name: self._source(name) for name in names}
        has = {name: source for name, source in sources.items() if source is not None}
        read = self._file.read(self._open, list(has.values()))
        rows = self._file.rows_of(self._open)
        columns = [
            read[has[field.name]].cast(field.type)
            if field.name in has
            else pa.chunked_array([pa.nulls(rows, field.type)])
            for field in schema
        ]
        return pa.table(columns, schema=schema)

    def _source(self, name: str) -> str | None:
        """The column of the file that holds what a column of the layout is to hold."""
        renamed = self._layout.renamed
        source = {new: old for old, new in renamed.items()}.get(name)
        if source is None and name not in renamed:
            source = name
        return source if source in self._columns else None


def write_periods(
    file: RowGroups,
    known: KnownPeriods,
    found: Transitions,
    opened: Iterator[tuple[pa.Table, Kinds]],
    build: int,
    at: datetime,
) -> int:
    """Write the history that a build leaves; returns the first group of the open periods.

    `opened` gives the rows of the table, group by group, with what they open.
    """
    for group in known.ended_groups():
        file.append(group)
    for group, places in _with_places(known.open_groups()):
        ends = found.ending[places] != Kind.NONE
        file.append(_ended(group.filter(pa.array(ends)), found, places[ends], build, at))
    file.end_group()
    first_open = file.groups
    for group, places in _with_places(known.open_groups()):
        stays = found.ending[places] == Kind.NONE
        file.append(_going_on(group.filter(pa.array(stays)), found, places[stays]))
    for rows, kinds in opened:
        begins = kinds != Kind.NONE
        file.append(_begun(rows.filter(pa.array(begins)), kinds[begins], file.schema, build, at))
    file.end_group()
    return first_open


def _with_places(groups: Iterator[pa.Table]) -> Iterator[tuple[pa.Table, Codes]]:
    first = 0
    for group in groups:
        yield group, np.arange(first, first + group.num_rows)
        first += group.num_rows


def _ended(rows: pa.Table, found: Transitions, places: Codes, build: int, at: datetime) -> pa.Table:
    """Periods that end: those of gone products when they were not found first, those after which
    builds or pages are lacking when they were seen last, the others now."""
    kinds = found.ending[places]
    now = int(micros(at))
    ends = np.where(kinds == Kind.GONE, found.absent_since[places], now)
    known_until = np.maximum(_integers(rows["seen_at"]), _integers(rows["valid_from"]))
    ends = np.where(np.isin(kinds, _UNSEEN), known_until, ends)
    rows = _absent(rows, found, places)
    rows = _with(rows, "valid_to", _times(ends))
    rows = _with(rows, "closed_by", pa.array(np.full(len(kinds), build)))
    return _with(rows, "closed_as", _KIND_TEXTS.take(pa.array(kinds)))


def _going_on(rows: pa.Table, found: Transitions, places: Codes) -> pa.Table:
    rows = _absent(rows, found, places)
    rows = _with(rows, "page", found.pages.take(pa.array(places)))
    return _with(rows, "seen_at", _times(found.seen_at[places]))


def _absent(rows: pa.Table, found: Transitions, places: Codes) -> pa.Table:
    rows = _with(rows, "absences", pa.array(found.absences[places]))
    rows = _with(rows, "absent_since", _times(found.absent_since[places]))
    return _with(rows, "checked_at", _times(found.checked_at[places]))


def _begun(rows: pa.Table, kinds: Kinds, schema: pa.Schema, build: int, at: datetime) -> pa.Table:
    """Periods that begin with rows of the table, which bring when, `fetched_at` and `page`."""
    count = rows.num_rows
    own = {
        "valid_from": rows["valid_from"],
        "opened_by": pa.array(np.full(count, build)),
        "opened_as": _KIND_TEXTS.take(pa.array(kinds)),
        "seen_at": rows["fetched_at"],
        "page": rows["page"],
        "checked_at": _times(np.full(count, micros(at))),
        "absences": pa.array(np.zeros(count, dtype=np.int64)),
    }
    columns = [
        own[field.name]
        if field.name in own
        else rows[field.name].cast(field.type)
        if field.name in rows.column_names and field.name not in PERIOD_COLUMNS
        else pa.nulls(count, field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _with(rows: pa.Table, name: str, values: pa.Array) -> pa.Table:
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(place), values)


def _integers(column: pa.ChunkedArray) -> Codes:
    """Numbers, or times in µs; `NEVER` for null."""
    numbers: Codes = column.cast(pa.int64()).fill_null(NEVER).to_numpy()
    return numbers


def _times(micros: Codes) -> pa.Array:
    return pa.array(micros, pa.int64(), mask=micros == NEVER).cast(_TYPES["valid_from"])


def micros(at: datetime) -> int:
    """A time as the arrays have it."""
    count: int = pa.scalar(at, _TYPES["valid_from"]).cast(pa.int64()).as_py()
    return count
