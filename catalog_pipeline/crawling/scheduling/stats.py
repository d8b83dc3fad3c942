"""Numbers of a crawl: what was downloaded, confirmed by a 304, and given up."""

from __future__ import annotations

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import CrawlOutcome, PageFailure, PageRecord


class Stats:
    """Counts only; what is recorded, and told to whom, is in `ledger`."""

    def __init__(self) -> None:
        self._failures: list[PageFailure] = []
        self._downloads = 0
        self._not_modified = 0

    def page_came(self, record: PageRecord) -> None:
        """The site gave a page, or said that it has not changed."""
        if record.not_modified:
            self._not_modified += 1
        else:
            self._downloads += 1

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
        )
