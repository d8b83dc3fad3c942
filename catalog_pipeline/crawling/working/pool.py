"""The workers of a crawl: processes of several threads each, fed over sockets.

Processes, because one Python process cannot download, parse and record as fast as the contract
asks, and because a page may crash or hang whatever reads it; of their own session, so that a Ctrl-C
in the terminal reaches only the scheduler, which lets them finish. One that dies or stands still is
replaced; what becomes of its pages is decided in `scheduling.casualties`.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import wait
from types import TracebackType

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.working.handle import WorkerHandle
from catalog_pipeline.crawling.working.request_slots import HeldWaves
from catalog_pipeline.crawling.working.signs_of_life import OwnTime
from catalog_pipeline.places import CataloguePlaces

_REQUESTS_WORTH_A_PROCESS = 4
_THREADS_PER_REQUEST = 2
"""While one thread waits for the site, the other may parse and store the page before."""
_PATIENCE_SECONDS = 10.0
"""How long workers may take to end, which includes storing the pages that they had asked for."""
_SLOW_RATE = 50.0
"""Requests per second up to which one process is certainly enough."""
_SECONDS_BETWEEN_LOOKS = 0.25
"""How often it is looked whether a page takes too much, or a worker does not get on."""


class WorkerPool:
    """Context manager around the worker processes of one crawl.

    `held` says which waves they do not ask for any more. The workers keep the `inherited`
    descriptors open as long as they live. `on_change` is told the process ids of all workers
    before one that was started is given anything but robots.txt. A page that is a danger to its
    worker goes `alone` to one more process, which is started when it is needed first.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        places: CataloguePlaces,
        inherited: Sequence[int] = (),
        *,
        on_change: Callable[[list[int]], None] = lambda pids: None,
        asks: bool = True,
    ) -> None:
        self.capacity = catalogue.politeness.concurrency
        self.asked_robots = ""
        """The robots.txt that was asked for before the crawl began, until its answer is taken."""
        self.held = HeldWaves.make()
        self._asks_until: Callable[[], float] = lambda: math.inf
        self._catalogue = catalogue
        self._places = places
        self._inherited = inherited
        self._on_change = on_change
        self._has_changed = False
        self._next_look = 0.0
        self._own_time = OwnTime()
        shares = _requests_of_processes(catalogue, os.cpu_count() or 1)
        self._asks = asks
        self._workers = [
            self._start(share, share * _THREADS_PER_REQUEST, is_last=number == len(shares))
            for number, share in enumerate(shares, start=1)
        ]
        self._lone: WorkerHandle | None = None
        self.threads = sum(worker.threads for worker in self._workers)

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # A second Ctrl-C means at once.
        self.close(at_once=kind is not None and not issubclass(kind, Exception))

    def ask_until(self, instant: Callable[[], float]) -> None:
        """Let the workers ask until an instant in `seconds_since_boot`, which is looked at here."""
        self._asks_until = instant
        self.held.hold_from(instant())

    def submit(self, task: messages.Task, *, alone: bool = False) -> None:
        """Give a task to the worker with the most idle threads, or to one that has no other."""
        if alone:
            if self._lone is None:
                self._lone = self._start(1, 1)
            worker = self._lone
        else:
            worker = max(self._workers, key=lambda each: each.idle_threads)
        if self._has_changed and not isinstance(task, messages.FetchRobots):
            self._on_change(self.pids)
            self._has_changed = False
        worker.give(task)

    @property
    def takes_one_alone(self) -> bool:
        """Whether a task may be given that is to be alone in its process."""
        return self._lone is None or self._lone.is_idle

    def answers(self, timeout_seconds: float) -> list[messages.Answer]:
        """Answers that have come in; waits for the first one up to the given time.

        A worker that has ended is replaced, and a `WorkerLost` tells of it.
        """
        self._look_at_workers()
        by_connection = {worker.connection: worker for worker in self._all}
        ready = wait(list(by_connection), timeout=max(0.0, timeout_seconds))
        self.held.hold_from(self._asks_until())
        found: list[messages.Answer] = []
        for connection in ready:
            worker = by_connection[connection]  # type: ignore[index]
            try:
                found.extend(worker.take())
            except (EOFError, OSError):
                found.append(self._replaced(worker))
        return found

    def close(self, *, at_once: bool = False) -> None:
        """End the workers; what they were doing is given up, `at_once` or after a while."""
        for worker in self._all:
            worker.close(at_once=at_once)
        for worker in self._all:
            worker.wait_for_end(_PATIENCE_SECONDS)
        self.held.close()

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers, known when they have begun, which is waited for."""
        return [pid for worker in self._all if (pid := worker.process.pid)]

    @property
    def _all(self) -> list[WorkerHandle]:
        return self._workers if self._lone is None else [*self._workers, self._lone]

    def _start(self, requests: int, threads: int, *, is_last: bool = True) -> WorkerHandle:
        setup = messages.WorkerSetup(
            self._catalogue, self._places, threads, requests, self.held.descriptor, self._asks
        )
        self._has_changed = True
        return WorkerHandle(setup, [self.held.descriptor, *self._inherited], is_last=is_last)

    def _replaced(self, worker: WorkerHandle) -> messages.WorkerLost:
        lost = worker.bury()
        if worker is self._lone:
            self._lone = None
        else:
            place = self._workers.index(worker)
            self._workers[place] = self._start(
                worker.threads // _THREADS_PER_REQUEST, worker.threads
            )
        return lost

    def _look_at_workers(self) -> None:
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
            own = self._own_time.at(now)
            for worker in self._all:
                worker.end_if_it_must(own)


def _requests_of_processes(catalogue: Catalogue, processors: int) -> list[int]:
    """How many requests each process has in flight; together the catalogue's concurrency."""
    concurrency = catalogue.politeness.concurrency
    rate = catalogue.politeness.requests_per_second
    is_slow = rate is not None and rate <= _SLOW_RATE
    if is_slow or catalogue.login is not None:
        return [concurrency]
    processes = max(1, min(processors, concurrency // _REQUESTS_WORTH_A_PROCESS))
    share, rest = divmod(concurrency, processes)
    return [share + (1 if index < rest else 0) for index in range(processes)]
