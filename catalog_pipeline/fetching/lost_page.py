"""Whether a redirect lost the page: it came, but by its address it is not the page asked for.

A shop answers `?page=2` with a redirect to its first page when it does not know the second one.
What came is a page of products, so nothing but the address tells. Whether a redirect may be
followed at all belongs in `catalog_pipeline.fetching.redirects`.
"""

from __future__ import annotations

import re
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from catalog_pipeline.catalogue.listing import Listing
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_template import PLACEHOLDER
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.failures import safe_url
from catalog_pipeline.fetching.redirects import site_of
from catalog_pipeline.records import Response

_NUMBER = re.compile(
    r"(?:(?<![0-9a-z])|(?<=page)|(?<=pg)|(?<![a-z])p)0*([0-9]+)(?![0-9])", re.IGNORECASE
)
"""A number that stands alone or behind a word for a page; not the 2 of `v2` or `windows2`."""
_MAX_DIGITS = 18


class Pages(Protocol):
    """Where the pages of a catalogue are."""

    @property
    def all_listings(self) -> tuple[Listing, ...]:
        """Its listings."""

    def listing_of(self, page: PageKey) -> Listing:
        """The listing that a page is of."""

    def absolute(self, path_or_url: str) -> str:
        """An address of the site."""

    def page_address(self, page: PageKey) -> str:
        """The address at which a page is asked for."""


def require_page(
    pages: Pages, page: PageKey, answer: Response, asked_at: str | None = None
) -> None:
    """Make sure that what came is the page that was asked for.

    `asked_at` is its address where another page has told it: then it is lost only if it leads back
    to the first page.

    Raises:
        FetchError: by its address it is not; of kind `page_lost`.
    """
    if asked_at is None:
        lost = why_lost(pages, page, answer.url)
    else:
        other = _page_elsewhere(pages, page, answer.url)
        leads = "what leads to it leads to the address of page"
        lost = "" if other in (None, page) else f"{leads} {other}, {_shown(answer.url)}"
    if lost:
        error = FetchError(
            lost, kind="page_lost", url=safe_url(answer.url), page=page, http_status=answer.status
        )
        error.leads_to_listing = asked_at is None and _is_of_listing(pages, page, answer.url)
        raise error


def why_lost(pages: Pages, page: PageKey, came_from: str) -> str:
    """One sentence if the answer from `came_from` is not that page; empty if it is.

    It is that page where the address is the same but for scheme, `www.`, a slash at the end or
    parameters beside the page's; where the number has moved to another place in it; and, for the
    first page alone, where no number is left.
    """
    address = pages.page_address(page)
    if came_from == address or _comparable(address) == _comparable(came_from):
        return ""
    other = _page_elsewhere(pages, page, came_from)
    if other is not None:
        return f"a redirect led to the address of page {other}, {_shown(came_from)}"
    listing = pages.listing_of(page)
    if listing.template is None:
        return ""
    template = pages.absolute(listing.template)
    number = listing.page_value(page.number)
    found = _number_at_its_place(template, came_from)
    if found == number:
        return ""
    if found is not None:
        other_number = listing.page_of_value(found)
        which = "no page" if other_number is None else f"page {PageKey(other_number, listing.name)}"
        return f"a redirect led to the address of {which}, {_shown(came_from)}"
    beside = _numbers(template.replace(PLACEHOLDER, ""))
    if _numbers(came_from).count(number) > beside.count(number):
        return ""
    if page == listing.first_key:
        return ""
    return f"a redirect lost the page: {_shown(came_from)} does not say which page it is"


def _page_elsewhere(pages: Pages, page: PageKey, url: str) -> PageKey | None:
    """The page of another listing, or a first or single one of the same, that has the address."""
    wanted = _comparable(url)
    for listing in pages.all_listings:
        singles = listing.addresses or (listing.page_path(listing.first_page),)
        for place, address in enumerate(singles):
            if _comparable(pages.absolute(address)) == wanted:
                return PageKey(listing.first_page + place, listing.name)
        if listing.name == page.listing or listing.template is None:
            continue
        template = pages.absolute(listing.template)
        value = _number_at_its_place(template, url)
        if value is None or _comparable(template.replace(PLACEHOLDER, str(value))) != wanted:
            continue
        number = listing.page_of_value(value)
        if number is not None:
            return PageKey(number, listing.name)
    return None


def _is_of_listing(pages: Pages, page: PageKey, url: str) -> bool:
    """Whether an address is that of some page of the listing, or of the listing as a whole."""
    listing = pages.listing_of(page)
    if listing.template is None:
        return False
    template = pages.absolute(listing.template)
    first = pages.page_address(listing.first_key)
    if _comparable(first) == _comparable(url) or _number_at_its_place(template, url) is not None:
        return True
    parts = urlsplit(template)
    if PLACEHOLDER not in parts.query:
        return False
    others = [part for part in parts.query.split("&") if PLACEHOLDER not in part]
    whole = urlunsplit(parts._replace(query="&".join(others)))
    return _comparable(whole) == _comparable(url)


def _comparable(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return site_of(parts.hostname or ""), unquote(parts.path).rstrip("/"), parts.query


def _number_at_its_place(page_url: str, url: str) -> int | None:
    """The number where the template has it: in its parameter, or in its part of the path."""
    template, parts = urlsplit(page_url), urlsplit(url)
    for name, value in parse_qsl(template.query, keep_blank_values=True):
        if PLACEHOLDER in value:
            given = dict(parse_qsl(parts.query, keep_blank_values=True)).get(name)
            return None if given is None else _filled_in(value, given)
    wanted = unquote(template.path).rstrip("/")
    return _filled_in(wanted, unquote(parts.path).rstrip("/")) if PLACEHOLDER in wanted else None


def _filled_in(template: str, text: str) -> int | None:
    before, _, after = template.partition(PLACEHOLDER)
    number = text[len(before) : len(text) - len(after)]
    fits = text.startswith(before) and text.endswith(after)
    is_number = number.isascii() and number.isdigit() and len(number) <= _MAX_DIGITS
    return int(number) if fits and is_number else None


def _numbers(url: str) -> list[int]:
    parts = urlsplit(url)
    found = _NUMBER.findall(f"{unquote(parts.path)}?{parts.query}")
    return [int(digits[-_MAX_DIGITS:]) for digits in found]


def _shown(url: str) -> str:
    """The address without its query, which may hold a session's secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"[:200]
