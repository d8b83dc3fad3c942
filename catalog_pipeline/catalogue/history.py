"""What the YAML says of a catalogue's past: which fields are followed, and when a product is gone.

Also which columns history and changes have of their own, since no field may take their names. How
both are kept is in `catalog_pipeline.tables.history`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.fields import Field, OneOrMore, StrictModel
from catalog_pipeline.catalogue.scalars import truth_of
from catalog_pipeline.catalogue.spelling import meant

PERIOD_COLUMNS = (
    "valid_from",
    "valid_to",
    "opened_by",
    "opened_as",
    "closed_by",
    "closed_as",
    "seen_at",
    "absences",
    "absent_since",
    "checked_at",
    "page",
)
"""Columns that a period of the history has besides its product's key and values."""
CHANGE_COLUMNS = (
    "build",
    "changed_at",
    "change",
    "column",
    "before",
    "after",
    "difference_percent",
)
"""Columns that a change has besides its product's key."""
TELLING_COLUMNS = {"history": PERIOD_COLUMNS[0], "changes": CHANGE_COLUMNS[1]}
"""The column by which each of the two files is told from the other, and from a table."""


class History(StrictModel):
    """What is kept of the past."""

    track: Annotated[tuple[str, ...], OneOrMore] | None = None
    """The fields whose values are followed; all of them but the key if not given."""
    absent_after: Annotated[int, Bounded(ge=1, le=1000)] = 2
    """How many complete crawls one after the other must not find a product for it to be gone."""

    def tracked(self, fields: Mapping[str, Field], key: Sequence[str]) -> tuple[str, ...]:
        """The names of the fields that are followed, in the order of the YAML's fields."""
        return tuple(
            name
            for name in fields
            if name not in key and (self.track is None or name in self.track)
        )

    def tracked_columns(self, fields: Mapping[str, Field], key: Sequence[str]) -> tuple[str, ...]:
        """The columns that these fields fill."""
        tracked = self.tracked(fields, key)
        return tuple(column for name in tracked for column in fields[name].columns(name))


def _plain(value: Any) -> Any:
    """`true` is a history of all fields, `false` is none; a file has them as texts."""
    if isinstance(value, str):
        value = truth_of(value) if truth_of(value) is not None else value
    if isinstance(value, bool):
        return {} if value else None
    if value is not None and not isinstance(value, Mapping | History):
        raise ValueError("write true, or which fields are followed: {track: [price]}")
    return value


KeptHistory = Annotated[
    History | None, BeforeValidator(_plain, json_schema_input_type=History | bool | None)
]


def check_history(history: History, key: Sequence[str], fields: Mapping[str, Field]) -> None:
    """Refuse a history of what is not there, or of what would stand in its own columns.

    Raises:
        ValueError: it would follow a field that is not declared or part of the key, or a column has
            the name of one of its own.
    """
    if history.track == ():
        raise ValueError("history.track names no field; without it all are followed")
    for name in history.track or ():
        if name not in fields:
            hint = meant(name, fields)
            raise ValueError(
                f"history.track names {name!r}, which is not declared{hint}; fields: "
                f"{', '.join(fields)}"
            )
        if name in key:
            raise ValueError(
                f"history.track names {name!r}, which is part of the key: it tells products "
                f"apart, so that a product with another value is another product"
            )
    for name in (*key, *history.tracked(fields, key)):
        for column in fields[name].columns(name):
            own = (*PERIOD_COLUMNS, *(CHANGE_COLUMNS if name in key else ()))
            if column in own:
                raise ValueError(f"the column {column} is already taken: the history fills it")
