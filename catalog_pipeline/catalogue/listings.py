"""Listings as a catalogue's YAML describes them: one without a name, or several under `listings`.

What a named one does not say is taken from the catalogue. Out of both come `Listing`s, and the
checks that each page has an address of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, NoReturn, Protocol

from pydantic import AfterValidator, BeforeValidator, ValidationError
from pydantic import Field as Bounded

from catalog_pipeline.catalogue.addresses_of_pages import check_addresses
from catalog_pipeline.catalogue.bounds import MAX_PAGES, Count, PageNumber, PathOrUrl
from catalog_pipeline.catalogue.fields import OneOrMore, StrictModel
from catalog_pipeline.catalogue.length import FixedLength, Length, LinkedLength
from catalog_pipeline.catalogue.listing import Listing
from catalog_pipeline.catalogue.page_template import (
    LISTING_PLACEHOLDER,
    PLACEHOLDER,
    check_no_template,
    checked_template,
)

LISTING_COLUMNS = ("listing", "listings")
"""Columns of a table whose listings have names: that of the row's page, and all of the product."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,62}")

PageUrls = Annotated[tuple[Annotated[PathOrUrl, AfterValidator(checked_template)], ...], OneOrMore]
PageAddress = Annotated[PathOrUrl, AfterValidator(check_no_template)]


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


class Described(Protocol):
    """What a catalogue's YAML says of its listings."""

    page_url: tuple[str, ...]
    first_page_url: str | None
    first_page: int
    pages_: Length | None
    last_page: int | None
    step: int | None
    offset: int
    listings: dict[str, ListingAttributes]

    def absolute(self, path_or_url: str) -> str:
        """`path_or_url` below the catalogue's `base_url`."""


def says_length(values: Mapping[str, Any]) -> bool:
    """Whether a catalogue, as far as it is read, says how long it is, or need not say it."""
    urls = values.get("page_url", (PLACEHOLDER,))
    is_template = len(urls) == 1 and PLACEHOLDER in urls[0]
    is_known = values.get("pages_", ...) is not None
    return is_known or not is_template or bool(values.get("listings", ...))


def listings_of(described: Described) -> tuple[Listing, ...]:
    """All listings of a catalogue, by their names; each page has an address of its own.

    Raises:
        ValueError: it is not said where the pages of one are or how many it has, or that twice.
    """
    names = sorted(described.listings)
    found = tuple(_listing(described, name) for name in names) or (_listing(described, None),)
    pages = sum(
        each.last_number - each.first_page + 1 for each in found if each.last_number is not None
    )
    if pages > MAX_PAGES:
        raise ValueError(f"more than {MAX_PAGES:,} pages from first_page to last_page")
    check_addresses(found, described.absolute)
    return found


def _listing(catalogue: Described, name: str | None) -> Listing:
    own = ListingAttributes() if name is None else catalogue.listings[name]
    at = () if name is None else ("listings", name)
    given = own.page_url or catalogue.page_url
    where = (*at, "page_url") if own.page_url or not catalogue.page_url else ("page_url",)
    own_length = _length(own, at)
    length = own_length or _length(catalogue, ())
    first_page = catalogue.first_page if own.first_page is None else own.first_page
    if not given:
        _refuse(where, "it is required, and missing")
    urls = tuple(_named(each, name) for each in given)
    if len(urls) > 1:
        _check_one_by_one(urls, own_length if own.page_url else length, where)
        return _of_addresses(name, urls, first_page)
    (page_url,) = urls
    if PLACEHOLDER not in page_url and not isinstance(length, LinkedLength):
        _check_one_page(page_url, length, first_page, where)
        return _of_addresses(name, urls, first_page)
    if length is None:
        _refuse(
            (*at, "last_page"), "it is required, and missing, unless pages says how they are found"
        )
    _check_length(length, first_page)
    step, offset = (own.step, own.offset or 0) if own.step else (catalogue.step, catalogue.offset)
    if (own.offset or offset) and step is None:
        raise ValueError("offset is of use with step alone")
    first = own.first_page_url or (None if own.page_url else catalogue.first_page_url)
    first = None if first is None else _named(first, name)
    return Listing(name, length, page_url, (), first, first_page, step, offset)


def _of_addresses(name: str | None, addresses: tuple[str, ...], first_page: int) -> Listing:
    length = FixedLength(kind="fixed", last=first_page + len(addresses) - 1)
    return Listing(name, length, None, addresses, first_page=first_page)


def _named(address: str, name: str | None) -> str:
    return address if name is None else address.replace(LISTING_PLACEHOLDER, name)


def _length(section: Any, at: tuple[str, ...]) -> Length | None:
    """How long a section says that a listing is; None if it does not."""
    told, last = section.pages_, section.last_page
    if told is None:
        return None if last is None else FixedLength(kind="fixed", last=last)
    if last is not None and not (isinstance(told, FixedLength) and told.last == last):
        _refuse(at, "last_page and pages say two things; leave one of them out")
    return told


def _check_length(length: Length, first_page: int) -> None:
    if not isinstance(length, FixedLength):
        return
    if length.last < first_page:
        raise ValueError(f"last_page ({length.last}) is less than first_page ({first_page})")
    if length.last - first_page >= MAX_PAGES:
        raise ValueError(f"more than {MAX_PAGES:,} pages from first_page to last_page")


def _check_one_page(
    address: str, length: Length | None, first_page: int, where: tuple[str, ...]
) -> None:
    """An address without a number is that of one page, if nobody says that there are more."""
    is_one = isinstance(length, FixedLength) and length.last == first_page
    if length is not None and not is_one:
        _refuse(
            where,
            "it must hold {page} once, as in /products?page={page}; if it is the only page, it has "
            f"last_page: {first_page} or none",
        )
    if stray := re.search(r"\{\w*\}", address):
        _refuse(where, f"{stray[0]} stands for nothing; it must hold {{page}} once, or be one page")


def _check_one_by_one(urls: tuple[str, ...], length: Length | None, where: tuple[str, ...]) -> None:
    if any(PLACEHOLDER in url for url in urls):
        _refuse(where, "several are the URLs of single pages; {page} belongs in one that is alone")
    if length is not None:
        _refuse(where, f"{len(urls)} URLs are {len(urls)} pages; leave last_page and pages out")


def _refuse(where: tuple[str, ...], problem: str) -> NoReturn:
    """Refuse what stands at a place of the YAML."""
    context = {"error": ValueError(problem)}
    found: Any = {"type": "value_error", "loc": where, "input": None, "ctx": context}
    raise ValidationError.from_exception_data("CatalogueAttributes", [found])
