"""Pages are recorded in groups: one sync of their names and one transaction for many events.

A page file is durable when it comes here; what a kill loses of a group is found again by its
file. The limits of a group are written here and nowhere else.
"""

from __future__ import annotations

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.ports import Recorder
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.store import Store

MAX_PAGES = 50
MAX_SECONDS = 0.2


class GroupCommit:
    """Collects stored pages and records them, the names of their files made durable first."""

    def __init__(self, store: Store, recorder: Recorder) -> None:
        self._store = store
        self._recorder = recorder
        self._pages: list[StoredPage] = []
        self._opened_at = 0.0

    def add(self, page: StoredPage, now: float) -> None:
        """Take a page into the group; the caller flushes."""
        if not self._pages:
            self._opened_at = now
        self._pages.append(page)

    def drop(self, page: PageKey) -> bool:
        """Take a page out of the group again; False if it is not in it, being recorded already."""
        kept = [stored for stored in self._pages if stored.record.page != page]
        was_in_it = len(kept) < len(self._pages)
        self._pages = kept
        return was_in_it

    def seconds_left(self, now: float) -> float | None:
        """Time until the group has to be recorded; None while it is empty."""
        if not self._pages:
            return None
        if len(self._pages) >= MAX_PAGES:
            return 0.0
        return max(0.0, self._opened_at + MAX_SECONDS - now)

    def flush(self) -> None:
        """Record what is in the group."""
        if self._pages:
            self._store.sync()
            self._recorder.record_pages(self._pages)
            self._pages = []
