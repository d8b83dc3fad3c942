"""Which listing pages show exactly the products of another page of the same listing.

A shop may answer a page beyond its last one with the last one again, or any page with the first.
The page of the lower number is taken as the one that has these products. Values only; what becomes
of a page that repeats another is decided in `plan` and in `scheduling.results`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import PageRecord, StoredPage


class Repeats:
    """The products that pages have shown, and which pages show them."""

    def __init__(self, pages: Iterable[StoredPage] = ()) -> None:
        self._pages: dict[tuple[str | None, str], dict[PageKey, StoredPage]] = {}
        self._signs: dict[PageKey, list[tuple[str | None, str]]] = {}
        for stored in pages:
            self.add(stored)

    def add(self, stored: StoredPage) -> None:
        """Note what a page shows, in place of what it showed before."""
        page = stored.record.page
        self.remove(page)
        self._signs[page] = list(signs_of(stored.record))
        for sign in self._signs[page]:
            self._pages.setdefault(sign, {})[page] = stored

    def remove(self, page: PageKey) -> None:
        """Forget what a page shows."""
        for sign in self._signs.pop(page, ()):
            self._pages[sign].pop(page, None)

    def page(self, page: PageKey) -> StoredPage | None:
        """A page as it was noted last."""
        return next((self._pages[sign][page] for sign in self._signs.get(page, ())), None)

    @property
    def pages(self) -> Iterable[PageKey]:
        """The pages of which it is noted what they show."""
        return self._signs

    def others(self, record: PageRecord) -> list[StoredPage]:
        """The other pages with exactly the products of this one, by their numbers."""
        found: dict[PageKey, StoredPage] = {}
        for sign in signs_of(record):
            found |= self._pages.get(sign, {})
        found.pop(record.page, None)
        return [found[page] for page in sorted(found)]


def signs_of(record: PageRecord) -> Iterator[tuple[str | None, str]]:
    """By what a page's products are known; nothing where it has none, as two of those differ."""
    if record.products is not None:
        yield record.page.listing, record.products
    if record.rows:
        yield record.page.listing, record.data_version
