"""Which pages a catalogue's listing has: their numbers, and what stands for them in an address.

What a catalogue makes of the keys that say it; the keys themselves are in `model`. How an end is
looked for is described in `length`.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, TypeVar

from catalog_pipeline.catalogue.bounds import MAX_PAGES
from catalog_pipeline.catalogue.length import FixedLength, Length, OpenLength
from catalog_pipeline.catalogue.page_key import PageKey, page_keys

_Catalogue = TypeVar("_Catalogue", bound="ListingPages")


class ListingPages:
    """The pages of a listing, as far as the YAML says which there are."""

    if TYPE_CHECKING:  # Annotations of their own would be keys of the YAML, before all others.
        first_page: int
        last_page: int | None
        pages_: Length | None
        step: int | None
        offset: int
        _found: tuple[PageKey, ...] | None

    def check_length(self) -> None:
        """Make sure that it is said once how long the listing is.

        Raises:
            ValueError: it is not, or it cannot be.
        """
        is_told = isinstance(self.pages_, FixedLength) and self.pages_.last == self.last_page
        if self.last_page is not None and self.pages_ is not None and not is_told:
            raise ValueError("last_page and pages say two things; leave one of them out")
        last = self.last_number
        if last is not None and last < self.first_page:
            raise ValueError(f"last_page ({last}) is less than first_page ({self.first_page})")
        if last is not None and last - self.first_page >= MAX_PAGES:
            raise ValueError(f"more than {MAX_PAGES:,} pages from first_page to last_page")
        if self.offset and self.step is None:
            raise ValueError("offset is of use with step alone")

    @property
    def last_number(self) -> int | None:
        """Number of the last page; None where the site tells it."""
        return self.pages_.last if isinstance(self.pages_, FixedLength) else self.last_page

    @property
    def open_length(self) -> OpenLength | None:
        """How the end is looked for; None if it is known."""
        return self.pages_ if isinstance(self.pages_, OpenLength) else None

    @property
    def first_key(self) -> PageKey:
        """The first page, which every catalogue has."""
        return PageKey(self.first_page)

    @property
    def pages(self) -> tuple[PageKey, ...]:
        """All pages of the catalogue, in order.

        Raises:
            LookupError: the site tells which pages there are, and nobody has looked it up.
        """
        last = self.last_number
        if last is not None:
            return page_keys(self.first_page, last)
        if self._found is None:
            raise LookupError("the pages are found by crawls; look them up first")
        return self._found

    def with_pages(self: _Catalogue, pages: tuple[PageKey, ...]) -> _Catalogue:
        """The catalogue with the pages that were found."""
        found = copy(self)
        found._found = pages
        return found

    def page_value(self, number: int) -> int:
        """What stands for a page in its address: its number, or an offset."""
        if self.step is None:
            return number
        return self.offset + (number - self.first_page) * self.step

    def page_of_value(self, value: int) -> int | None:
        """The number of the page for which that stands; None if it is that of none."""
        if self.step is None:
            return value
        pages, rest = divmod(value - self.offset, self.step)
        return None if rest or pages < 0 else self.first_page + pages
