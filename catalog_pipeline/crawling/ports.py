"""Whoever wants to see a crawl's progress implements `Observer`; the default sees nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.records import CrawlOutcome, PageFailure, StoredPage


class Observer:
    """Told of what happens in a crawl, in its main thread; slow work here slows the crawl."""

    def planned(self, plan: CrawlPlan) -> None:
        """The pages of the run were sorted into done, recovered and due."""

    def waiting_for(self, holder: str) -> None:
        """Another run crawls the catalogue; this one waits for it."""

    def page_stored(self, stored: StoredPage) -> None:
        """A page was downloaded, or confirmed by a 304, and is on disk."""

    def page_failed(self, failure: PageFailure) -> None:
        """A page was given up."""

    def put_off(self, reason: str, seconds: float) -> None:
        """A page, or the login, will be tried again after some seconds."""

    def slowed_down(self, reason: str) -> None:
        """The site asks for fewer requests than the catalogue would send."""

    def stopping(self, reason: str) -> None:
        """No new page starts; those in flight are being finished."""

    def finished(self, outcome: CrawlOutcome) -> None:
        """The crawl has ended by itself or as asked, and everything is recorded."""


_current: ContextVar[Observer] = ContextVar("observer", default=Observer())  # noqa: B039


def current_observer() -> Observer:
    """The observer of the crawl in this context."""
    return _current.get()


@contextmanager
def observed_by(observer: Observer) -> Iterator[None]:
    """Let `observer` see the crawl that runs within the block."""
    token = _current.set(observer)
    try:
        yield
    finally:
        _current.reset(token)
