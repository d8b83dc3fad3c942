"""What became of each product between the periods that were open and the table of a build.

Decided here alone, from the files as they are and what the build knows of its crawl: the clock is
no part of it. Keys and times of all products are held, and of values one column at a time.

A row that was fetched when its product was last seen, or whose page has been confirmed since to be
that of then, and has another value, was read otherwise: that is no change of the product. One that
was fetched before then says nothing new. A product that is not in the table was looked for only if
every page was fetched after all pages of the build that saw it last, or that looked for it last:
only then it is absent once more.

Where builds are lacking between the periods and the table, nobody knows what a product was
meanwhile: as it was seen since, it is a period of its own, and no change is told of it. So it is of
a product whose page the YAML names no longer: nobody looks for it any more (`narrowing`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.tables.history.layout import Layout
from catalog_pipeline.tables.history.matching import NONE, Mask, differ, places_of, product_numbers
from catalog_pipeline.tables.key_codes import Codes

NEVER = np.iinfo(np.int64).min
ReadColumn = Callable[[str], pa.ChunkedArray]
Kinds = npt.NDArray[np.int8]


class Kind(IntEnum):
    """What a build does to a period that was open, or how it opens one; none is 0."""

    NONE = 0
    CHANGED = 1
    REREAD = 2
    TRACKED = 3
    GONE = 4
    FIRST = 5
    NEW = 6
    RETURNED = 7
    RESUMED = 8
    NARROWED = 9
    WIDENED = 10

    @property
    def text(self) -> str:
        """The kind as the files name it."""
        return self.name.lower()


@dataclass(frozen=True)
class OpenPeriods:
    """The periods that have not ended: their keys, and what is known of each; times are µs."""

    keys: pa.Table
    pages: pa.ChunkedArray
    opened_by: Codes
    seen_at: Codes
    absences: Codes
    absent_since: Codes
    checked_at: Codes


@dataclass(frozen=True)
class Seen:
    """The products of a build's table, those without a key left out, and when it saw them.

    `same_since` is from when on the page of each is known to have been as it is; `at` is the
    build's time; `oldest` is when the oldest page was fetched if the crawl was complete, and
    otherwise `NEVER`: then no product counts as absent.
    """

    keys: pa.Table
    fetched_at: Codes
    same_since: Codes
    at: int
    oldest: int
    pages: pa.Array


@dataclass(frozen=True)
class ColumnChanges:
    """The products whose value of a column is another one: places in both, and the values."""

    column: str
    old: Codes
    new: Codes
    before: pa.ChunkedArray
    after: pa.ChunkedArray


@dataclass(frozen=True)
class Transitions:
    """What becomes of the open periods, row by row, and how rows of the table open others.

    `is_absent` are the open ones whose product counts as absent once more.
    """

    ending: Kinds
    opening: Kinds
    seen_at: Codes
    absences: Codes
    absent_since: Codes
    checked_at: Codes
    pages: pa.ChunkedArray
    is_absent: Mask
    changes: tuple[ColumnChanges, ...]

    def count(self, kind: Kind) -> int:
        """How many periods end, or are opened, that way."""
        among = self.ending if kind in (Kind.GONE, Kind.NARROWED) else self.opening
        return int((among == kind).sum())


def transitions(
    layout: Layout,
    periods: OpenPeriods,
    seen: Seen,
    value_before: ReadColumn,
    value_after: ReadColumn,
    *,
    absent_after: int,
    is_outside: Mask,
    lacks_builds: bool = False,
) -> Transitions:
    """What became of each product; those that are not known are all `NEW` at first. Products of the
    open periods whose page the YAML names no longer are `is_outside`."""
    old_numbers, new_numbers = product_numbers([periods.keys, seen.keys], layout.key)
    place = places_of(old_numbers, new_numbers)
    old = np.flatnonzero(place != NONE)
    new = place[old]
    age = np.sign(seen.fetched_at[new] - periods.seen_at[old])
    pages = pa.chunked_array([seen.pages.take(pa.array(new))])
    is_elsewhere = differ(periods.pages.take(pa.array(old)), pages)
    is_newer = (age > 0) & (is_elsewhere | (seen.same_since[new] > periods.seen_at[old]))
    ending = np.zeros(len(place), dtype=np.int8)
    is_other = np.zeros(len(old), dtype=np.bool_)
    found: list[tuple[str, Mask]] = []
    for name, is_known in _comparable(layout, periods.opened_by[old]):
        before = value_before(name).take(pa.array(old))
        after = value_after(name).take(pa.array(new))
        found.append((name, differ(before, after) & is_known & (age >= 0)))
        is_other |= found[-1][1]
    ending[old[is_other & is_newer]] = Kind.CHANGED
    ending[old[is_other & ~is_newer]] = Kind.REREAD
    is_tracked = ~_has_all_columns(layout, periods.opened_by[old]) & ~is_other & (age >= 0)
    ending[old[is_tracked]] = Kind.TRACKED
    if lacks_builds:
        ending[old[age > 0]] = Kind.RESUMED
        is_newer[:] = False
    opening = np.full(len(new_numbers), Kind.NEW, dtype=np.int8)
    opening[new] = ending[old]
    changes = _column_changes(found, old, new, is_newer, value_before, value_after)
    is_missing = place == NONE
    counted = _absences(periods, seen, is_missing & ~is_outside)
    if lacks_builds:
        # One that is gone by now may have been told so already.
        ending[counted.is_absent] = Kind.RESUMED
    else:
        ending[counted.is_absent & (counted.absences >= absent_after)] = Kind.GONE
    ending[is_missing & is_outside] = Kind.NARROWED
    seen_at, checked_at = periods.seen_at.copy(), periods.checked_at.copy()
    seen_at[old] = np.maximum(seen.fetched_at[new], periods.seen_at[old])
    checked_at[old[age > 0]] = seen.at
    checked_at[counted.is_absent] = seen.at
    seen_on = seen.pages.take(pa.array(place, mask=is_missing))
    return Transitions(
        ending,
        opening,
        seen_at,
        counted.absences,
        counted.since,
        checked_at,
        pc.call_function("coalesce", [seen_on, periods.pages]),
        counted.is_absent & (ending == Kind.NONE),
        tuple(changes),
    )


@dataclass(frozen=True)
class _Absences:
    absences: Codes
    since: Codes
    is_absent: Mask


def _absences(periods: OpenPeriods, seen: Seen, is_missing: Mask) -> _Absences:
    """How often each product was looked for in vain, and since when; a product that is seen is not
    absent any more."""
    is_absent = is_missing & (seen.oldest > periods.checked_at)
    absences = np.where(is_missing, periods.absences, 0) + is_absent
    since = np.where(is_missing, periods.absent_since, NEVER)
    since = np.where(is_absent & (since == NEVER), seen.at, since)
    return _Absences(absences, since, is_absent)


def _comparable(layout: Layout, opened_by: Codes) -> Iterator[tuple[str, Mask]]:
    """The columns that are followed, each with the periods that know its value."""
    for name in layout.tracked:
        is_known = np.zeros(len(opened_by), dtype=np.bool_)
        for builds, columns in _eras(layout):
            is_known |= _within(opened_by, builds) & (name in columns)
        yield name, is_known


def _has_all_columns(layout: Layout, opened_by: Codes) -> Mask:
    """Which periods were opened while the columns of today were followed, and no others."""
    has_all = np.zeros(len(opened_by), dtype=np.bool_)
    for builds, columns in _eras(layout):
        has_all |= _within(opened_by, builds) & (set(columns) == set(layout.tracked))
    return has_all


def _eras(layout: Layout) -> Iterator[tuple[tuple[int, int], Sequence[str]]]:
    ends = [each.from_build for each in layout.sets[1:]] + [np.iinfo(np.int64).max]
    for each, end in zip(layout.sets, ends, strict=True):
        yield (each.from_build, end), each.columns


def _within(builds: Codes, era: tuple[int, int]) -> Mask:
    return (era[0] <= builds) & (builds < era[1])


def _column_changes(
    found: Sequence[tuple[str, Mask]],
    old: Codes,
    new: Codes,
    is_newer: Mask,
    value_before: ReadColumn,
    value_after: ReadColumn,
) -> Iterator[ColumnChanges]:
    for name, is_other in found:
        is_change = is_other & is_newer
        if is_change.any():
            places = pa.array(old[is_change]), pa.array(new[is_change])
            yield ColumnChanges(
                name,
                old[is_change],
                new[is_change],
                value_before(name).take(places[0]),
                value_after(name).take(places[1]),
            )
