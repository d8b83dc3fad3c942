"""How the numbers of products went, out of the periods of the history, for whoever draws them.

What is kept is bounded: of very many products or periods the newest are taken, and it is said that
there are more. Who shows it, and how, is no matter here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from catalog_pipeline.tables.history.reading import read_newest_periods, state_of_history
from catalog_pipeline.tables.history.texts import text_of

_ROWS_AT_ONCE = 5_000

ProductKey = tuple[str, ...]
"""The texts of a product's key columns."""


@dataclass(frozen=True)
class Point:
    """What a number was from an instant on; None if it had no value, or the product was not there.

    `currency` is that of an amount.
    """

    at: datetime
    value: Any
    currency: str | None = None


@dataclass(frozen=True)
class Course:
    """All that is known of one product: its numbers by column, and until when they are known. One
    that `is_left` is not followed any more, and may be there all the same.

    `texts` are its last values of the other columns that were asked for.
    """

    key: ProductKey
    points: Mapping[str, Sequence[Point]]
    until: datetime
    is_gone: bool
    is_left: bool
    texts: Mapping[str, str | None]


@dataclass(frozen=True)
class Wanted:
    """Which columns are followed, each with that of its currency if it is an amount; and `texts`.

    No more than so many products and periods are taken.
    """

    numbers: Mapping[str, str | None]
    texts: Sequence[str] = ()
    most_products: int = 50_000
    most_periods: int = 500_000


@dataclass
class Courses:
    """How products went; `lacks_products` and `lacks_periods` say that there are more of them."""

    by_key: dict[ProductKey, Course] = field(default_factory=dict)
    lacks_products: bool = False
    lacks_periods: bool = False


@dataclass(frozen=True)
class _Period:
    begin: datetime
    end: datetime | None
    seen: datetime
    closed_as: str | None
    numbers: tuple[Any, ...]
    currencies: tuple[str | None, ...]


def read_courses(table: Path, wanted: Wanted) -> Courses:
    """How the products went that the history of a table knows.

    Raises:
        TableError: there is no history yet, or it cannot be read.
    """
    found = Courses()
    periods: dict[ProductKey, list[_Period]] = {}
    texts: dict[ProductKey, dict[str, str | None]] = {}
    taken = 0
    for key, period, told in _periods(table, wanted):
        of_product = periods.get(key)
        if taken >= wanted.most_periods:
            found.lacks_periods = True
            break
        if of_product is None:
            if len(periods) >= wanted.most_products:
                found.lacks_products = True
                continue
            of_product = periods[key] = []
            texts[key] = told
        of_product.append(period)
        taken += 1
    for key in list(periods):
        found.by_key[key] = _course(key, periods.pop(key), wanted, texts.pop(key))
    return found


def _periods(
    table: Path, wanted: Wanted
) -> Iterator[tuple[ProductKey, _Period, dict[str, str | None]]]:
    keys = state_of_history(table).key
    currencies = [name for name in wanted.numbers.values() if name is not None]
    own = ("valid_from", "valid_to", "seen_at", "closed_as")
    columns = [*dict.fromkeys((*keys, *wanted.numbers, *currencies, *wanted.texts, *own))]
    for rows in read_newest_periods(table, columns):
        for row in _backwards(rows):
            yield (
                key_of(row[name] for name in keys),
                _Period(
                    row["valid_from"],
                    row["valid_to"],
                    row["seen_at"],
                    row["closed_as"],
                    tuple(row.get(name) for name in wanted.numbers),
                    tuple(row.get(name) if name else None for name in wanted.numbers.values()),
                ),
                {name: row.get(name) for name in wanted.texts},
            )


def _backwards(rows: pa.Table) -> Iterator[dict[str, Any]]:
    """The rows of a group, of which the newest are the last."""
    for end in range(rows.num_rows, 0, -_ROWS_AT_ONCE):
        begin = max(end - _ROWS_AT_ONCE, 0)
        yield from reversed(rows.slice(begin, end - begin).to_pylist())


def key_of(values: Iterator[Any]) -> ProductKey:
    """A product's key as texts."""
    return tuple("" if value is None else text_of(value) for value in values)


def _course(
    key: ProductKey, periods: list[_Period], wanted: Wanted, texts: dict[str, str | None]
) -> Course:
    # They were read newest first, and of two that begin at once the earlier one had no time.
    periods.reverse()
    periods.sort(key=lambda period: period.begin)
    last = periods.pop()
    periods = [each for each in periods if each.end != each.begin]
    periods.append(last)
    return Course(
        key,
        {name: list(_points(periods, place)) for place, name in enumerate(wanted.numbers)},
        until=last.end or max(last.seen, last.begin),
        is_gone=last.closed_as == "gone",
        is_left=last.closed_as in ("narrowed", "resumed"),
        texts=texts,
    )


def _points(periods: Sequence[_Period], place: int) -> Iterator[Point]:
    """Where a number became another one, and where it ended."""
    known: Point | None = None
    ended: datetime | None = None
    for period in periods:
        if known is not None and ended is not None and ended < period.begin:
            if known.value is not None:
                yield Point(ended, None)
            known = None
        point = Point(period.begin, period.numbers[place], period.currencies[place])
        is_other = known is None or (known.value, known.currency) != (point.value, point.currency)
        if is_other:
            yield point
            known = point
        ended = period.end
    if ended is not None and known is not None and known.value is not None:
        yield Point(ended, None)
