"""The workers of a crawl: processes of several threads each, fed over sockets.

Processes, because one Python process cannot download, parse and record as fast as the contract
asks; of their own session, so that a Ctrl-C in the terminal reaches only the scheduler, which
lets them finish.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection, wait
from types import TracebackType

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.orphans import WORKER_MODULE
from catalog_pipeline.crawling.working.request_slots import HeldWaves
from catalog_pipeline.errors import WorkerError
from catalog_pipeline.places import CataloguePlaces

_REQUESTS_WORTH_A_PROCESS = 4
_THREADS_PER_REQUEST = 2
"""While one thread waits for the site, the other may parse and store the page before."""
_PATIENCE_SECONDS = 10.0
"""How long workers may take to end, which includes storing the pages that they had asked for."""
_SLOW_RATE = 50.0
"""Requests per second up to which one process is certainly enough."""


class _Worker:
    """One process, its connection, and what it was given and has not answered."""

    def __init__(self, setup: messages.WorkerSetup, inherited: Sequence[int]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", WORKER_MODULE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), *inherited],
                start_new_session=True,
            )
        self.connection = Connection(ours.detach())
        try:
            self.connection.send(setup)
        except OSError as error:
            raise _died(self) from error
        self.threads = setup.threads
        self.busy = 0


class WorkerPool:
    """Context manager around the worker processes of one crawl.

    `held` says which waves they do not ask for any more. The workers keep the `inherited`
    descriptors open as long as they live.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        places: CataloguePlaces,
        inherited: Sequence[int] = (),
        *,
        asks: bool = True,
    ) -> None:
        self.capacity = catalogue.politeness.concurrency
        self.asked_robots = ""
        """The robots.txt that was asked for before the crawl began, until its answer is taken."""
        self.held = HeldWaves.make()
        shares = _requests_of_processes(catalogue, os.cpu_count() or 1)
        self._workers = [
            _Worker(
                messages.WorkerSetup(
                    catalogue,
                    places,
                    share * _THREADS_PER_REQUEST,
                    share,
                    self.held.descriptor,
                    asks,
                ),
                [self.held.descriptor, *inherited],
            )
            for share in shares
        ]
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

    def submit(self, task: messages.Task) -> None:
        """Give a task to the worker with the most idle threads."""
        worker = max(self._workers, key=lambda each: each.threads - each.busy)
        worker.busy += 1
        try:
            worker.connection.send(task)
        except OSError as error:
            raise _died(worker) from error

    def answers(self, timeout_seconds: float) -> list[messages.Answer]:
        """Answers that have come in; waits for the first one up to the given time.

        Raises:
            WorkerError: a process ended before it answered.
        """
        by_connection = {worker.connection: worker for worker in self._workers}
        ready = wait(list(by_connection), timeout=max(0.0, timeout_seconds))
        found: list[messages.Answer] = []
        for connection in ready:
            worker = by_connection[connection]  # type: ignore[index]
            try:
                while True:
                    answer: messages.Answer = worker.connection.recv()
                    worker.busy -= not isinstance(answer, messages.News)
                    found.append(answer)
                    if not worker.connection.poll():
                        break
            except (EOFError, OSError) as error:
                if not found:
                    raise _died(worker) from error
                break
        return found

    def close(self, *, at_once: bool = False) -> None:
        """End the workers; what they were doing is given up, `at_once` or after a while."""
        for worker in self._workers:
            worker.connection.close()
            if at_once:
                worker.process.kill()
        for worker in self._workers:
            try:
                worker.process.wait(timeout=_PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        self.held.close()

    @property
    def pids(self) -> list[int]:
        """The process ids of the workers."""
        return [worker.process.pid for worker in self._workers]


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


def _died(worker: _Worker) -> WorkerError:
    status = worker.process.wait()
    return WorkerError(f"A worker process of the crawl ended (exit status {status}).")
