"""The sections under `listings` in a catalogue's YAML, and the addresses that pages may be given.

What a section leaves out is taken from the catalogue; listings with pages are made in `listings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.bounds import Count, PageNumber
from catalog_pipeline.catalogue.fields import OneOrMore, StrictModel
from catalog_pipeline.catalogue.length import Length
from catalog_pipeline.catalogue.page_template import (
    check_no_template,
    checked_listing_address,
    checked_template,
)

LISTING_COLUMNS = ("listing", "listings")
"""Columns of a table whose listings have names: that of the row's page, and all of the product."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")

_Address = Annotated[str, AfterValidator(checked_listing_address)]
PageUrls = Annotated[tuple[Annotated[_Address, AfterValidator(checked_template)], ...], OneOrMore]
PageAddress = Annotated[_Address, AfterValidator(check_no_template)]


class ListingAttributes(StrictModel):
    """One listing of several. What is not given is taken from the catalogue."""

    page_url: PageUrls = ()
    """Template of the URLs of the listing's pages with `{page}`; or the URL of its only page, or a
    list of all of them."""
    first_page_url: PageAddress | None = None
    """URL of the first page, where it is not made from the template."""
    first_page: PageNumber | None = None
    """Number of the listing's first page."""
    pages_: Length | None = Bounded(default=None, alias="pages")
    """How the listing's pages are found, instead of `last_page`."""
    last_page: PageNumber | None = None
    """Number of the listing's last page."""
    step: Count | None = None
    """Where `{page}` stands for an offset: how much it grows by."""
    offset: PageNumber | None = None
    """With `step`, the offset of the first page."""


def _spelt_out(value: object) -> object:
    """Names alone are a list; the address of a listing alone is its `page_url`."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list | tuple):
        if not all(isinstance(name, str) for name in value):
            raise ValueError("a list of listings has names alone; else write each name as a key")
        doubled = [name for name in value if value.count(name) > 1]
        if doubled:
            raise ValueError(f"{doubled[0]!r} is there twice")
        value = dict.fromkeys(value)
    if not isinstance(value, Mapping):
        return value
    return {name: _section(given) for name, given in value.items()}


def _section(given: object) -> object:
    if given is None or given == "":
        return {}
    return {"page_url": given} if isinstance(given, str) else given


def _checked_names(
    value: dict[str, ListingAttributes],
) -> dict[str, ListingAttributes]:
    folded: dict[str, str] = {}
    for name in value:
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"{name!r} is no name of a listing; use letters, digits and _, beginning with a "
                f"letter, at most 63 of them"
            )
        if name.lower() in folded:
            raise ValueError(f"{folded[name.lower()]} and {name} differ by their case alone")
        folded[name.lower()] = name
    return value


Listings = Annotated[
    dict[str, ListingAttributes],
    BeforeValidator(
        _spelt_out,
        json_schema_input_type=tuple[str, ...] | dict[str, ListingAttributes | str | None],
    ),
    AfterValidator(_checked_names),
]
