"""What becomes of a page that came, or that could not be had: recorded, held, taken back, failed.

Told of by `results`, when no further attempt follows. Which pages a listing has is looked for by
a `page_source`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.repeats import Repeats
from catalog_pipeline.crawling.scheduling.ledger import Ledger
from catalog_pipeline.crawling.scheduling.page_source import Held, PageSource, Unproven
from catalog_pipeline.errors import FetchError, PageError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.store import Store


class Settlement:
    """Decides it in the one thread that decides; `previous` are the pages as they were before."""

    def __init__(
        self,
        catalogue: Catalogue,
        ledger: Ledger,
        store: Store,
        repeats: Repeats,
        source: PageSource,
        clock: Callable[[], float],
    ) -> None:
        self.previous: Mapping[PageKey, StoredPage] = {}
        self._key = ", ".join(catalogue.key)
        self._ledger = ledger
        self._store = store
        self._repeats = repeats
        self._source = source
        self._clock = clock

    def page_came(self, stored: StoredPage, attempts: int) -> None:
        """A page is on disk; it is recorded unless it shows what another page shows.

        One that nobody knows to be there waits until all pages before it have settled.
        """
        if self._source.is_probe(stored.record.page):
            is_new = not self._repeats.others(stored.record)
            self._source.hold(Held(stored, attempts), is_new=is_new)
        else:
            self._settle(Held(stored, attempts))
        self.settle_held()

    def page_failed(self, page: PageKey, url: str, attempts: int, error: PageError) -> None:
        """A page could not be had, and is not tried any more."""
        self._fail(Unproven(page, url, attempts, error))
        self.settle_held()

    def latest(self, page: PageKey) -> StoredPage | None:
        """A page as it is stored now."""
        return self._repeats.page(page)

    def conclude(self) -> PageKey | None:
        """All pages that were asked for have settled; a page that is to be asked once more."""
        again = self._source.conclude()
        if again is None:
            for failed in self._source.last_failures():
                self._record_failure(failed)
            for page in self._source.kept():
                if page in self.previous:
                    self._ledger.page_kept(self.previous[page], self._clock())
        return again

    def settle_held(self) -> bool:
        """Judge the probes whose turn it is; whether there was one."""
        was_one = False
        while (held := self._source.next_held()) is not None:
            was_one = True
            if self._source.is_too_far(held.stored.record.page):
                self._store.discard(held.stored)
                break
            self._settle(held)
        return was_one

    def _settle(self, held: Held) -> None:
        stored, record = held.stored, held.stored.record
        others = self._repeats.others(record)
        if others and others[0].record.page < record.page:
            self._store.discard(stored)
            error = self._repeated(stored, others[0])
            self._fail(Unproven(record.page, record.url, held.attempts, error))
            return
        for other in others:
            self._take_back(other, stored)
        self._repeats.add(stored)
        proven = self._source.good(stored)
        if proven:
            # So that partitions are made in the order of their numbers.
            self._ledger.flush()
        for each in proven:
            self._record_failure(each)
        self._ledger.page_stored(stored, self._clock())
        found = self._source.take_found()
        if found:
            self._ledger.pages_found(found)

    def _take_back(self, other: StoredPage, stored: StoredPage) -> None:
        """A page of a higher number came before the one whose products it shows."""
        record = other.record
        self._repeats.remove(record.page)
        self._ledger.take_back(record.page)
        self._store.discard(other)
        error = self._repeated(other, stored)
        self._fail(Unproven(record.page, record.url, record.attempts, error))

    def _fail(self, failed: Unproven) -> None:
        if not self._source.holds_back(failed):
            self._record_failure(failed)

    def _record_failure(self, failed: Unproven) -> None:
        self._ledger.page_failed(failed.page, failed.url, failed.attempts, failed.error)

    def _repeated(self, stored: StoredPage, other: StoredPage) -> FetchError:
        page, record = other.record.page, stored.record
        problem = f"it shows exactly the products of page {page} (by {self._key})"
        return FetchError(
            problem,
            kind="repeats",
            url=record.url,
            page=record.page,
            http_status=record.http_status,
        )
