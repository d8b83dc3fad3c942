"""Looks for the pages of a listing that nobody has told the length of, until its end is confirmed.

Pages beyond the last one that is known to be there are probes: no more of them are asked for than
a window allows, and they are judged in the order of their numbers. A page that shows a *sign* of
an end, such as no products, is no failure yet: if a page after it shows products, it is one; if it
and those after it are the last that there is to see, the listing has ended before it. A challenge,
an outage or a time-out is no sign: a listing whose end is hidden behind one has not ended.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from catalog_pipeline.catalogue.length import OpenLength
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.repeats import Repeats
from catalog_pipeline.crawling.scheduling.end_signs import NO_PRODUCT, REPEAT, sign_of
from catalog_pipeline.crawling.scheduling.listing_search import ListingSearch
from catalog_pipeline.crawling.scheduling.page_source import Held, Unproven
from catalog_pipeline.records import StoredPage


class OpenSearch(ListingSearch):
    """One listing; `known` are its pages so far, `due` those of them that the crawl asks for.

    `window` is how many probes may be on their way; `left` are pages that a dead crawl has stored.
    """

    def __init__(
        self,
        rules: OpenLength,
        known: Sequence[PageKey],
        due: Iterable[PageKey],
        *,
        window: int,
        left: Mapping[PageKey, StoredPage] | None = None,
    ) -> None:
        super().__init__(known, rules)
        self._rules, self._last_known = rules, max(self._known)
        self._pending = {page.number for page in due}
        self._good = set(self._known.keys() - self._pending)
        self._top = max(self._good, default=self._first - 1)
        """The last page that shows products of its own, by what is seen so far."""
        # An end is confirmed by several pages, however few may be asked for at once.
        self._window = max(window, rules.end.confirm)
        self._left = {page.number: stored for page, stored in (left or {}).items()}
        self._asks_after_all: list[int] = []
        self._asked = self._front = self._last_known
        self._held: dict[int, Held] = {}
        self._shown = Repeats()
        self._failed: dict[int, Unproven] = {}
        self._signs: dict[int, str] = {}
        self._proven: set[int] = set()
        self._too_far: int | None = None
        self._again: int | None = None
        self._again_problem = ""

    def next_page(self) -> PageKey | None:
        if self._asks_after_all:
            return self._key(self._asks_after_all.pop(0))
        while self._may_go_on_to(self._asked + 1):
            self._asked += 1
            if self._asked not in self._left:
                return self._key(self._asked)
        return None

    def is_probe(self, page: PageKey) -> bool:
        return page.number not in self._known and page.number not in self._good

    def hold(self, held: Held, *, is_new: bool) -> None:
        number = held.stored.record.page.number
        self._held[number] = held
        if is_new and not self._shown.others(held.stored.record):
            self._shown.add(held.stored)
            self._top = max(self._top, number)

    def next_held(self) -> Held | None:
        if self._pending:
            return None
        while self._front + 1 in self._failed or self._front + 1 in self._good:
            self._front += 1
        number = self._front + 1
        if number <= self._asked and number in self._left:
            stored = self._left.pop(number)
            if self._front in self._good:
                return Held(stored, stored.record.attempts)
            # What was stored some time ago is no proof against an end that shows today.
            self._asks_after_all.append(number)
            return None
        return None if self._may_repeat_a_lost_page(number) else self._held.pop(number, None)

    def is_too_far(self, page: PageKey) -> bool:
        if page.number - self._first < self._rules.at_most:
            return False
        self._too_far = page.number
        self._front = max(self._front, page.number)
        return True

    def good(self, stored: StoredPage) -> Sequence[Unproven]:
        number = stored.record.page.number
        self._pending.discard(number)
        self._good.add(number)
        self._top = max(self._top, number)
        self._signs.pop(number, None)
        self._failed.pop(number, None)
        proven = sorted(
            each
            for each in self._failed
            if each < number and each not in self._known and each not in self._proven
        )
        self._proven.update(proven)
        return [self._failed[each] for each in proven]

    def holds_back(self, failed: Unproven) -> bool:
        number = failed.page.number
        if number == self._again:
            self._again_problem = failed.error.problem
            return True
        self._pending.discard(number)
        self._good.discard(number)
        self._shown.remove(failed.page)
        if number == self._top:
            shown = (page.number for page in self._shown.pages)
            self._top = max([*self._good, *shown], default=self._first - 1)
        self._failed[number] = failed
        sign = sign_of(failed.error, self._rules.end) if number != self._first else None
        if sign is not None:
            self._signs[number] = sign
        return sign is not None or number not in self._known

    def conclude(self) -> PageKey | None:
        if self._is_over:
            return None
        problem = self._why_not_ended()
        last = max(self._good, default=self._first)
        if not problem and self._again is None and self._wants_another_look(last):
            self._again = last
            return self._key(last)
        shown = () if problem else self._confirming(last)
        signs = "; ".join(f"page {self._key(n)}: {self._signs[n]}" for n in shown)
        problem = self._settle(problem, last, signs)
        kept = {page.number for page in self._kept}
        self._failures = [
            self._failed[number]
            for number in sorted(self._signs)
            if number in self._known and number not in kept and (problem or number < last)
        ]
        return None

    def is_asked_again(self, page: PageKey) -> bool:
        return page.number == self._again

    def _may_go_on_to(self, number: int) -> bool:
        sign = min((each for each in self._signs if each > self._top), default=None)
        confirm = self._rules.end.confirm
        is_behind_a_sign = sign is not None and number >= sign + confirm
        is_too_far = number - self._first >= self._rules.at_most + confirm
        is_far = number > max(self._top, self._last_known) + self._window
        return not (self._is_over or self._too_far or is_behind_a_sign or is_too_far or is_far)

    def _is_lost(self, number: int) -> bool:
        """Whether a page could not be had, and it is not known that it repeats another."""
        return number in self._failed and self._signs.get(number) != REPEAT

    def _may_repeat_a_lost_page(self, number: int) -> bool:
        """Whether a page may show the products of the one before it, which could not be had.

        Not if a later page shows others, or ends the listing in another way.
        """
        if not self._is_lost(number - 1):
            return False
        shown = (page.number for page in self._shown.pages)
        return not any(each > number for each in (*self._signs, *shown))

    def _confirming(self, last: int) -> range:
        return range(last + 1, last + 1 + self._rules.end.confirm)

    def _wants_another_look(self, last: int) -> bool:
        """Pages without products may be those of a site that blocks the crawl by now."""
        return any(self._signs[number] == NO_PRODUCT for number in self._confirming(last))

    def _why_not_ended(self) -> str:
        """Why the end is not confirmed; "" if it is."""
        last = max(self._good, default=None)
        if self._too_far is not None:
            return (
                f"the listing has more pages than at_most ({self._rules.at_most}) allows: page "
                f"{self._key(self._too_far)} shows products"
            )
        if last is None:
            return "the end of the listing was not found: no page of it could be had"
        if self._again_problem:
            return (
                f"the end of the listing is not confirmed: page {self._key(last)}, the last one "
                f"with products, could not be had once more: {self._again_problem}"
            )
        signs = {self._signs.get(number) for number in self._confirming(last)}
        lost = self._front if self._held else last - 1
        if self._is_lost(lost) and (self._held or signs == {REPEAT}):
            why = self._failed[lost].error.problem
            return (
                f"the end of the listing is not confirmed: page {self._key(lost)} could not be "
                f"had, and page {self._key(lost + 1)} may only repeat it: {why}"
            )
        for number in self._confirming(last):
            if number not in self._signs:
                failed = self._failed.get(number)
                why = failed.error.problem if failed else "it was not asked for"
                return (
                    f"the end of the listing was not found: page {self._key(number)} could not be "
                    f"had: {why}"
                )
        return ""
