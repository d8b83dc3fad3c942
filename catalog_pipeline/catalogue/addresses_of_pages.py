"""Whether each page of a catalogue's listings has an address of its own.

What may be an address at all is in `bounds`, what a template may be in `page_template`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urldefrag

from catalog_pipeline.catalogue.listing import Listing
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_template import page_with_address


def check_addresses(listings: Sequence[Listing], absolute: Callable[[str], str]) -> None:
    """Two pages at one address would be the same products twice, or one of them missing.

    Raises:
        ValueError: two pages have the same address.
    """
    templates: dict[str, Listing] = {}
    for listing in listings:
        if listing.template is None or listing.is_linked:
            continue
        template = urldefrag(absolute(listing.template)).url
        other = templates.setdefault(template, listing)
        if other is not listing:
            raise ValueError(
                f"the listings {other.name} and {listing.name} have the same page_url; give each "
                f"its own, or one with {{listing}}"
            )
    single: dict[str, PageKey] = {}
    for page, given in _single_addresses(listings):
        address = urldefrag(absolute(given)).url
        if address in single:
            raise ValueError(
                f"the pages {single[address]} and {page} have the same address {given}"
            )
        single[address] = page
        for template, listing in templates.items():
            _check_not_of_template(page, address, template, listing)


def _single_addresses(listings: Sequence[Listing]) -> Iterator[tuple[PageKey, str]]:
    for listing in listings:
        for place, address in enumerate(listing.addresses):
            yield PageKey(listing.first_page + place, listing.name), address
        if listing.first_page_url is not None:
            yield listing.first_key, listing.first_page_url


def _check_not_of_template(page: PageKey, address: str, template: str, listing: Listing) -> None:
    value = page_with_address(template, address)
    number = None if value is None else listing.page_of_value(value)
    if number is None or not listing.may_have(number):
        return
    is_first = number == listing.first_page and listing.first_page_url is not None
    if is_first or page == PageKey(number, listing.name):
        return
    what = "first_page_url" if page.number == listing.first_page else "the address"
    raise ValueError(
        f"{what} of page {page} is the address that page {PageKey(number, listing.name)} has by "
        f"page_url; one of the two pages would be missing"
    )
