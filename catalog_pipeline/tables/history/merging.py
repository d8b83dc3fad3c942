"""One build's table beside the history before it: what became of each product, and what to tell.

Nothing is written here; where the files lie and when they count belongs in `update`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from catalog_pipeline.tables.history.changes import rows_of_build
from catalog_pipeline.tables.history.layout import Layout
from catalog_pipeline.tables.history.matching import NONE, product_numbers
from catalog_pipeline.tables.history.narrowing import are_outside
from catalog_pipeline.tables.history.periods import KnownPeriods, micros
from catalog_pipeline.tables.history.state import Counts
from catalog_pipeline.tables.history.table_rows import TableRows
from catalog_pipeline.tables.history.transitions import (
    NEVER,
    Kind,
    Kinds,
    Seen,
    Transitions,
    transitions,
)
from catalog_pipeline.tables.key_codes import Codes


@dataclass(frozen=True)
class Build:
    """What is known of a build before its rows are looked at.

    `oldest` is when its oldest page was fetched, `lacks` why a product that it has not seen may be
    there; `is_outside` tells of a page whether the YAML names it no longer, `same_since` from when
    on its body is the same. `knows_all` says that a build before it had all pages, so that what is
    unknown is new, unless all its pages are `is_unseen`, and `lacks_builds` that the history ends
    before the last build; `currencies` gives the column of the currency of each amount.
    """

    number: int
    at: datetime
    oldest: datetime
    lacks: str | None
    knows_all: bool
    absent_after: int
    currencies: Mapping[str, str]
    is_outside: Callable[[str], bool]
    is_unseen: Callable[[str], bool]
    same_since: Mapping[str, datetime]
    lacks_builds: bool = False


def compare(
    layout: Layout, known: KnownPeriods, rows: TableRows, build: Build
) -> tuple[Transitions, Codes, pa.Table]:
    """What became of each product, when the periods of rows begin, and the rows of the changes."""
    periods = known.open()
    oldest = NEVER if build.lacks else micros(build.oldest)
    since = rows.of_pages({page: micros(at) for page, at in build.same_since.items()})
    seen = Seen(rows.keys, rows.fetched_at(), since, micros(build.at), oldest, rows.pages)
    found = transitions(
        layout, periods, seen, known.open_column, rows.column,
        absent_after=build.absent_after, is_outside=are_outside(periods.pages, build.is_outside),
        lacks_builds=build.lacks_builds,
    )  # fmt: skip
    opening, begins = _named(layout, known, rows, found, build, seen.fetched_at)
    found = replace(found, opening=opening)
    changes = rows_of_build(
        layout,
        periods,
        seen,
        found,
        build.currencies,
        known.open_column,
        rows.column,
        build.number,
        build.at,
    )
    return found, begins, changes


def _named(
    layout: Layout, known: KnownPeriods, rows: TableRows, found: Transitions, build: Build,
    fetched_at: Codes,
) -> tuple[Kinds, Codes]:  # fmt: skip
    """How the rows open periods, now that it is asked which of the unknown products are new, and
    when: with the build, but what is back may be stored since long."""
    opening = found.opening.copy()
    begins = np.full(len(opening), micros(build.at), dtype=np.int64)
    unknown = np.flatnonzero(opening == Kind.NEW)
    if not len(unknown) or build.lacks_builds:
        opening[unknown] = Kind.FIRST
        return opening, begins
    keys = rows.keys.take(pa.array(unknown))
    ended = np.zeros(len(unknown), dtype=np.int8)
    ended_at = fetched_at[unknown]
    for keys_of_ended, kinds, ends in known.last_ends():
        numbers, of_ended = product_numbers([keys, keys_of_ended], layout.key)
        # Of a product that has ended several times, the last one is written last.
        kind_of = np.zeros(len(numbers) + len(of_ended), dtype=np.int8)
        kind_of[of_ended[of_ended != NONE]] = kinds[of_ended != NONE]
        end_of = np.full(len(kind_of), NEVER, dtype=np.int64)
        end_of[of_ended[of_ended != NONE]] = ends[of_ended != NONE]
        ended_at = np.maximum(ended_at, end_of[numbers])
        ended = np.where(kind_of[numbers] != Kind.NONE, kind_of[numbers], ended)
    is_unseen = rows.are_only_on(build.is_unseen)[unknown]
    opening[unknown] = np.select(
        [ended == Kind.NARROWED, ended != Kind.NONE, is_unseen],
        [Kind.WIDENED, Kind.RETURNED, Kind.FIRST],
        Kind.NEW if build.knows_all else Kind.FIRST,
    )
    is_back = opening[unknown] == Kind.WIDENED
    begins[unknown[is_back]] = ended_at[is_back]
    return opening, begins


def counts_of(found: Transitions) -> Counts:
    """How many products went which way."""
    changed = [each.old for each in found.changes]
    return Counts(
        first=found.count(Kind.FIRST),
        new=found.count(Kind.NEW),
        returned=found.count(Kind.RETURNED),
        changed=found.count(Kind.CHANGED),
        values=sum(map(len, changed)),
        gone=found.count(Kind.GONE),
        reread=found.count(Kind.REREAD),
        tracked=found.count(Kind.TRACKED),
        absent=int(found.is_absent.sum()),
        resumed=found.count(Kind.RESUMED),
        narrowed=found.count(Kind.NARROWED),
        widened=found.count(Kind.WIDENED),
    )
