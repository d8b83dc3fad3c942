"""Which values of a column are not what the YAML says that they must be.

One column at a time, in batches; how many may be broken is decided in `verdicts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.catalogue.checks import ValuesCheck
from catalog_pipeline.reading import watch
from catalog_pipeline.reading.values.patterns import Pattern
from catalog_pipeline.tables.quality.last_values import LastValues, as_numbers

MOST_EXAMPLES = 20
_LONGEST_EXAMPLE = 200
SECONDS_FOR_A_PATTERN = 20.0
"""How long a pattern may look through the texts of a batch."""
_A_LITTLE = 1e-9
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class BrokenValues:
    """How many values there are, how many of them break a rule, and some of these.

    `by_rule` counts a value for each rule that it breaks. `compared` are those of which the last
    value is known, where a rule asks for it. An example has the key, page, value and rules of a
    row, all as text.
    """

    values: int
    broken: int
    by_rule: dict[str, int]
    compared: int | None
    examples: tuple[dict[str, str], ...]


class ValuesJudge:
    """Holds the values of one column against its rules, batch by batch."""

    def __init__(
        self, column: str, check: ValuesCheck, key: Sequence[str], last: LastValues | None
    ) -> None:
        self._column = column
        self._check = check
        self._key = key
        self._last = last
        self._pattern = None if check.pattern is None else Pattern(check.pattern)
        self._values = 0
        self._broken = 0
        self._compared = 0
        self._by_rule: dict[str, int] = {}
        self._examples: list[dict[str, str]] = []

    def add(self, rows: pa.Table) -> None:
        """Look at the next rows.

        Raises:
            ParseLimitError: the pattern takes too long.
        """
        values = rows[self._column]
        is_there = pc.call_function("is_valid", [values]).to_numpy(zero_copy_only=False)
        before = self._before(rows)
        broken = {
            name: flags & is_there for name, flags in self._broken_by_rule(values, before).items()
        }
        self._values += int(is_there.sum())
        if before is not None:
            self._compared += int((is_there & ~np.isnan(before)).sum())
        any_broken = np.zeros(rows.num_rows, dtype=bool)
        for name, flags in broken.items():
            any_broken |= flags
            if count := int(flags.sum()):
                self._by_rule[name] = self._by_rule.get(name, 0) + count
        self._broken += int(any_broken.sum())
        self._keep_examples(rows, any_broken, broken, before)

    @property
    def found(self) -> BrokenValues:
        """What was found so far."""
        has_jump = "jump" in self._check.rules
        return BrokenValues(
            self._values,
            self._broken,
            dict(self._by_rule),
            self._compared if has_jump else None,
            tuple(self._examples),
        )

    def _before(self, rows: pa.Table) -> npt.NDArray[np.float64] | None:
        if self._check.jump is None or self._last is None:
            return None
        return self._last.of(rows, self._key, self._column)

    def _broken_by_rule(
        self, values: pa.ChunkedArray, before: npt.NDArray[np.float64] | None
    ) -> dict[str, Flags]:
        check = self._check
        broken: dict[str, Flags] = {}
        if check.minimum is not None:
            broken["minimum"] = _flags("less", values, check.minimum)
        if check.maximum is not None:
            broken["maximum"] = _flags("greater", values, check.maximum)
        if check.one_of:
            broken["one_of"] = ~_are_among(values, check.one_of)
        if self._pattern is not None:
            broken["pattern"] = self._do_not_match(values, self._pattern)
        if before is not None and check.largest_jump is not None:
            broken["jump"] = _have_jumped(as_numbers(values), before, check.largest_jump)
        return broken

    def _do_not_match(self, values: pa.ChunkedArray, pattern: Pattern) -> Flags:
        with watch.at_most(SECONDS_FOR_A_PATTERN):
            watch.field_begins(0, self._column)
            return np.array(
                [text is not None and pattern.search(text) is None for text in values.to_pylist()],
                dtype=bool,
            )

    def _keep_examples(
        self,
        rows: pa.Table,
        any_broken: Flags,
        broken: dict[str, Flags],
        before: npt.NDArray[np.float64] | None,
    ) -> None:
        places = np.flatnonzero(any_broken)[: MOST_EXAMPLES - len(self._examples)]
        columns = [*dict.fromkeys([*self._key, self._column, "page"])]
        for place, row in zip(
            places, rows.select(columns).take(pa.array(places)).to_pylist(), strict=True
        ):
            example = {name: str(value)[:_LONGEST_EXAMPLE] for name, value in row.items()}
            if before is not None and broken["jump"][place]:
                example["before"] = f"{_exact(before[place]):f}"
            example["breaks"] = ", ".join(name for name, flags in broken.items() if flags[place])
            self._examples.append(example)


def _flags(comparison: str, values: pa.ChunkedArray, limit: float) -> Flags:
    """Where values compare so with a limit; exactly, also where they are amounts."""
    exact = Decimal(str(limit))
    bound = pa.scalar(exact) if not pa.types.is_floating(values.type) else pa.scalar(float(limit))
    if pa.types.is_integer(values.type):
        values = values.cast(pa.decimal128(19, 0))
    found = pc.call_function(comparison, [values, bound])
    flags: Flags = found.fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
    return flags


def _are_among(values: pa.ChunkedArray, allowed: Sequence[str | int | bool]) -> Flags:
    """Where values are among the allowed ones; a text of the YAML is never a number or truth."""
    kind = values.type
    if pa.types.is_boolean(kind):
        fitting: list[object] = [each for each in allowed if isinstance(each, bool)]
    elif pa.types.is_integer(kind):
        fitting = [each for each in allowed if isinstance(each, int) and not isinstance(each, bool)]
    else:
        fitting = [str(each) for each in allowed]
    found = pc.is_in(values, pa.array(fitting, kind))
    flags: Flags = found.fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
    return flags


def _have_jumped(
    now: npt.NDArray[np.float64], before: npt.NDArray[np.float64], share: Decimal
) -> Flags:
    """Where the change is a larger share of the last value than allowed; from 0 any change is."""
    with np.errstate(invalid="ignore", over="ignore"):
        limit = float(share) * np.abs(before)
        changes = np.abs(now - before)
        flags: Flags = changes > limit * (1 - _A_LITTLE)
        near = flags & (changes <= limit * (1 + _A_LITTLE))
    for place in np.flatnonzero(near):
        change = abs(_exact(now[place]) - _exact(before[place]))
        flags[place] = change > share * abs(_exact(before[place]))
    return flags


def _exact(number: float) -> Decimal:
    """The number as it is written: an amount of up to 15 digits comes back as it was."""
    return Decimal(repr(float(number))).normalize()
