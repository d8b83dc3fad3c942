"""Smaller sections of a catalogue's YAML: the total that a site tells, the practice shop; and
what keys and columns may be made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pydantic import Field as Bounded
from pydantic import model_validator

from catalog_pipeline.catalogue.bounds import NAME_PATTERN, Count
from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.catalogue.fields import (
    PROVENANCE_COLUMNS,
    Field,
    Pattern,
    Selectors,
    StrictModel,
)
from catalog_pipeline.catalogue.spelling import meant


class Total(StrictModel):
    """Where a page says how many products the site has."""

    select: Selectors = ()
    """Where the number is on the page: one selector, or several in order of preference."""
    json_: str | None = Bounded(default=None, alias="json")
    """Where the number is in a page of JSON: a JMESPath such as `meta.count`."""
    attribute: str | None = None
    """Take this attribute of what was selected instead of its text."""
    pattern: Pattern | None = None
    """A regular expression that picks the number; its first group, if it has one."""

    @model_validator(mode="after")
    def _has_one_place(self) -> Total:
        if not self.select and not self.json_:
            raise ValueError("say where the number is: select, or json in a page of JSON")
        return self


class PracticeShop(StrictModel):
    """The catalogue is served by the bundled practice shop, started by whatever crawls it."""

    pages: Count = 50
    """Listing pages of the shop."""
    page_size: Count = 20
    """Products on a page."""
    session_requests: Count | None = None
    """Requests after which a member's session expires."""


def check_key(key: Sequence[str], fields: Mapping[str, Field]) -> None:
    """Refuse a key that cannot tell products apart.

    Raises:
        ValueError: it names no field, one that is not there, or one that may be left out of a
            product that stays.
    """
    for name in key:
        if name not in fields:
            hint = meant(name, fields)
            raise ValueError(
                f"key names {name!r}, which is not declared{hint}; fields: {', '.join(fields)}"
            )
        if fields[name].on_invalid == "discard_value":
            raise ValueError(
                f"{name} tells products apart, so its value cannot be left out alone; "
                f"on_invalid: discard_row leaves out the product"
            )
        if None in (fields[name].values or {}).values():
            raise ValueError(
                f"{name} tells products apart, so no text of `values` may stand for nothing; "
                f"with a pattern that it does not match, and on_invalid: discard_row, the product "
                f"is left out"
            )
    if not key:
        raise ValueError("key needs at least one field")


def checked_columns(fields: dict[str, Field]) -> dict[str, Field]:
    """The fields, if each has columns of its own.

    Raises:
        ValueError: there is none, or two would fill the same column.
    """
    if not fields:
        raise ValueError("declare at least one field")
    seen: set[str] = set(PROVENANCE_COLUMNS)
    for name, field in fields.items():
        if not NAME_PATTERN.fullmatch(name):
            raise ValueError(f"{name!r} is no column name; use a-z, 0-9 and _")
        for column in field.columns(name):
            if column in seen:
                raise ValueError(f"the column {column} is already taken")
            seen.add(column)
    return fields


def columns_of(fields: Mapping[str, Field]) -> tuple[str, ...]:
    """Names of the columns that the fields fill, in their order."""
    return tuple(column for name, field in fields.items() for column in field.columns(name))


def cell_type_of(fields: Mapping[str, Field], column: str) -> CellType | None:
    """What the cells are of a column that the fields fill; None if it is none of theirs."""
    for name, field in fields.items():
        if column in (typed := field.typed_columns(name)):
            return typed[column]
    return None


def check_no_columns(fields: dict[str, Field], taken: tuple[str, ...]) -> None:
    """Refuse fields that would fill columns of the table's own.

    Raises:
        ValueError: one would.
    """
    for name, field in fields.items():
        for column in field.columns(name):
            if column in taken:
                raise ValueError(
                    f"the column {column} is already taken: it tells the listings of a product"
                )
