"""One build's table beside the history before it: what became of each product, and what to tell.

Nothing is written here; where the files lie and when they count belongs in `update`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import pyarrow as pa

from catalog_pipeline.tables.history.changes import rows_of_build
from catalog_pipeline.tables.history.layout import Layout
from catalog_pipeline.tables.history.matching import NONE, product_numbers
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


@dataclass(frozen=True)
class Build:
    """What is known of a build before its rows are looked at.

    `oldest` is when its oldest page was fetched, `lacks` why a product that it has not seen may be
    there. `knows_all` says that a build before it had all pages, so that what is unknown is new,
    and `lacks_builds` that the history ends before the last build; `currencies` gives the column of
    the currency of each amount.
    """

    number: int
    at: datetime
    oldest: datetime
    lacks: str | None
    knows_all: bool
    absent_after: int
    currencies: Mapping[str, str]
    lacks_builds: bool = False


def compare(
    layout: Layout, known: KnownPeriods, rows: TableRows, build: Build
) -> tuple[Transitions, pa.Table]:
    """What became of each product, and the rows that tell the changes."""
    periods = known.open()
    oldest = NEVER if build.lacks else micros(build.oldest)
    seen = Seen(rows.keys, rows.fetched_at(), micros(build.at), oldest)
    found = transitions(
        layout, periods, seen, known.open_column, rows.column,
        absent_after=build.absent_after, lacks_builds=build.lacks_builds,
    )  # fmt: skip
    found = replace(found, opening=_named(layout, known, rows, found, build))
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
    return found, changes


def _named(
    layout: Layout, known: KnownPeriods, rows: TableRows, found: Transitions, build: Build
) -> Kinds:
    """How the rows open periods, now that it is asked which of the unknown products are new."""
    opening = found.opening.copy()
    unknown = np.flatnonzero(opening == Kind.NEW)
    if not len(unknown) or build.lacks_builds:
        opening[unknown] = Kind.FIRST
        return opening
    keys = rows.keys.take(pa.array(unknown))
    is_back = np.zeros(len(unknown), dtype=np.bool_)
    for gone in known.keys_of_gone():
        numbers, of_gone = product_numbers([keys, gone], layout.key)
        is_back |= np.isin(numbers, of_gone[of_gone != NONE])
    opening[unknown] = np.where(is_back, Kind.RETURNED, Kind.NEW if build.knows_all else Kind.FIRST)
    return opening


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
    )
