"""Whether a crawl goes on: it ends before its time if it is asked to, or if nearly all pages fail.

When it has nothing left to do is known to whoever does it.
"""

from __future__ import annotations

from collections.abc import Callable

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.scheduling.ledger import Ledger
from catalog_pipeline.errors import CrawlStoppedError
from catalog_pipeline.records import CrawlOutcome


class Stopping:
    """Looks whether new pages may start; once they may not, they never may again."""

    def __init__(self, catalogue: str, ledger: Ledger, must_stop: Callable[[], bool]) -> None:
        self._catalogue = catalogue
        self._ledger = ledger
        self._must_stop = must_stop
        self._was_asked = False
        self._reason: str | None = None

    @property
    def has_begun(self) -> bool:
        """Whether the crawl is ending before its time."""
        return self._was_asked or self._reason is not None

    def begins_now(self) -> bool:
        """Whether there is a reason to stop that was not there at the last look."""
        if not self._was_asked and self._must_stop():
            self._was_asked = True
            self._ledger.stopping("asked to stop")
            return True
        if not self.has_begun:
            self._reason = self._ledger.reason_to_stop()
            if self._reason is not None:
                self._ledger.stopping(self._reason)
                return True
        return False

    def outcome(self, untried: tuple[PageKey, ...]) -> CrawlOutcome:
        """The result of the crawl, all of which is recorded.

        Raises:
            CrawlStoppedError: it gave up.
        """
        if self._reason is not None:
            raise CrawlStoppedError(f"{self._catalogue}: {self._reason}.")
        return self._ledger.outcome(untried, was_stopped=self._was_asked)
