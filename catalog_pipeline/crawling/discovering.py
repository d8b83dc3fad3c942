"""Asks a site which listings it has, before a crawl begins: a page of it, or its sitemaps.

How the site is asked is in `single_requests`, how an answer is read in `reading.discovery` and
`reading.sitemap`. What follows for listings that are new or gone is decided by whoever knows which
there were.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from catalog_pipeline.catalogue.discovered import Discover, FoundListing
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_format import Records
from catalog_pipeline.crawling.single_requests import SingleRequests, Stopped
from catalog_pipeline.errors import (
    DiscoveryError,
    FetchError,
    ParseError,
    ParseLimitError,
)
from catalog_pipeline.fetching.redirects import is_within
from catalog_pipeline.fetching.retry_table import is_retried
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.reading.discovery import ListingLinks, ListingNames
from catalog_pipeline.reading.sitemap import SITEMAP_TYPES, read_sitemap

_PAGE_TYPES = Records().page_types
MOST_SITEMAPS = 200
"""Sitemaps that are asked for, together with their indexes."""
DEEPEST_INDEX = 3
"""Indexes of sitemaps that may be within each other."""


@dataclass(frozen=True)
class Discovery:
    """What a site says of its listings."""

    listings: tuple[FoundListing, ...]
    addresses: int
    """How many addresses were looked at."""
    others: int = 0
    """How many of them are no listings."""
    other_addresses: tuple[str, ...] = ()
    """Some of those."""


def discover(
    catalogue: Catalogue,
    rule: Discover,
    places: CataloguePlaces,
    known: frozenset[str],
    reading: Callable[[], AbstractContextManager[object]],
    must_stop: Callable[[], bool],
) -> Discovery | None:
    """The listings that the site names; asked twice where `known` ones seem to be gone.

    Raises:
        DiscoveryError: they cannot be had, none are named, or others each time.
        LoginError: the site does not accept the login.
    """
    with Discoverer(
        catalogue, rule, os.environ, places=places, must_stop=must_stop, reading=reading
    ) as discoverer:
        found = discoverer.find()
        if found is None or known <= {each.name for each in found.listings}:
            return found
        again = discoverer.find()
        if again is not None and again.listings != found.listings:
            raise DiscoveryError(
                "other listings are named each time it is asked",
                url=catalogue.absolute(rule.place),
            )
        return again


class Discoverer:
    """Asks the site of one catalogue; it is closed by leaving it as a context manager.

    A session that a login opens is kept in `places`, for the crawl that follows; without them it
    is nobody's. What the site answers is read within what `reading` gives.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rule: Discover,
        environ: Mapping[str, str],
        *,
        places: CataloguePlaces | None = None,
        must_stop: Callable[[], bool] = lambda: False,
        reading: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> None:
        self._catalogue, self._rule, self._reading = catalogue, rule, reading
        self._requests = SingleRequests(
            catalogue, environ, places=places, must_stop=must_stop, reading=reading
        )
        self._links = ListingLinks(catalogue, rule)
        self._names = ListingNames(catalogue, rule)

    def __enter__(self) -> Discoverer:
        return self

    def __exit__(self, *error: object) -> None:
        self._requests.close()

    def find(self) -> Discovery | None:
        """The listings that the site names now; None if it was asked to stop.

        Raises:
            DiscoveryError: they cannot be had, or none are named.
            LoginError: the site does not accept the login.
        """
        url = self._catalogue.absolute(self._rule.place)
        names = self._names = ListingNames(self._catalogue, self._rule)
        try:
            if self._rule.sitemap is not None:
                self._take_sitemaps(url)
            else:
                self._take_page(url)
            listings = names.all()
            for listing in listings:
                self._check(listing)
            self._catalogue.with_listings(listings)
        except Stopped:
            return None
        except (FetchError, ParseError, ParseLimitError, ValueError) as error:
            raise self._error_of(error, url) from error
        return Discovery(listings, names.addresses, names.others, tuple(names.other_addresses))

    def _take_page(self, url: str) -> None:
        answer = self._requests.answer(url, _PAGE_TYPES)
        with self._reading():
            self._names.take(
                self._links.addresses(answer.body, url=answer.url, content_type=answer.content_type)
            )

    def _take_sitemaps(self, first: str) -> None:
        """Those of one that is an index as well; what one of them lacks, others do not make up."""
        left, seen = [(first, 0)], {first}
        while left:
            url, depth = left.pop(0)
            answer = self._requests.answer(url, SITEMAP_TYPES)
            try:
                with self._reading():
                    sitemap = read_sitemap(self._catalogue, answer.body, url=answer.url)
                    if not sitemap.is_index:
                        self._names.take(sitemap.addresses)
                        continue
                further = [each for each in sitemap.addresses if each not in seen]
                self._check_further(further, depth, len(seen))
            except ParseError as error:
                error.url = url
                raise
            seen.update(further)
            left += [(each, depth + 1) for each in further]

    def _check_further(self, sitemaps: list[str], depth: int, others: int) -> None:
        if sitemaps and depth >= DEEPEST_INDEX:
            raise ParseError(f"indexes of sitemaps are within each other {depth + 1} deep")
        if others + len(sitemaps) > MOST_SITEMAPS:
            raise ParseError(
                f"it leads to more than {MOST_SITEMAPS} sitemaps; name the one that has the "
                f"listings"
            )
        for each in sitemaps:
            if not is_within(self._catalogue, each):
                raise ParseError(f"it leads to a sitemap on another host, {each}")

    def _check(self, listing: FoundListing) -> None:
        """Hold a listing to where a crawl may go, and to what may be kept."""
        address = self._catalogue.absolute(listing.address)
        if not is_within(self._catalogue, address):
            raise ParseError(
                f"the listing {listing.name} is on another host, {address}; let the pattern leave "
                f"it out, or name the host in limits.redirect_hosts if it is the same shop"
            )
        if self._requests.secrets.are_in(address):
            raise ParseError(
                "the address of a listing holds a secret of the crawl, and is not kept"
            )

    def _error_of(self, error: Exception, url: str) -> DiscoveryError:
        if isinstance(error, FetchError | ParseError | ParseLimitError):
            self._requests.secrets.hide_in_error(error)
        problem = getattr(error, "problem", str(error))
        url = getattr(error, "url", "") or url
        may_pass = isinstance(error, FetchError) and is_retried(error.kind)
        return DiscoveryError(problem, url=self._requests.secrets.hide(url), may_pass=may_pass)
