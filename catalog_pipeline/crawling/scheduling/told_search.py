"""Finds the pages of a listing whose first page tells which one is the last.

What the first page tells is believed at once if there are more pages than before. If there are
fewer, or if the last page is not there, it is asked once more at the end, and two answers that
follow each other have to agree before any page is dropped. What it tells is read in
`catalog_pipeline.reading.told`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from catalog_pipeline.catalogue.length import EndSigns, ToldLength
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.scheduling.end_signs import sign_of
from catalog_pipeline.crawling.scheduling.listing_search import ListingSearch
from catalog_pipeline.crawling.scheduling.page_source import Held, Unproven
from catalog_pipeline.records import StoredPage, Told

_MOST_LOOKS = 3
_SIGNS = EndSigns()


class ToldSearch(ListingSearch):
    """One listing; `known` are its pages so far, `due` those of them that the crawl asks for.

    `told` is what its first page told when it was fetched, if that counts still; `left` are pages
    that the catalogue does not have and that need no download.
    """

    def __init__(
        self,
        rules: ToldLength,
        known: Sequence[PageKey],
        due: Iterable[PageKey],
        *,
        told: Told | None = None,
        left: Mapping[PageKey, StoredPage] | None = None,
    ) -> None:
        super().__init__(known, rules)
        pending = {page.number for page in due}
        self._good = self._known.keys() - pending
        self._fresh: set[int] = set()
        self._left = {page.number: stored for page, stored in (left or {}).items()}
        self._top = max(self._known)
        """The last page that the catalogue has by now."""
        self._found: list[PageKey] = []
        self._to_ask: list[int] = []
        self._last: int | None = None
        self._said = ""
        self._agreed = self._looks = self._looks_since_lost = 0
        self._problem = ""
        self._lost: dict[int, Unproven] = {}
        if self._first not in pending:
            if told is not None and not told.problem:
                self._take(told)
            else:
                self._to_ask.append(self._first)

    def take_found(self) -> Sequence[PageKey]:
        found, self._found = self._found, []
        return found

    def next_page(self) -> PageKey | None:
        return PageKey(self._to_ask.pop(0), self._listing) if self._to_ask else None

    def next_held(self) -> Held | None:
        number = next((n for n in sorted(self._left) if n in self._known), None)
        if number is None:
            return None
        stored = self._left.pop(number)
        return Held(stored, stored.record.attempts)

    def good(self, stored: StoredPage) -> Sequence[Unproven]:
        number = stored.record.page.number
        self._good.add(number)
        self._fresh.add(number)
        if number == self._first:
            self._take(stored.record.told)
        if self._last is None or not self._lost:
            return ()
        top = max((n for n in self._good if n <= self._last), default=self._first)
        return [self._lost.pop(n) for n in sorted(self._lost) if n < top]

    def holds_back(self, failed: Unproven) -> bool:
        number = failed.page.number
        if number == self._first:
            self._problem = f"page {failed.page} could not be had: {failed.error.problem}"
            return self._looks > 0
        self._good.discard(number)
        may_be_gone = sign_of(failed.error, _SIGNS) is not None and number > max(
            self._good, default=0
        )
        is_beyond = self._last is not None and number > self._last
        most = self._may_lose * len(self._known)
        if not (may_be_gone or is_beyond) or self._problem or len(self._lost) >= max(most, 1):
            return False
        self._lost[number] = failed
        self._looks_since_lost = 0
        return True

    def conclude(self) -> PageKey | None:
        if self._is_over:
            return None
        is_doubtful = self._last is not None and (
            (self._last < self._top and self._agreed < 2)
            or (self._last in self._lost and not self._looks_since_lost)
        )
        if is_doubtful and not self._problem and self._looks < _MOST_LOOKS:
            self._looks += 1
            self._looks_since_lost += 1
            return self._key(self._first)
        last = self._last if self._last is not None else self._top
        signs = self._said if last in self._good else None
        problem = self._settle(self._why_unknown(), last, signs)
        kept = {page.number for page in self._kept}
        self._failures = [
            failed
            for number, failed in sorted(self._lost.items())
            if number not in kept and (problem or number <= last)
        ]
        return None

    def _take(self, told: Told | None) -> None:
        """Believe what the first page tells; further pages are the catalogue's from now on."""
        page = self._key(self._first)
        if told is None or told.last is None:
            why = told.problem if told is not None else "it was not looked for"
            self._problem = f"page {page} {why}"
            return
        self._problem = ""
        self._agreed = self._agreed + 1 if told.last == self._last else 1
        self._last = told.last
        self._said = f"page {page} tells it: {told.found}"
        new = [self._key(n) for n in range(self._top + 1, told.last + 1)]
        self._known |= {page.number: page for page in new}
        self._top = max(self._top, told.last)
        self._found += new
        self._to_ask += [page.number for page in new if page.number not in self._left]

    def _why_unknown(self) -> str:
        """Why it is not known how long the listing is; "" if it is."""
        if self._problem:
            again = " once more" if self._last is not None else ""
            return f"the length of the listing is not known{again}: {self._problem}"
        if self._last is None:
            return "the length of the listing is not known: its first page was not asked for"
        if self._last == self._top:
            return ""
        first = self._key(self._first)
        if self._agreed < 2:
            return (
                f"the length of the listing is not known: page {first} tells another number "
                f"of pages each time, {self._last} the last time"
            )
        beyond = [self._key(n) for n in sorted(self._fresh) if n > self._last]
        if beyond:
            return (
                f"page {first} tells that page {self._key(self._last)} is the last "
                f"one, but pages {format_pages(beyond)} show products of their own"
            )
        return ""
