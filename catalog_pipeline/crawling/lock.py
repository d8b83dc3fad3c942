"""One crawl of a catalogue at a time, and one build of its table, whoever started it.

A crawl holds the lock of its catalogue's data folder from before it looks at what is due until its
last page is recorded; a second one waits, and can say whom it waits for. Its workers share the
lock, so that it outlives a crawl that was killed by the moment they need to end; those that do not
end are handed to `orphans` by whoever waits. This is among the processes of one machine. Not here:
how a lock is held (`locked_file`), what several machines hold together, and the queue of the web
UI's runs, which Dagster keeps.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.orphans import WorkerSign, kill_orphans
from catalog_pipeline.crawling.ports import Lease
from catalog_pipeline.system.locked_file import LockedFile, is_locked, read_values
from catalog_pipeline.system.processes import is_alive_since, start_mark

CRAWL_LOCK = "crawl.lock"
TABLE_LOCK = "table.lock"
COMMAND = "catalog-pipeline run"
"""Who holds the lock of a crawl that is no run yet."""
POLL_SECONDS = 0.2
LONGEST_AFTERLIFE_SECONDS = 15.0
"""How long workers may hold the lock of a crawl that has died; they themselves take a third."""


class CatalogueLock:
    """A lock of a catalogue's folder that this process holds; a `Lease` of the crawl."""

    def __init__(self, file: LockedFile) -> None:
        self._file = file

    @property
    def descriptors(self) -> Sequence[int]:
        """What a program that this process starts has to keep open to share the lock."""
        return [self._file.descriptor]

    def name_workers(self, pids: Sequence[int]) -> None:
        """Say in the lock which workers share it."""
        workers = [astuple(WorkerSign.of(pid)) for pid in pids]
        self._file.write({**read_values(self._file.path), "workers": workers})

    @property
    def pages(self) -> frozenset[PageKey] | None:
        """All of them."""
        return None

    @property
    def asks_until(self) -> float:
        """For ever: the kernel keeps it for a process that is stopped, too."""
        return math.inf

    def check(self) -> None:
        """It is held until it is let go of."""

    def record(self, act: Callable[[], None]) -> None:
        """Do it: nobody else can have the lock."""
        act()

    def release(self) -> None:
        """Let go of the lock."""
        self._file.release(remove=False)


def try_acquire(
    catalogue_dir: Path, holder: str, lock_file: str = CRAWL_LOCK
) -> CatalogueLock | None:
    """Take the lock of a catalogue if it is free; `holder` is the id of the crawl's run."""
    pid = os.getpid()
    values = {"holder": holder, "pid": pid, "started": start_mark(pid)}
    taken = LockedFile.try_take(catalogue_dir / lock_file, values)
    return CatalogueLock(taken) if taken is not None else None


def holder_of(catalogue_dir: Path, lock_file: str = CRAWL_LOCK) -> str | None:
    """Who crawls the catalogue now: a run id and a process id; None if nobody does."""
    path = catalogue_dir / lock_file
    return _name(read_values(path)) if is_locked(path) else None


@contextmanager
def catalogue_lock(
    catalogue_dir: Path,
    holder: str,
    *,
    lock_file: str = CRAWL_LOCK,
    on_wait: Callable[[str], None] = lambda who: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[CatalogueLock | None]:
    """Hold the lock of a catalogue, waiting for it as long as another crawl has it.

    `on_wait` is told whom it waits for, once per holder. Yields None, without the lock, if
    `should_stop` said so while waiting. An exception out of a signal handler ends the waiting too.
    """
    lock = _wait_for(catalogue_dir, holder, lock_file, on_wait, should_stop)
    try:
        yield lock
    finally:
        if lock is not None:
            lock.release()


def still_held(lease: Lease | None) -> None:
    """Make sure of a lease, if there is one.

    Raises:
        LeaseLostError: somebody else has taken over.
    """
    if lease is not None:
        lease.check()


def while_held(lease: Lease, must_stop: Callable[[], bool]) -> Callable[[], bool]:
    """The same question, which is an error once the lease is lost."""

    def look() -> bool:
        lease.check()
        return must_stop()

    return look


def _wait_for(
    catalogue_dir: Path,
    holder: str,
    lock_file: str,
    on_wait: Callable[[str], None],
    should_stop: Callable[[], bool],
) -> CatalogueLock | None:
    path = catalogue_dir / lock_file
    told, died_at = None, None
    while (lock := try_acquire(catalogue_dir, holder, lock_file)) is None:
        if should_stop():
            return None
        values = read_values(path)
        # Without values, or a lock, its holder has just taken it or is letting go of it.
        if values and is_locked(path) and _name(values) != told:
            told = _name(values)
            on_wait(told)
        if not _has_died(values):
            died_at = None
        elif died_at is None:
            died_at = time.monotonic()
        elif time.monotonic() - died_at > LONGEST_AFTERLIFE_SECONDS:
            kill_orphans(_workers(values))
        time.sleep(POLL_SECONDS)
    return lock


def _name(values: Mapping[str, Any]) -> str:
    run = f"run {values.get('holder', 'unknown')}"
    if _has_died(values):
        return f"{run}, which was killed and whose workers are storing their last pages"
    return f"{run} (process {values.get('pid', 'unknown')})"


def _has_died(values: Mapping[str, Any]) -> bool:
    """Whether the crawl that wrote these values into its lock is no more."""
    pid, mark = values.get("pid"), values.get("started")
    return isinstance(pid, int) and not is_alive_since(pid, mark)


def _workers(values: Mapping[str, Any]) -> list[WorkerSign]:
    """The workers that a lock names; earlier releases named them by their numbers alone."""
    found = []
    for sign in values.get("workers", []):
        pid, mark = sign if isinstance(sign, list) else (sign, None)
        found.append(WorkerSign(pid, mark))
    return found
