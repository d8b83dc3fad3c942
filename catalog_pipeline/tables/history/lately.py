"""What changed since an instant, in short: which numbers moved most, and which products came and
went.

A number's way is from its first value in that time to its last one; a number that changed its
currency meanwhile, or came from nothing, has none. Of each number that moved two texts are held.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path

from catalog_pipeline.tables.history.courses import ProductKey, key_of
from catalog_pipeline.tables.history.reading import Change, read_changes, state_of_history
from catalog_pipeline.tables.history.texts import difference

_COMINGS = ("new", "returned", "gone")


@dataclass(frozen=True)
class Mover:
    """By how much a number of a product is another one; values are texts with every digit."""

    key: ProductKey
    column: str
    before: str
    after: str
    percent: float
    at: datetime


@dataclass(frozen=True)
class Coming:
    """That a product is `new`, `returned` or `gone`."""

    key: ProductKey
    change: str
    at: datetime


@dataclass(frozen=True)
class Lately:
    """What changed between two instants; `counts` are of all kinds, the movers of `columns`."""

    since: datetime
    until: datetime
    columns: Sequence[str] = ()
    counts: dict[str, int] = field(default_factory=dict)
    fell: Sequence[Mover] = ()
    rose: Sequence[Mover] = ()
    comings: Sequence[Coming] = ()


@dataclass
class _Way:
    before: str | None
    after: str | None
    at: datetime
    is_comparable: bool


def read_lately(
    table: Path, columns: Sequence[str], window: timedelta, *, most_movers: int, most_comings: int
) -> Lately:
    """What the changes of a time before the newest build say, of numbers only of these columns.

    Raises:
        TableError: there are none yet, or they cannot be read.
    """
    until = state_of_history(table).at
    since = until - window
    counts: dict[str, int] = {}
    ways: dict[tuple[ProductKey, str], _Way] = {}
    comings: deque[Coming] = deque(maxlen=most_comings)
    for change in read_changes(table, since=since):
        counts[change.change] = counts.get(change.change, 0) + 1
        key = key_of(iter(change.key.values()))
        if change.change in _COMINGS:
            comings.append(Coming(key, change.change, change.changed_at))
        elif change.column in columns:
            _go_on(ways, key, change)
    movers = [mover for (key, column), way in ways.items() for mover in _movers(key, column, way)]
    return Lately(
        since,
        until,
        columns,
        counts,
        fell=heapq.nsmallest(most_movers, (each for each in movers if each.percent < 0), key=_by),
        rose=heapq.nlargest(most_movers, (each for each in movers if each.percent > 0), key=_by),
        comings=list(reversed(comings)),
    )


def _by(mover: Mover) -> float:
    return mover.percent


def _go_on(ways: dict[tuple[ProductKey, str], _Way], key: ProductKey, change: Change) -> None:
    place = key, str(change.column)
    is_comparable = change.difference_percent is not None
    way = ways.get(place)
    if way is None:
        ways[place] = _Way(change.before, change.after, change.changed_at, is_comparable)
        return
    way.after, way.at = change.after, change.changed_at
    way.is_comparable = way.is_comparable and is_comparable


def _movers(key: ProductKey, column: str, way: _Way) -> list[Mover]:
    if not way.is_comparable or way.before is None or way.after is None:
        return []
    try:
        percent = difference(Decimal(way.before), Decimal(way.after))
    except InvalidOperation:
        return []
    if percent is None:
        return []
    return [Mover(key, column, way.before, way.after, percent, way.at)]
