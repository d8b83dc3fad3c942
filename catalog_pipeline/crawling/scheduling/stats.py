"""Numbers of a crawl: what was downloaded, confirmed by a 304, and given up."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.records import CrawlOutcome, PageFailure, PageRecord


class Stats:
    """Counts only; what is recorded, and told to whom, is in `ledger`."""

    def __init__(self) -> None:
        self._failures: list[PageFailure] = []
        self._downloads = 0
        self._not_modified = 0
        self._with_secrets: list[PageKey] = []

    def page_came(self, record: PageRecord) -> None:
        """The site gave a page, or said that it has not changed."""
        if record.not_modified:
            self._not_modified += 1
        else:
            self._downloads += 1

    def secret_sent_back(self, page: PageKey) -> None:
        """The products of a page held a secret of this crawl, which is hidden in its rows."""
        self._with_secrets.append(page)

    def page_failed(self, failure: PageFailure) -> None:
        """A page was given up."""
        self._failures.append(failure)

    def outcome(self, untried: tuple[PageKey, ...], *, was_stopped: bool) -> CrawlOutcome:
        """The crawl's result; it was not stopped short if nothing was left to try."""
        return CrawlOutcome(
            downloads=self._downloads,
            not_modified=self._not_modified,
            failures=tuple(sorted(self._failures, key=lambda failure: failure.page)),
            untried=untried,
            was_stopped=was_stopped and bool(untried),
            with_secrets=tuple(sorted(self._with_secrets)),
        )


def told_of_secrets(pages: Sequence[PageKey]) -> str:
    """That pages sent back what they should not have, for the run's log and the terminal."""
    return (
        f"The site's pages {format_pages(pages)} sent back a secret of this crawl in their "
        f"products; it is hidden in their rows."
    )
