"""What a notice may be about, in the words of the YAML: `price falls 5%`, `new`, `crawl fails`.

Only the grammar and whether a condition fits the columns; what meets one is found in `notices`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, TypeAlias, get_args

from catalog_pipeline.catalogue.field_types import CellType, total
from catalog_pipeline.catalogue.spelling import meant, nearest

ProductEvent: TypeAlias = Literal["new", "gone", "returned"]
Verb: TypeAlias = Literal["falls", "rises", "changes", "becomes"]

_EVENTS: tuple[ProductEvent, ...] = get_args(ProductEvent)
_VERBS: tuple[Verb, ...] = get_args(Verb)
_EXAMPLES = (
    "price falls 5%, price rises 10%, price changes, in_stock becomes true, new, gone, returned, "
    "crawl fails, check fails, check columns_are_filled fails, table is stale"
)
_PERCENT = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)? ?%")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_LONGEST = 300
_MOST_PERCENT = 1_000_000
_ORDERED = frozenset({"falls", "rises", "changes", "becomes"})
_OTHERS = frozenset({"changes", "becomes"})
_VERBS_OF = total(
    CellType,
    {
        CellType.TEXT: _OTHERS,
        CellType.URL: _OTHERS,
        CellType.CURRENCY: _OTHERS,
        CellType.INTEGER: _ORDERED,
        CellType.NUMBER: _ORDERED,
        CellType.AMOUNT: _ORDERED,
        CellType.BOOLEAN: _OTHERS,
        CellType.TIMESTAMP: frozenset({"changes"}),
    },
)
"""What may be said of the values of a column."""


@dataclass(frozen=True)
class ValueCondition:
    """What happens to a product's value: `price falls 5%`; a share is met by that much or more."""

    column: str
    verb: Verb
    percent: Decimal | None = None
    value: str | None = None

    def __str__(self) -> str:
        share = None if self.percent is None else f"{self.percent:f}%"
        return " ".join(filter(None, (self.column, self.verb, share, self.value)))


@dataclass(frozen=True)
class ProductCondition:
    """What happens to a whole product: `new`, `gone` or `returned`."""

    event: ProductEvent

    def __str__(self) -> str:
        return self.event


@dataclass(frozen=True)
class CrawlFails:
    """A crawl ends with pages that failed, or was given up."""

    def __str__(self) -> str:
        return "crawl fails"


@dataclass(frozen=True)
class CheckFails:
    """A check of the table fails in a build: any, or the one of that name."""

    name: str | None = None

    def __str__(self) -> str:
        return "check fails" if self.name is None else f"check {self.name} fails"


@dataclass(frozen=True)
class TableIsStale:
    """The table is older than its schedule allows."""

    def __str__(self) -> str:
        return "table is stale"


Condition: TypeAlias = ValueCondition | ProductCondition | CrawlFails | CheckFails | TableIsStale


def condition_of(text: str) -> Condition:
    """What a text of the YAML says.

    Raises:
        ValueError: it says nothing, or may be read in two ways; it says what is meant or allowed.
    """
    words = text.split()
    if not words or len(text) > _LONGEST or not text.isprintable():
        raise ValueError(f"write when a notice is sent. Allowed: {_EXAMPLES}")
    if "://" in text:
        # It is not told: there may be a password in it.
        raise ValueError("a rule says when a notice is sent, and no address; see `to`")
    if len(words) > 1 and words[1] in _VERBS:
        return _of_value(words[0], words[1], words[2:])
    match words:
        case ["new" | "gone" | "returned" as event]:
            return ProductCondition(event)
        case ["crawl", "fails"]:
            return CrawlFails()
        case ["check", "fails"]:
            return CheckFails()
        case ["check", name, "fails"]:
            return CheckFails(name)
        case ["table", "is", "stale"]:
            return TableIsStale()
    raise ValueError(_not_understood(words))


def why_not(
    condition: Condition,
    columns: Mapping[str, tuple[CellType, bool]],
    tracked: Sequence[str] | None,
) -> str | None:
    """Why a condition never comes about in a table of these columns; None if it may.

    Of each column its type, and whether it holds lists; `tracked` are those that the history
    follows, None where there is no history.
    """
    if isinstance(condition, ProductCondition) and tracked is None:
        return _NO_HISTORY
    if not isinstance(condition, ValueCondition):
        return None
    name = condition.column
    if name not in columns:
        return f"there is no column {name}{meant(name, columns)}. Columns: {', '.join(columns)}"
    kind, is_list = columns[name]
    allowed = frozenset({"changes"}) if is_list else _VERBS_OF[kind]
    if condition.verb not in allowed:
        what = f"a list of {kind}" if is_list else str(kind)
        return f"{name} is {what}, which never {condition.verb}. Allowed: {_listed(allowed, name)}"
    if (problem := _value_problem(condition, kind)) is not None:
        return problem
    if tracked is None:
        return _NO_HISTORY
    if name not in tracked:
        return (
            f"the history does not follow {name}, so nobody knows when it {condition.verb}; "
            f"history.track has: {', '.join(tracked) or 'nothing'}"
        )
    return None


_NO_HISTORY = (
    "without `history` nothing is known of earlier builds; write `history: true`, or which fields "
    "are followed: `history: {track: [price]}`"
)


def _of_value(column: str, verb: str, rest: Sequence[str]) -> ValueCondition:
    told = " ".join(rest)
    match verb:
        case "falls" | "rises":
            return ValueCondition(column, verb, percent=_percent(column, verb, told))
        case "becomes":
            return ValueCondition(column, verb, value=_value(column, told))
    if told:
        raise ValueError(f"nothing follows after changes: write `{column} changes`")
    return ValueCondition(column, "changes")


def _percent(column: str, verb: str, told: str) -> Decimal | None:
    """By how much at least; None if by anything at all."""
    if not told:
        return None
    if _PERCENT.fullmatch(told) is None:
        raise ValueError(f"{told!r} is no share: write `{column} {verb} 5%`, or `0.5%`")
    percent = Decimal(told.removesuffix("%").strip()).normalize()
    if not percent:
        raise ValueError(f"0% is no change: write `{column} {verb}` for any, or a share such as 5%")
    most = 100 if verb == "falls" else _MOST_PERCENT
    if percent > most:
        raise ValueError(f"nothing {verb} by more than {most:,} %: {told!r}")
    return percent


def _value(column: str, told: str) -> str:
    if not told:
        raise ValueError(f"say what it becomes: `{column} becomes true`, or another value")
    if told[0] in "\"'" and told[-1] == told[0]:
        raise ValueError(f"write the value without quotes: `{column} becomes In stock`")
    return told


def _value_problem(condition: ValueCondition, kind: CellType) -> str | None:
    """Why a column of a type never has the value."""
    value = condition.value
    if value is None:
        return None
    if kind is CellType.BOOLEAN and value not in ("true", "false"):
        return f"{condition.column} becomes true or false, never {value!r}"
    if kind in (CellType.INTEGER, CellType.NUMBER, CellType.AMOUNT):
        number = _NUMBER.fullmatch(value)
        if number is None or (kind is CellType.INTEGER and number[2]):
            return f"{condition.column} is {kind}, and {value!r} is none such as 5"
    return None


def _not_understood(words: Sequence[str]) -> str:
    """What is said of words that are no condition, with the one that was probably meant."""
    said = " ".join(words)
    if rule := nearest(said, [*_EVENTS, "crawl fails", "check fails", "table is stale"]):
        return f"{said!r} is no rule; did you mean `{rule}`"
    if len(words) > 1 and (verb := nearest(words[1], _VERBS)):
        return f"{said!r} is no rule; did you mean `{' '.join([words[0], verb, *words[2:]])}`"
    return f"{said!r} is no rule. Allowed: {_EXAMPLES}"


def _listed(verbs: frozenset[str], column: str) -> str:
    return ", ".join(f"{column} {verb}" for verb in _VERBS if verb in verbs)
