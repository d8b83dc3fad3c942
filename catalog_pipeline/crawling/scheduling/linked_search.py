"""Follows the pages of a listing of which each says where the next one is.

One page after the other: the address of a page is what the page before it tells, as it was just
fetched or as it is recorded. Pages that are done are passed over by what they told, so that a
crawl goes on behind the last one. The listing ends with a page that tells of none after it; a page
that leads back to one of the same listing is a mistake of the site or of the YAML, and no end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from catalog_pipeline.catalogue.length import LinkedLength
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.scheduling.listing_search import ListingSearch
from catalog_pipeline.crawling.scheduling.page_source import Held, Unproven
from catalog_pipeline.errors import FetchError
from catalog_pipeline.records import PageRecord, StoredPage, Told


class LinkedSearch(ListingSearch):
    """One listing; `known` are its pages so far, `due` those of them that the crawl asks for.

    `recorded` are its pages as they are recorded, done or not; what they tell counts if `version`
    is that of their rule. `path_of` gives the address of a record as the YAML would name it.
    Without `looks` only the due pages are asked for. `left` are pages that the catalogue does not
    have and that need no download.
    """

    def __init__(
        self,
        rules: LinkedLength,
        known: Sequence[PageKey],
        due: Iterable[PageKey],
        *,
        version: str,
        first_path: str,
        path_of: Callable[[PageRecord], str],
        recorded: Mapping[PageKey, StoredPage],
        looks: bool = True,
        left: Mapping[PageKey, StoredPage] | None = None,
    ) -> None:
        super().__init__(known, rules)
        self._rules, self._version, self._looks = rules, version, looks
        self._due = {page.number for page in due}
        self._last_due = max(self._due, default=self._first - 1)
        self._path_of = path_of
        self._records = {page.number: stored.record for page, stored in recorded.items()}
        self._left = {page.number: stored for page, stored in (left or {}).items()}
        self._paths = {self._first: first_path}
        self._seen: dict[str, int] = {}
        self._next = self._first
        """The page that is looked at next."""
        self._asked: int | None = None
        self._held: Held | None = None
        self._fresh: set[int] = set()
        self._failed: set[int] = set()
        self._end: int | None = None
        self._again: int | None = None
        self._problem = ""
        self._lost: list[Unproven] = []

    @property
    def gives_out_all(self) -> bool:
        return True

    def address_of(self, page: PageKey) -> str | None:
        return None if page.number == self._first else self._paths[page.number]

    def next_page(self) -> PageKey | None:
        while self._asked is None and self._held is None and self._goes_on():
            number, self._next = self._next, self._next + 1
            if self._is_to_ask(number):
                self._asked = number
                return self._key(number)
        return None

    def next_held(self) -> Held | None:
        held, self._held = self._held, None
        return held

    def good(self, stored: StoredPage) -> Sequence[Unproven]:
        number = stored.record.page.number
        self._records[number] = stored.record
        self._fresh.add(number)
        self._asked = None
        self._failed.discard(number)
        if number == self._again and self._successor(number) is not None:
            self._end, self._next = None, number + 1
        return ()

    def holds_back(self, failed: Unproven) -> bool:
        self._asked = None
        if failed.page.number == self._again:
            self._problem = (
                f"the end of the listing is not confirmed: page {failed.page}, which leads to no "
                f"other, could not be had once more: {failed.error.problem}"
            )
            return True
        self._failed.add(failed.page.number)
        return False

    def conclude(self) -> PageKey | None:
        if self._is_over:
            return None
        end = self._end
        gone = self._beyond(end) if end is not None else []
        if gone and self._again is None and not self._problem and end is not None:
            self._again = self._asked = end
            return self._key(end)
        signs = None if end is None else f"it tells of no page after it: {self._told(end).found}"
        self._settle(self._problem, end, signs)
        self._failures = self._lost
        return None

    def _goes_on(self) -> bool:
        """Whether there is a page to look at yet."""
        if self._is_over or self._problem or self._end is not None:
            return False
        return self._looks or self._next <= self._last_due

    def _is_to_ask(self, number: int) -> bool:
        """Look at one page, and say whether it is to be asked for."""
        path = self._first_path if number == self._first else self._successor(number - 1)
        is_due, record = number in self._due, self._records.get(number)
        if number > self._first and path is None and self._looks and self._ends_before(number):
            self._end = number - 1
            return False
        if path is None:
            return self._is_lost(number, is_due)
        if not self._has_no_loop(number, path):
            return False
        self._paths[number] = path
        if number not in self._known:
            return self._is_found(number, path)
        return is_due or (record is not None and self._is_to_ask_anew(number, record, path))

    @property
    def _first_path(self) -> str:
        return self._paths[self._first]

    def _is_found(self, number: int, path: str) -> bool:
        """A page that the catalogue does not have yet: asked for, unless it is on the disk."""
        if number - self._first >= self._rules.at_most:
            self._problem = (
                f"the listing has more pages than at_most ({self._rules.at_most}) allows: page "
                f"{number - 1} leads to another one ({path})"
            )
            return False
        self._known[number] = self._key(number)
        stored = self._left.pop(number, None)
        if stored is None or self._path_of(stored.record) != path:
            return True
        self._held = Held(stored, stored.record.attempts)
        return False

    def _is_to_ask_anew(self, number: int, record: PageRecord, path: str) -> bool:
        """Whether a page that is done is not the one that the page before it leads to by now."""
        if not self._looks:
            return False
        is_moved = number - 1 in self._fresh and self._path_of(record) != path
        told = self._told(number)
        return is_moved or bool(told.problem) or told.by != self._version

    def _is_lost(self, number: int, is_due: bool) -> bool:
        """The address of a page is not known; False, as it cannot be asked for."""
        before = self._key(number - 1)
        told = self._told(number - 1)
        if told.problem and number - 1 in self._fresh:
            self._problem = (
                f"it is not known where the listing goes on: page {before} {told.problem}"
            )
        if number not in self._known:
            # The page before it failed, which says enough.
            self._looks, self._last_due = False, min(self._last_due, number - 1)
        elif is_due:
            page = self._key(number)
            error = FetchError(
                f"its address is not known: page {before} does not lead to it; run that page first",
                kind="no_address", url="", page=page,
            )  # fmt: skip
            self._lost.append(Unproven(page, "", 0, error))
        return False

    def _has_no_loop(self, number: int, path: str) -> bool:
        before = self._seen.setdefault(path, number)
        if before != number:
            last, first = (self._key(each) for each in (number - 1, before))
            self._problem = (
                f"the listing runs in a circle: page {last} leads back to page {first} ({path})"
            )
        return before == number

    def _told(self, number: int) -> Told:
        record = self._records.get(number)
        if record is not None and number in self._failed:
            # What an earlier page of that number has told counts if it was at the same address.
            record = record if self._path_of(record) == self._paths[number] else None
        return record.told if record is not None and record.told is not None else Told("")

    def _successor(self, number: int) -> str | None:
        told = self._told(number)
        return told.successor if told.by == self._version else None

    def _ends_before(self, number: int) -> bool:
        """Whether the page before tells that there is none after it."""
        told = self._told(number - 1)
        is_current = told.by == self._version and not told.problem
        return is_current and told.successor is None and number - 1 not in self._due - self._fresh
