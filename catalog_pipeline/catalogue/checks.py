"""What a catalogue's YAML demands of its table before it is believed.

Only what may be demanded and whether it fits the columns; a table is held against it in
`catalog_pipeline.tables.quality`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, ValidationError, model_validator
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.bounds import Rows, Share
from catalog_pipeline.catalogue.field_types import CellType, total
from catalog_pipeline.catalogue.fields import Field, Pattern, StrictModel
from catalog_pipeline.catalogue.spelling import meant

Limit = Annotated[int | float, Bounded(ge=-(10**18), le=10**18)]
OneOf = tuple[str | int | bool, ...]

_ORDERED = frozenset({"minimum", "maximum", "jump"})
_TEXTUAL = frozenset({"pattern", "one_of"})
_RULES = total(
    CellType,
    {
        CellType.TEXT: _TEXTUAL,
        CellType.URL: _TEXTUAL,
        CellType.CURRENCY: _TEXTUAL,
        CellType.INTEGER: _ORDERED | {"one_of"},
        CellType.NUMBER: _ORDERED,
        CellType.AMOUNT: _ORDERED,
        CellType.BOOLEAN: frozenset({"one_of"}),
        CellType.TIMESTAMP: frozenset(),
    },
)
"""Which rules the values of a column may have."""


class RowsCheck(StrictModel):
    """How many rows the table must have."""

    minimum: Rows | None = None
    """Rows of which the table must have as many, or more."""
    maximum: Rows | None = None
    """Rows of which the table may have as many, or fewer."""
    drop: Share | None = None
    """Share by which the rows may be fewer than in the middle (the median) of the last builds of
    complete crawls."""
    against: Annotated[int, Bounded(ge=1, le=100)] = 7
    """How many of these builds are looked at, here and for the columns' filled share."""

    @model_validator(mode="after")
    def _limits_agree(self) -> RowsCheck:
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"maximum ({self.maximum}) is less than minimum ({self.minimum})")
        return self


class ValuesCheck(StrictModel):
    """What the values of one column must be, where there are any."""

    minimum: Limit | None = None
    """The least that a number or an amount may be."""
    maximum: Limit | None = None
    """The most that a number or an amount may be."""
    pattern: Pattern | None = None
    """A regular expression that must match in each text; with ^ and $ the whole of it."""
    one_of: OneOf = ()
    """The only values that there may be."""
    jump: float | str | None = None
    """Share by which a value may differ from the one that the same product has in the table that is
    there, up or down: `80%` or `0.8`, and more than 100% for what may rise that far."""
    at_most: Share = 0.0
    """Share of the rows with a value that may break these rules."""

    @model_validator(mode="after")
    def _says_something(self) -> ValuesCheck:
        if self.jump is not None:
            share_of(self.jump)
        if not self.rules:
            raise ValueError("say what the values must be: minimum, maximum, pattern, one_of, jump")
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"maximum ({self.maximum}) is less than minimum ({self.minimum})")
        return self

    @property
    def rules(self) -> frozenset[str]:
        """Names of the rules that are given."""
        given = {name for name in _ORDERED | {"pattern"} if getattr(self, name) is not None}
        return frozenset(given | ({"one_of"} if self.one_of else set()))

    @property
    def largest_jump(self) -> Decimal | None:
        """`jump` as a number."""
        return None if self.jump is None else share_of(self.jump)


class Checks(StrictModel):
    """What the table must be; any other key is the name of a column, with what its values must be.

    What a check demands of the past is fulfilled while there is none.
    """

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, ValuesCheck] = Bounded(init=False)

    rows: RowsCheck = RowsCheck()
    """How many rows there must be."""
    filled: dict[str, Share] = Bounded(default_factory=dict)
    """By column the share of rows in which it must have a value."""
    failed_pages: Share | None = None
    """Share of the pages that may have failed in the crawl that the table is built after. Their
    rows are those that they had before."""
    columns: Literal["free", "frozen"] = "free"
    """Whether names, types and order of the columns may be others than in the table that is there;
    amounts may always get more decimals."""
    on_failure: Literal["warn", "keep_old_table"] = "warn"
    """What comes of a table, or of pages, that are not as demanded here: the table replaces the old
    one and the check is a warning, or the old table stays and the build fails."""

    @property
    def values(self) -> Mapping[str, ValuesCheck]:
        """By column what its values must be."""
        return self.__pydantic_extra__

    @property
    def keeps_old_table(self) -> bool:
        """Whether a table that fails a check is not put in the old one's place."""
        return self.on_failure == "keep_old_table"


def share_of(value: float | str) -> Decimal:
    """A share that may be more than the whole: `80%`, `0.8`, `250%`.

    Raises:
        ValueError: it is none, or not above 0.
    """
    text = str(value).strip()
    number = text.removesuffix("%").strip()
    if not number.replace(".", "", 1).isascii() or not number.replace(".", "", 1).isdigit():
        raise ValueError(f"{value!r} is no share such as 80% or 0.8")
    share = Decimal(number) / (100 if text.endswith("%") else 1)
    if not 0 < share <= 10**6:
        raise ValueError(f"{value!r} is no share above 0")
    return share


def checked_for_fields(checks: Checks, fields: Mapping[str, Field]) -> Checks:
    """The checks, if there are the columns that they name, of types that can have them.

    Raises:
        ValidationError: names each key that does not fit, and what is allowed there.
    """
    columns = {
        column: (kind, field.many)
        for name, field in fields.items()
        for column, kind in field.typed_columns(name).items()
    }
    problems: dict[tuple[str, ...], str] = {
        ("filled", name): _no_column(name, [*columns])
        for name in checks.filled
        if name not in columns
    }
    for name, check in checks.values.items():
        if problem := _problem(name, check, columns):
            problems[(name,)] = problem
    if not problems:
        return checks
    places: list[Any] = [
        {"type": "value_error", "loc": place, "input": None, "ctx": {"error": ValueError(problem)}}
        for place, problem in problems.items()
    ]
    raise ValidationError.from_exception_data("Checks", places)


def _problem(
    name: str, check: ValuesCheck, columns: Mapping[str, tuple[CellType, bool]]
) -> str | None:
    if name not in columns:
        return _no_column(name, [*Checks.model_fields, *columns])
    kind, is_list = columns[name]
    allowed = frozenset() if is_list else _RULES[kind]
    foreign = sorted(check.rules - allowed)
    if not foreign:
        return None
    what = f"a list of {kind}" if is_list else str(kind)
    return f"{foreign[0]} is not for {what}; allowed: {', '.join(sorted(allowed)) or 'no rule'}"


def _no_column(name: str, known: Sequence[str]) -> str:
    return f"there is no such key or column{meant(name, known)}; allowed: {', '.join(known)}"
