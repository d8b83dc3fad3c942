"""What was noted of the pages of a table while they were read, summed up as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import Discarded
from catalog_pipeline.tables.report import NotesOfPages
from catalog_pipeline.tables.stored_rows import PageRows

_MOST_TEXTS = 100


class NotesLedger:
    """Sums up the notes of pages."""

    def __init__(self) -> None:
        self._products = 0
        self._lost_rows = 0
        self._several: Counter[str] = Counter()
        self._discarded: Counter[str] = Counter()
        self._texts: list[tuple[PageKey, Discarded]] = []
        self._totals: dict[str | None, tuple[datetime, int]] = {}

    def add(self, pages: Iterable[PageRows]) -> None:
        """Take down what was noted of the next pages."""
        for page in pages:
            self._products += page.rows
            notes = page.notes
            if notes is None:
                continue
            self._products += notes.rows
            self._lost_rows += notes.rows
            self._several.update(notes.several)
            self._discarded.update(notes.discarded)
            room = _MOST_TEXTS - len(self._texts)
            self._texts += [(page.record.page, text) for text in notes.texts[:room]]
            if notes.total is not None:
                listing, told = page.record.page.listing, (page.record.fetched_at, notes.total)
                known = self._totals.get(listing)
                if known is None or known[0] <= told[0]:
                    self._totals[listing] = told

    @property
    def sum(self) -> NotesOfPages:
        """What the pages come to together."""
        return NotesOfPages(
            products=self._products,
            several=dict(self._several),
            discarded=dict(self._discarded),
            lost_rows=self._lost_rows,
            texts=tuple(self._texts),
            totals={listing: total for listing, (_, total) in self._totals.items()},
        )
