"""The listings of a catalogue whose site names them, for a command that has no instance to ask.

`try` asks the site itself and shows what it found; of a page that is at hand the listing is taken
as it is called.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.discovered import EXAMPLE, FoundListing
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.cli.grids import output_console, print_rows
from catalog_pipeline.cli.reading_limits import within_limits
from catalog_pipeline.sandbox.on_demand import served

if TYPE_CHECKING:
    from catalog_pipeline.crawling.discovering import Discovery

_LISTINGS_SHOWN = 20


def with_listing_of(catalogue: Catalogue, page: PageKey | None) -> Catalogue:
    """The catalogue as if its site named the listing of a page, or any without one."""
    name = EXAMPLE.name if page is None or page.listing is None else page.listing
    return catalogue.with_listings([FoundListing(name, name, f"/{name}")])


def with_discovered_listings(catalogue: Catalogue, *, shows: bool, shows_all: bool) -> Catalogue:
    """The catalogue with the listings that its site names now, which are shown.

    Raises:
        DiscoveryError: the site names none, or could not be asked.
        LoginError: it does not accept the login.
    """
    from catalog_pipeline.crawling.discovering import Discoverer

    if catalogue.discover is None:
        return catalogue
    with (
        served(catalogue) as at_its_address,
        Discoverer(
            at_its_address,
            catalogue.discover,
            os.environ,
            reading=partial(within_limits, catalogue),
        ) as discoverer,
    ):
        found = discoverer.find()
    if found is None:
        return catalogue
    if shows:
        _show(catalogue, found, None if shows_all else _LISTINGS_SHOWN)
    return catalogue.with_listings(found.listings)


def _show(catalogue: Catalogue, found: Discovery, most: int | None) -> None:
    console = output_console()
    console.print(
        f"{catalogue.first_address} names {len(found.listings)} listings:",
        soft_wrap=True,
        markup=False,
    )
    rows = [{"listing": each.name, "address": each.address} for each in found.listings]
    print_rows(console, rows[:most])
    if most is not None and len(rows) > most:
        console.print(f"… and {len(rows) - most} more (--all shows them)")
    if found.others:
        told = f"{found.others:,} other addresses are none, such as "
        console.print(told + ", ".join(found.other_addresses), soft_wrap=True, markup=False)
