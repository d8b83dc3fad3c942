"""Ends the workers of a crawl that has died, which Python itself cannot end, as in one long search.

Who they are, and when their time is up, is known to whoever waits for the crawl's lock (`lock`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from catalog_pipeline.system.processes import kill_if_it_is, start_mark

WORKER_MODULE = "catalog_pipeline.crawling.working.process"


@dataclass(frozen=True)
class WorkerSign:
    """What tells a worker from every other process; `mark` is None where it was not noted."""

    pid: int
    mark: str | None

    @classmethod
    def of(cls, pid: int) -> WorkerSign:
        """The sign of a worker that lives."""
        return cls(pid, start_mark(pid))


def kill_orphans(workers: Iterable[WorkerSign]) -> None:
    """Kill those of the workers that still live."""
    for worker in workers:
        kill_if_it_is(worker.pid, worker.mark, WORKER_MODULE)
