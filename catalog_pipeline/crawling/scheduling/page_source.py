"""Where a crawl gets further pages from, besides those that are due; this one has none.

What others override is how they look for the pages of a listing whose length nobody has said.
Bookkeeping only: what is recorded, and when a page starts, is decided in `results` and `loop`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.scheduling.queue import PageWork
from catalog_pipeline.errors import PageError
from catalog_pipeline.records import ListingFindings, StoredPage


@dataclass(frozen=True)
class Held:
    """A page that came, and about which nothing is recorded before all pages before it settle."""

    stored: StoredPage
    attempts: int


@dataclass(frozen=True)
class Unproven:
    """A page that could not be had, and that the listing may not have."""

    page: PageKey
    url: str
    attempts: int
    error: PageError


class PageSource:
    """Tells which pages to ask for, and is told what became of them."""

    findings = ListingFindings()
    """What is known of the listing when all is over."""

    def next_page(self) -> PageKey | None:
        """A further page that may be asked for now; it counts as asked for."""
        return None

    def is_probe(self, page: PageKey) -> bool:
        """Whether it is not known yet whether the listing has the page."""
        return False

    def hold(self, held: Held, *, is_new: bool) -> None:
        """A probe came; `is_new` says that no other page shows its products."""

    def next_held(self) -> Held | None:
        """The probe that can be judged now, all pages before it being settled."""
        return None

    def is_too_far(self, page: PageKey) -> bool:
        """Whether a probe that shows products is beyond what the catalogue allows."""
        return False

    @property
    def gives_out_all(self) -> bool:
        """Whether the pages that are due are given out by it, too, in an order of its own."""
        return False

    def address_of(self, page: PageKey) -> str | None:
        """The address of a page as the YAML would name it, where another page has told it."""
        return None

    def good(self, stored: StoredPage) -> Sequence[Unproven]:
        """A page is one of the listing; what is returned could not be had and is so, too."""
        return ()

    def take_found(self) -> Sequence[PageKey]:
        """Pages that the listing has, as is known by now, and that are not asked for yet."""
        return ()

    def holds_back(self, failed: Unproven) -> bool:
        """Whether a page that could not be had is no failure, or none yet."""
        return False

    def conclude(self) -> PageKey | None:
        """Come to a result, with nothing left to ask; or a page that is to be asked once more."""
        return None

    def is_asked_again(self, page: PageKey) -> bool:
        """Whether the page is the one that `conclude` wanted to be asked once more."""
        return False

    def last_failures(self) -> Sequence[Unproven]:
        """The pages that were held back and are failures after all."""
        return ()

    def kept(self) -> Sequence[PageKey]:
        """The pages that stay as they were before the crawl."""
        return ()

    @property
    def is_over(self) -> bool:
        """Whether it has come to its result."""
        return True


def work_of(
    catalogue: Catalogue, source: PageSource, page: PageKey, previous: StoredPage | None
) -> PageWork:
    """What there is to do about a page, at the address that the YAML or another page tells."""
    path = source.address_of(page)
    if path is None:
        return PageWork(page, catalogue.page_address(page), previous)
    url = catalogue.absolute(path)
    is_served = catalogue.practice_shop is not None
    return PageWork(page, url, previous, asked_at=path if is_served else url)
