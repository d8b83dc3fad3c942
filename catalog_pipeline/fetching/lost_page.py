"""Whether a redirect lost the page: it came, but by its address it is not the page asked for.

A shop answers `?page=2` with a redirect to its first page when it does not know the second one.
What came is a page of products, so nothing but the address tells. Whether a redirect may be
followed at all belongs in `catalog_pipeline.fetching.redirects`.
"""

from __future__ import annotations

import re
from typing import Protocol
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.failures import safe_url
from catalog_pipeline.fetching.redirects import site_of
from catalog_pipeline.records import Response

_NUMBER = re.compile(
    r"(?:(?<![0-9a-z])|(?<=page)|(?<=pg)|(?<![a-z])p)0*([0-9]+)(?![0-9])", re.IGNORECASE
)
"""A number that stands alone or behind a word for a page; not the 2 of `v2` or `windows2`."""
_MAX_DIGITS = 18


class Listing(Protocol):
    """Where the pages of a catalogue are."""

    @property
    def first_page(self) -> int:
        """Number of the first page, which an address without a number may mean."""

    def page_value(self, number: int) -> int:
        """What stands for the page of that number in an address."""

    @property
    def page_url(self) -> str:
        """Template of a page's address."""

    def absolute(self, path_or_url: str) -> str:
        """An address of the site."""

    def page_address(self, page: PageKey) -> str:
        """The address at which a page is asked for."""


def require_page(listing: Listing, page: PageKey, answer: Response) -> None:
    """Make sure that what came is the page that was asked for.

    Raises:
        FetchError: by its address it is not; of kind `page_lost`.
    """
    lost = why_lost(listing, page, answer.url)
    if lost:
        error = FetchError(
            lost, kind="page_lost", url=safe_url(answer.url), page=page, http_status=answer.status
        )
        error.leads_to_listing = _is_of_listing(listing, page, answer.url)
        raise error


def why_lost(listing: Listing, page: PageKey, came_from: str) -> str:
    """One sentence if the answer from `came_from` is not that page; empty if it is.

    It is that page where the address is the same but for scheme, `www.`, a slash at the end or
    parameters beside the page's; where the number has moved to another place in it; and, for the
    first page alone, where no number is left.
    """
    address = listing.page_address(page)
    if came_from == address or _comparable(address) == _comparable(came_from):
        return ""
    number, first = listing.page_value(page.number), PageKey(listing.first_page, page.listing)
    if _comparable(came_from) == _comparable(listing.page_address(first)):
        return f"a redirect led to the address of page {first}, {_shown(came_from)}"
    found = _number_at_its_place(listing, came_from)
    if found == number:
        return ""
    if found is not None:
        return f"a redirect led to the address of page {found}, {_shown(came_from)}"
    beside = _numbers(listing.absolute(listing.page_url).replace("{page}", ""))
    if _numbers(came_from).count(number) > beside.count(number):
        return ""
    if page.number == listing.first_page:
        return ""
    return f"a redirect lost the page: {_shown(came_from)} does not say which page it is"


def _is_of_listing(listing: Listing, page: PageKey, url: str) -> bool:
    """Whether an address is that of some page of the listing, or of the listing as a whole."""
    first = listing.page_address(PageKey(listing.first_page, page.listing))
    if _comparable(first) == _comparable(url) or _number_at_its_place(listing, url) is not None:
        return True
    template = urlsplit(listing.absolute(listing.page_url))
    if "{page}" not in template.query:
        return False
    others = [part for part in template.query.split("&") if "{page}" not in part]
    whole = urlunsplit(template._replace(query="&".join(others)))
    return _comparable(whole) == _comparable(url)


def _comparable(url: str) -> tuple[str, str, str]:
    parts = urlsplit(url)
    return site_of(parts.hostname or ""), unquote(parts.path).rstrip("/"), parts.query


def _number_at_its_place(listing: Listing, url: str) -> int | None:
    """The number where the template has it: in its parameter, or in its part of the path."""
    template, parts = urlsplit(listing.absolute(listing.page_url)), urlsplit(url)
    for name, value in parse_qsl(template.query, keep_blank_values=True):
        if "{page}" in value:
            given = dict(parse_qsl(parts.query, keep_blank_values=True)).get(name)
            return None if given is None else _filled_in(value, given)
    wanted = unquote(template.path).rstrip("/")
    return _filled_in(wanted, unquote(parts.path).rstrip("/")) if "{page}" in wanted else None


def _filled_in(template: str, text: str) -> int | None:
    before, _, after = template.partition("{page}")
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
