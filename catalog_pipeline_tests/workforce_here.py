"""Workers in the thread of the test: no process is started, a crawl takes a tenth of a second.

Not here: what such a crawl is to do. What workers are as processes is held by their own tests.
"""

from __future__ import annotations

from collections import deque
from types import TracebackType

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.workforce import Workforce
from catalog_pipeline.crawling.working.page_worker import PageWorker
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.crawling.working.request_slots import HeldWaves
from catalog_pipeline.places import CataloguePlaces


class WorkersHere(WorkerPool):
    """A pool that does each task when its answer is asked for, in the thread that asks."""

    def __init__(self, catalogue: Catalogue, places: CataloguePlaces) -> None:
        self.capacity = self.threads = 1
        self.asked_robots = ""
        self.held = HeldWaves.make()
        self._worker = PageWorker(catalogue, places)
        self._tasks: deque[messages.Task] = deque()

    def submit(self, task: messages.Task, *, alone: bool = False) -> None:
        self._tasks.append(task)

    @property
    def takes_one_alone(self) -> bool:
        return True

    def answers(self, timeout_seconds: float) -> list[messages.Answer]:
        if not self._tasks:
            return []
        news: list[messages.Answer] = []
        answer = self._worker.do(self._tasks.popleft(), news.append)
        return [*news, answer]

    def close(self, *, at_once: bool = False) -> None:
        self.held.close()


class WorkforceHere(Workforce):
    """Those workers, with a catalogue whose site somebody else serves."""

    def __init__(self, catalogue: Catalogue, places: CataloguePlaces) -> None:
        self.catalogue = catalogue
        self.pool = WorkersHere(catalogue, places)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """They end with the run that they were made for."""
