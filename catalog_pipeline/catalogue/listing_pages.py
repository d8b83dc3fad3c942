"""Which pages a catalogue has: those of all its listings, in order.

What a catalogue makes of the keys that say it; the keys themselves are in `model` and `listings`.
How an end is looked for is described in `length`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from copy import copy
from typing import TYPE_CHECKING, TypeVar, cast
from urllib.parse import urlsplit

from catalog_pipeline.catalogue.discovered import Discover, FoundListing
from catalog_pipeline.catalogue.length import FoundLength, LastPage, NextPage
from catalog_pipeline.catalogue.listing import Listing
from catalog_pipeline.catalogue.listings import Described, listings_of
from catalog_pipeline.catalogue.page_key import PageKey

_Catalogue = TypeVar("_Catalogue", bound="ListingPages")


class ListingPages:
    """The pages of a catalogue, as far as the YAML says which there are.

    Pages and listings are in the order of their keys: by the listing's name, then by number.
    """

    if TYPE_CHECKING:  # Annotations of their own would be keys of the YAML, before all others.
        _listings: tuple[Listing, ...]
        _rule: str | None
        _found: tuple[PageKey, ...] | None
        _example: Listing | None
        base_url: str
        discover: Discover | None

        def absolute(self, path_or_url: str) -> str: ...

        def page_address(self, page: PageKey) -> str: ...

    @property
    def all_listings(self) -> tuple[Listing, ...]:
        """The listings of the catalogue; one without a name if it names none.

        Where the site names them, none unless they were looked up.
        """
        return self._listings

    @property
    def is_discovered(self) -> bool:
        """Whether the site says which listings there are."""
        return self._example is not None

    @property
    def has_named_listings(self) -> bool:
        """Whether its listings have names."""
        return self._first_listing.name is not None

    @property
    def _first_listing(self) -> Listing:
        """The first listing, or an example of those that are to be discovered."""
        listings = self._listings if self._example is None else (*self._listings, self._example)
        return listings[0]

    def listing_of(self, page: PageKey) -> Listing:
        """The listing that a page is of.

        Raises:
            LookupError: the catalogue has none of that name.
        """
        for listing in self._listings:
            if listing.name == page.listing:
                return listing
        raise LookupError(f"there is no listing of page {page}")

    @property
    def is_fixed(self) -> bool:
        """Whether the YAML says which listings there are, and how long all of them are."""
        return not self.is_discovered and all(
            each.last_number is not None for each in self._listings
        )

    @property
    def finds_pages(self) -> bool:
        """Whether there are listings, or may be, whose pages crawls find."""
        listings = self._listings if self._example is None else (self._example,)
        return any(each.found_length is not None for each in listings)

    def described_listings(self: _Catalogue) -> tuple[_Catalogue, ...]:
        """The same as `by_listing`; of listings to be discovered, with an example of one."""
        if self._listings or self._example is None:
            return self.by_listing()
        view = copy(self)
        view._listings = (self._example,)
        return (view,)

    def by_listing(self: _Catalogue) -> tuple[_Catalogue, ...]:
        """The catalogue as if it had one of its listings alone, of each of them."""
        if not self.has_named_listings:
            return (self,)
        views = tuple(copy(self) for _ in self._listings)
        for view, listing in zip(views, self._listings, strict=True):
            view._listings = (listing,)
            view._found = None if self._found is None else self.pages_of_listing(listing.name)
        return views

    def with_listings(
        self: _Catalogue, found: Sequence[FoundListing], rule: str | None = None
    ) -> _Catalogue:
        """The catalogue with the listings that the site names; their pages are not looked up.

        `rule` is the version of the `discover` by which they were found.

        Raises:
            ValueError: the pages of two of them would have the same address.
        """
        discovered = copy(self)
        discovered._rule = rule
        discovered._listings = listings_of(cast("Described", self), found)
        discovered._found = None
        return discovered

    @property
    def listings_rule(self) -> str | None:
        """The version of the `discover` by which its listings were found; None if the YAML names
        them, or it is not known."""
        return self._rule

    @property
    def may_have(self) -> Callable[[PageKey], bool]:
        """What tells of a page whether the YAML may mean it, by the listings that there are."""
        listings = {each.name: each for each in self._listings}

        def may_have(page: PageKey) -> bool:
            listing = listings.get(page.listing)
            return listing is not None and listing.may_have(page.number)

        return may_have

    def may_find(self, page: PageKey) -> bool:
        """Whether a page that the catalogue does not have may be one that crawls find."""
        return any(
            each.name == page.listing and each.found_length is not None for each in self._listings
        )

    @property
    def found_length(self) -> FoundLength | None:
        """How the pages of the first listing are found; None if the YAML says them."""
        return self._first_listing.found_length

    @property
    def is_linked(self) -> bool:
        """Whether each page says where the next one is, so that no template gives addresses."""
        return self._first_listing.is_linked

    @property
    def telling(self) -> LastPage | NextPage | None:
        """What a page tells of its listing: which page is the last one, or the next one."""
        return self._first_listing.telling

    @property
    def telling_version(self) -> str | None:
        """Changes exactly when pages are to be asked anew what they tell."""
        return self._first_listing.telling_version

    @property
    def tellings_in_bodies(self) -> str | dict[str, str | None] | None:
        """What stored pages tell of their listings, by the name of these where they have one."""
        if self._example is not None:
            # The same whichever listings there are.
            is_told = self._example.tells_in_the_body
            return {"": self._example.telling_version} if is_told else {}
        of_listings = [each for each in self._listings if each.tells_in_the_body]
        if not self.has_named_listings:
            return of_listings[0].telling_version if of_listings else None
        return {str(each.name): each.telling_version for each in of_listings}

    def tells(self, page: PageKey) -> bool:
        """Whether a page is one that tells something of its listing."""
        listing = self.listing_of(page)
        return listing.is_linked or (listing.telling is not None and page == listing.first_key)

    def path_of_address(self, path_or_url: str) -> str:
        """One text for what is an address of the site, or a path below it."""
        return self.below_base(self.absolute(path_or_url))

    def below_base(self, url: str) -> str:
        """The address as `absolute` makes it of a path, where it is below `base_url`."""
        base = self.base_url.rstrip("/")
        return url[len(base) :] if url.startswith(base + "/") else url

    @property
    def first_key(self) -> PageKey:
        """The first page, which every catalogue has."""
        return self._first_listing.first_key

    @property
    def first_address(self) -> str:
        """The absolute URL of the first page, or of what names the listings."""
        if self.discover is not None:
            return self.absolute(self.discover.place)
        return self.page_address(self.first_key)

    @property
    def page_addresses(self) -> tuple[str, ...]:
        """The addresses of pages as the YAML gives them, templates among them."""
        listings = self._listings if self._example is None else (*self._listings, self._example)
        return tuple(url for each in listings for url in each.given_addresses)

    @property
    def own_addresses(self) -> tuple[str, ...]:
        """One address of each host that pages are asked from: as templates, where they are some."""
        given = self.page_addresses
        hosts = {urlsplit(url).netloc: url for url in given if urlsplit(url).netloc}
        return (self.base_url, *hosts.values())

    @property
    def pages(self) -> tuple[PageKey, ...]:
        """All pages of the catalogue, in order.

        Raises:
            LookupError: the site tells which pages there are, and nobody has looked it up.
        """
        if self._found is None:
            if not self.is_fixed:
                raise LookupError("the pages are found by crawls; look them up first")
            if len(self._listings) == 1:
                return self._listings[0].pages
            self._found = tuple(page for each in self._listings for page in each.pages)
        return self._found

    def pages_of_listing(self, name: str | None) -> tuple[PageKey, ...]:
        """The pages of one listing, in order; none if there is none of that name."""
        pages = self.pages
        first = bisect_left(pages, (name or "", -1), key=_parts)
        end = bisect_left(pages, ((name or "") + "\0", -1), key=_parts)
        return pages[first:end]

    def with_pages(self: _Catalogue, pages: tuple[PageKey, ...]) -> _Catalogue:
        """The catalogue with the pages that were found."""
        found = copy(self)
        found._found = pages
        return found


def _parts(page: PageKey) -> tuple[str, int]:
    return page.listing or "", page.number
