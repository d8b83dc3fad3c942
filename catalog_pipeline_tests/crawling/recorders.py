"""A recorder that keeps what it was given, for crawls without Dagster; one suite holds it."""

from collections.abc import Sequence

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import PageFailure, StoredPage


class KeptRecords:
    """A `Recorder` in memory; `groups` are the pages as they were recorded together."""

    def __init__(self) -> None:
        self.groups: list[list[StoredPage]] = []
        self.failures: list[PageFailure] = []
        self.found: list[PageKey] = []

    def pages_found(self, pages: Sequence[PageKey]) -> None:
        self.found += pages

    def record_pages(self, pages: Sequence[StoredPage]) -> None:
        self.groups.append(list(pages))

    def record_failure(self, failure: PageFailure) -> None:
        self.failures.append(failure)

    def take_back(self, page: PageKey) -> None:
        self.groups = [
            [stored for stored in group if stored.record.page != page] for group in self.groups
        ]

    @property
    def pages(self) -> list[StoredPage]:
        """All recorded pages, in the order of their numbers."""
        found = [stored for group in self.groups for stored in group]
        return sorted(found, key=lambda stored: stored.record.page)
