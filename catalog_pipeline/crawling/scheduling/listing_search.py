"""What all searches for the pages of a listing have in common: what they know, and how they end.

How a search looks for pages, and what it believes, is its own: `open_search`, `told_search`,
`linked_search`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone

from catalog_pipeline.catalogue.length import FoundLength
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.crawling.scheduling.page_source import PageSource, Unproven
from catalog_pipeline.records import ListingEnd, ListingFindings


class ListingSearch(PageSource):
    """The search in one listing, of which `known` are the pages so far."""

    def __init__(self, known: Sequence[PageKey], rules: FoundLength) -> None:
        self._known = {page.number: page for page in known}
        self._first, self._listing = min(self._known), known[0].listing
        self._may_lose = rules.may_lose
        self._kept: Sequence[PageKey] = ()
        self._failures: Sequence[Unproven] = ()
        self._is_over = False

    def last_failures(self) -> Sequence[Unproven]:
        return self._failures

    def kept(self) -> Sequence[PageKey]:
        return self._kept

    @property
    def is_over(self) -> bool:
        return self._is_over

    def _key(self, number: int) -> PageKey:
        return PageKey(number, self._listing)

    def _beyond(self, last: int) -> list[PageKey]:
        """The pages that are gone if that one is the last."""
        return [self._known[number] for number in sorted(self._known) if number > last]

    def _settle(self, problem: str, last: int | None, signs: str | None) -> str:
        """Come to the result that the listing ends there, or nowhere yet; or to the problem.

        More pages than may be gone at once are one, too, and stay. Without `signs` the end is not
        told, though pages are gone. What is returned is the problem that there was, or "".
        """
        self._is_over = True
        gone = self._beyond(last) if last is not None else []
        if not problem and last is not None:
            problem = self._too_many_gone(last, gone)
            self._kept = gone if problem else ()
        if problem:
            self.findings = ListingFindings(problems=(problem,), doubted=tuple(self._kept))
        elif last is not None:
            now = datetime.now(timezone.utc)
            end = None if signs is None else ListingEnd(self._key(last), signs, now)
            self.findings = ListingFindings(tuple(gone), end)
        return problem

    def _too_many_gone(self, last: int, gone: Sequence[PageKey]) -> str:
        """The sentence that more pages seem to be gone than may be at once; "" if they do not."""
        known = len(self._known)
        if len(gone) <= self._may_lose * known:
            return ""
        return (
            f"the listing seems to end at page {self._key(last)} now, and pages "
            f"{format_pages(gone)} to be gone: {len(gone)} of {known}, more than shrink "
            f"({self._may_lose:.0%}) allows; nothing was changed"
        )
