"""Several observers of one crawl as one."""

from __future__ import annotations

from collections.abc import Sequence

from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.records import CrawlOutcome, PageFailure, StoredPage


class Together(Observer):
    """Tells each of them, in their order."""

    def __init__(self, observers: Sequence[Observer]) -> None:
        self._observers = observers

    def planned(self, plan: CrawlPlan) -> None:
        for observer in self._observers:
            observer.planned(plan)

    def waiting_for(self, holder: str) -> None:
        for observer in self._observers:
            observer.waiting_for(holder)

    def going_on(self, waited_seconds: float) -> None:
        for observer in self._observers:
            observer.going_on(waited_seconds)

    def pages_found(self, number: int) -> None:
        for observer in self._observers:
            observer.pages_found(number)

    def page_stored(self, stored: StoredPage) -> None:
        for observer in self._observers:
            observer.page_stored(stored)

    def page_failed(self, failure: PageFailure) -> None:
        for observer in self._observers:
            observer.page_failed(failure)

    def put_off(self, reason: str, seconds: float) -> None:
        for observer in self._observers:
            observer.put_off(reason, seconds)

    def slowed_down(self, reason: str) -> None:
        for observer in self._observers:
            observer.slowed_down(reason)

    def stopping(self, reason: str) -> None:
        for observer in self._observers:
            observer.stopping(reason)

    def finished(self, outcome: CrawlOutcome) -> None:
        for observer in self._observers:
            observer.finished(outcome)

    def gave_up(self, outcome: CrawlOutcome) -> None:
        for observer in self._observers:
            observer.gave_up(outcome)
