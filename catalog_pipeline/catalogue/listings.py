"""The listings that a catalogue's YAML describes: one without a name, or several with names.

What a named one does not say is taken from the catalogue, and so is all of those that the site
names. Here `Listing`s are made out of that, with the check that each page has an address of its
own; the sections of the YAML are in `listing_attributes`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol

from pydantic import ValidationError

from catalog_pipeline.catalogue.addresses_of_pages import check_addresses
from catalog_pipeline.catalogue.bounds import MAX_PAGES
from catalog_pipeline.catalogue.discovered import EXAMPLE, Discover, FoundListing
from catalog_pipeline.catalogue.length import FixedLength, Length, LinkedLength
from catalog_pipeline.catalogue.listing import Listing
from catalog_pipeline.catalogue.listing_attributes import ListingAttributes
from catalog_pipeline.catalogue.page_template import (
    ADDRESS_PLACEHOLDER,
    LISTING_PLACEHOLDER,
    PLACEHOLDER,
    checked_template,
)


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
    discover: Discover | None

    def absolute(self, path_or_url: str) -> str:
        """`path_or_url` below the catalogue's `base_url`."""


def says_length(values: Mapping[str, Any]) -> bool:
    """Whether a catalogue, as far as it is read, says how long it is, or need not say it."""
    urls = values.get("page_url", (PLACEHOLDER,))
    is_template = len(urls) == 1 and PLACEHOLDER in urls[0]
    is_known = values.get("pages_", ...) is not None
    has_several = bool(values.get("listings", ...)) or values.get("discover") is not None
    return is_known or not is_template or has_several


def listings_of(
    described: Described, discovered: Sequence[FoundListing] = ()
) -> tuple[Listing, ...]:
    """All listings of a catalogue, by their names; each page has an address of its own.

    Where the site names them they are those that were `discovered`.

    Raises:
        ValueError: it is not said where the pages of one are or how many it has, or that twice.
    """
    if described.discover is None:
        names = sorted(described.listings)
        found = tuple(_listing(described, name) for name in names) or (_listing(described, None),)
    else:
        named = sorted(discovered, key=lambda each: each.name)
        found = tuple(_discovered_listing(described, each) for each in named)
    pages = sum(
        each.last_number - each.first_page + 1 for each in found if each.last_number is not None
    )
    if pages > MAX_PAGES:
        raise ValueError(f"more than {MAX_PAGES:,} pages from first_page to last_page")
    check_addresses(found, described.absolute)
    return found


def listing_to_discover(described: Described) -> Listing:
    """What any listing is like that the site names.

    Raises:
        ValueError: it is not said where the pages of one are or how many it has, or that twice.
    """
    if described.listings:
        _refuse(("discover",), "listings names them already; leave one of the two out")
    for key in ("page_url", "first_page_url"):
        given = getattr(described, key) or ()
        for address in (given,) if isinstance(given, str) else given:
            if LISTING_PLACEHOLDER not in address and ADDRESS_PLACEHOLDER not in address:
                _refuse(
                    (key,),
                    "all listings would have the same pages; begin it with {listing_url}, or name "
                    "them with {listing}",
                )
    return _listing(described, EXAMPLE.name, EXAMPLE)


def _discovered_listing(described: Described, discovered: FoundListing) -> Listing:
    try:
        return _listing(described, discovered.name, discovered)
    except ValueError as error:
        problem = str(error)
        if isinstance(error, ValidationError):
            problem = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(
            f"the listing {discovered.name}, {discovered.address}: {problem}"
        ) from error


def _listing(
    catalogue: Described, name: str | None, discovered: FoundListing | None = None
) -> Listing:
    is_named = name is not None and discovered is None
    own = catalogue.listings[str(name)] if is_named else ListingAttributes()
    at = ("listings", str(name)) if is_named else ()
    given = own.page_url or catalogue.page_url or _only_address(catalogue, discovered)
    where = (*at, "page_url") if own.page_url or not catalogue.page_url else ("page_url",)
    own_length = _length(own, at)
    length = own_length or _length(catalogue, ())
    first_page = catalogue.first_page if own.first_page is None else own.first_page
    if not given:
        _refuse(where, _missing_address(discovered))
    urls = tuple(_named(each, name, discovered, where) for each in given)
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
    first_at = (*at, "first_page_url")
    first = None if first is None else _named(first, name, discovered, first_at)
    return Listing(name, length, page_url, (), first, first_page, step, offset)


def _of_addresses(name: str | None, addresses: tuple[str, ...], first_page: int) -> Listing:
    length = FixedLength(kind="fixed", last=first_page + len(addresses) - 1)
    return Listing(name, length, None, addresses, first_page=first_page)


def _only_address(catalogue: Described, discovered: FoundListing | None) -> tuple[str, ...]:
    """Where the pages of a listing are if nobody says it: at its own address, if one is enough."""
    is_enough = isinstance(catalogue.pages_, LinkedLength) or (
        catalogue.pages_ is None and catalogue.last_page is None
    )
    return (ADDRESS_PLACEHOLDER,) if discovered is not None and is_enough else ()


def _missing_address(discovered: FoundListing | None) -> str:
    missing = "it is required, and missing"
    if discovered is None:
        return missing
    return missing + ": such as '{listing_url}?page={page}'"


def _named(
    address: str, name: str | None, discovered: FoundListing | None, where: tuple[str, ...]
) -> str:
    if discovered is None:
        if ADDRESS_PLACEHOLDER in address:
            _refuse(where, "{listing_url} is the address of a listing that discover finds")
        return address if name is None else address.replace(LISTING_PLACEHOLDER, name)
    filled = address.replace(LISTING_PLACEHOLDER, discovered.text)
    if not filled.startswith(ADDRESS_PLACEHOLDER):
        return checked_template(filled)
    rest = filled.removeprefix(ADDRESS_PLACEHOLDER)
    if rest[:1] in ("?", "&"):
        # Either is meant as what follows the address, which has a query or none.
        rest = ("&" if "?" in discovered.address else "?") + rest[1:]
        return checked_template(discovered.address + rest)
    if rest and "?" in discovered.address:
        raise ValueError(
            f"its address has a query, which {rest} cannot follow; name the listing by {{listing}}"
        )
    joined = discovered.address.rstrip("/") if rest.startswith("/") else discovered.address
    return checked_template(joined + rest)


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
