"""The searches of a catalogue with several listings, as one: each page belongs to that of its own.

What a search does is its own business; the listings do not know of each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.scheduling.page_source import Held, PageSource, Unproven
from catalog_pipeline.records import ListingFindings, StoredPage


class SeveralListings(PageSource):
    """Asks the searches in the order of their listings; `due` are the pages that are due of all."""

    def __init__(
        self, searches: Mapping[str | None, PageSource], due: Iterable[PageKey] = ()
    ) -> None:
        self._searches = dict(searches)
        self._gives_out_all = any(each.gives_out_all for each in self._searches.values())
        self._due = iter([page for page in due if not self._of(page).gives_out_all])

    def next_page(self) -> PageKey | None:
        if self._gives_out_all:
            page = next(self._due, None)
            if page is not None:
                return page
        return next(self._first(each.next_page() for each in self._all), None)

    def is_probe(self, page: PageKey) -> bool:
        return self._of(page).is_probe(page)

    def hold(self, held: Held, *, is_new: bool) -> None:
        self._of(held.stored.record.page).hold(held, is_new=is_new)

    def next_held(self) -> Held | None:
        return next((held for each in self._all if (held := each.next_held()) is not None), None)

    def is_too_far(self, page: PageKey) -> bool:
        return self._of(page).is_too_far(page)

    @property
    def gives_out_all(self) -> bool:
        return self._gives_out_all

    def address_of(self, page: PageKey) -> str | None:
        return self._of(page).address_of(page)

    def good(self, stored: StoredPage) -> Sequence[Unproven]:
        return self._of(stored.record.page).good(stored)

    def take_found(self) -> Sequence[PageKey]:
        return [page for each in self._all for page in each.take_found()]

    def holds_back(self, failed: Unproven) -> bool:
        return self._of(failed.page).holds_back(failed)

    def conclude(self) -> PageKey | None:
        again = next(self._first(each.conclude() for each in self._all), None)
        if again is None:
            found = [each.findings for each in self._all]
            self.findings = ListingFindings(
                gone=tuple(page for each in found for page in each.gone),
                problems=tuple(
                    f"{name}: {problem}"
                    for name, each in self._searches.items()
                    for problem in each.findings.problems
                ),
                ends=tuple(each.end for each in found if each.end is not None),
                doubted=tuple(page for each in found for page in each.doubted),
            )
        return again

    def is_asked_again(self, page: PageKey) -> bool:
        return self._of(page).is_asked_again(page)

    def last_failures(self) -> Sequence[Unproven]:
        return [failed for each in self._all for failed in each.last_failures()]

    def kept(self) -> Sequence[PageKey]:
        return [page for each in self._all for page in each.kept()]

    @property
    def is_over(self) -> bool:
        return all(each.is_over for each in self._all)

    @property
    def _all(self) -> Iterable[PageSource]:
        return self._searches.values()

    def _of(self, page: PageKey) -> PageSource:
        return self._searches[page.listing]

    @staticmethod
    def _first(pages: Iterator[PageKey | None]) -> Iterator[PageKey]:
        return (page for page in pages if page is not None)
