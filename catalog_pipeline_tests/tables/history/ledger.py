"""A shop's own ledger: what its history must be, told in plain Python; helpers, no tests.

It knows of no files: a dictionary of what is open, a list of what has ended.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Values = tuple[object, ...]
NAMES = ("price", "stock")


@dataclass
class _Open:
    values: Values
    since: int
    build: int
    how: str
    seen: int
    checked: int
    absences: int = 0
    absent_since: int | None = None


@dataclass
class Ledger:
    """Takes down build after build; times are the numbers of seconds that pages were fetched at."""

    absent_after: int
    names: tuple[str, ...] = NAMES
    periods: list[tuple[Any, ...]] = field(default_factory=list)
    changes: list[tuple[Any, ...]] = field(default_factory=list)
    _open: dict[str, _Open] = field(default_factory=dict)
    _gone: set[str] = field(default_factory=set)
    _build: int = 0
    _at: int = 0
    _knows_all: bool = False

    def build(
        self, rows: dict[str, tuple[Values, int]], oldest: int, newest: int, *, is_complete: bool
    ) -> None:
        """A build with these values by product, each with when it was fetched."""
        self._build += 1
        self._at = max(self._at, newest)
        for sku, (values, fetched) in rows.items():
            if sku not in self._open:
                self._begins(sku, values, fetched)
            elif fetched > self._open[sku].seen:
                self._seen(sku, values, fetched)
        for sku in self._open.keys() - rows.keys():
            self._missing(sku, oldest, is_complete)
        self._knows_all |= is_complete

    def all_periods(self) -> list[tuple[Any, ...]]:
        """All periods: product, values, beginning, end, how it began and ended."""
        going_on = [
            (sku, *each.values, each.since, None, each.build, each.how, None, None)
            for sku, each in self._open.items()
        ]
        return sorted([*self.periods, *going_on], key=lambda each: (each[0], each[5]))

    def _begins(self, sku: str, values: Values, fetched: int) -> None:
        how = "returned" if sku in self._gone else "new" if self._knows_all else "first"
        self._open[sku] = _Open(values, self._at, self._build, how, fetched, self._at)
        if how != "first":
            self.changes.append((self._build, sku, how, None, None, None))

    def _seen(self, sku: str, values: Values, fetched: int) -> None:
        known = self._open[sku]
        if known.values == values:
            known.seen, known.checked, known.absences, known.absent_since = (
                fetched,
                self._at,
                0,
                None,
            )
            return
        self._ends(sku, self._at, "changed")
        self._open[sku] = _Open(values, self._at, self._build, "changed", fetched, self._at)
        for name, before, after in zip(self.names, known.values, values, strict=True):
            if before != after:
                texts = [None if value is None else str(value) for value in (before, after)]
                self.changes.append((self._build, sku, "changed", name, *texts))

    def _missing(self, sku: str, oldest: int, is_complete: bool) -> None:
        known = self._open[sku]
        if not is_complete or oldest <= known.checked:
            return
        known.absences += 1
        known.checked = self._at
        if known.absent_since is None:
            known.absent_since = self._at
        if known.absences >= self.absent_after:
            self._ends(sku, known.absent_since, "gone")
            self._gone.add(sku)
            self.changes.append((self._build, sku, "gone", None, None, None))

    def _ends(self, sku: str, at: int, how: str) -> None:
        known = self._open.pop(sku)
        self.periods.append(
            (sku, *known.values, known.since, at, known.build, known.how, self._build, how)
        )
