"""One crawl of a catalogue at a time, and one build of its table, whoever started it.

A crawl holds the lock of its catalogue's data folder from before it looks at what is due until its
last page is recorded; a second one waits, and can say whom it waits for. Its workers share the
lock, so that it outlives a crawl that was killed by the moment they need to end; one that does not
end is killed by whoever waits. Not here: how a lock is held (``locked_file``), and the queue of the
web UI's runs, which Dagster keeps.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from catalog_pipeline.system.locked_file import LockedFile, is_locked, read_values
from catalog_pipeline.system.processes import arguments, is_alive_since, start_mark

CRAWL_LOCK = "crawl.lock"
TABLE_LOCK = "table.lock"
POLL_SECONDS = 0.2
LONGEST_AFTERLIFE_SECONDS = 15.0
"""How long workers may hold the lock of a crawl that has died; they themselves take a third."""
WORKER_MODULE = "catalog_pipeline.crawling.working.process"

_held_here: dict[Path, LockedFile] = {}
# A lock is let go of in a forked child.
os.register_at_fork(after_in_child=_held_here.clear)


def try_acquire(catalogue_dir: Path, holder: str, lock_file: str = CRAWL_LOCK) -> LockedFile | None:
    """Takes the lock of a catalogue if it is free; ``holder`` is the id of the crawl's run."""
    pid = os.getpid()
    values = {"holder": holder, "pid": pid, "started": start_mark(pid)}
    return LockedFile.try_take(catalogue_dir / lock_file, values)


def holder_of(catalogue_dir: Path, lock_file: str = CRAWL_LOCK) -> str | None:
    """Who crawls the catalogue now: a run id and a process id; None if nobody does."""
    path = catalogue_dir / lock_file
    return _name(read_values(path)) if is_locked(path) else None


def shared_descriptors(catalogue_dir: Path) -> list[int]:
    """What a program that this process starts has to keep open to share the crawl's lock."""
    lock = _held_here.get(catalogue_dir / CRAWL_LOCK)
    return [lock.descriptor] if lock is not None else []


def name_workers(catalogue_dir: Path, pids: list[int]) -> None:
    """Say in the crawl's lock which workers share it."""
    lock = _held_here.get(catalogue_dir / CRAWL_LOCK)
    if lock is not None:
        workers = [[pid, start_mark(pid)] for pid in pids]
        lock.write({**read_values(lock.path), "workers": workers})


@contextmanager
def catalogue_lock(
    catalogue_dir: Path,
    holder: str,
    *,
    lock_file: str = CRAWL_LOCK,
    on_wait: Callable[[str], None] = lambda who: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[bool]:
    """Holds the lock of a catalogue, waiting for it as long as another crawl has it.

    ``on_wait`` is told whom it waits for, once per holder. Yields False, without the lock, if
    ``should_stop`` said so while waiting. A signal handler that raises ends the waiting too.
    Within the block the process may ask for the same lock again and has it.
    """
    path = catalogue_dir / lock_file
    if path in _held_here:
        yield True
        return
    told, died_at = None, None
    while (lock := try_acquire(catalogue_dir, holder, lock_file)) is None:
        if should_stop():
            yield False
            return
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
            _kill_workers(values)
        time.sleep(POLL_SECONDS)
    _held_here[path] = lock
    try:
        yield True
    finally:
        del _held_here[path]
        lock.release(remove=False)


def _name(values: Mapping[str, Any]) -> str:
    run = f"run {values.get('holder', 'unknown')}"
    if _has_died(values):
        return f"{run}, which was killed and whose workers are storing their last pages"
    return f"{run} (process {values.get('pid', 'unknown')})"


def _has_died(values: Mapping[str, Any]) -> bool:
    """Whether the crawl that wrote these values into its lock is no more."""
    pid, mark = values.get("pid"), values.get("started")
    return isinstance(pid, int) and not is_alive_since(pid, mark)


def _kill_workers(values: Mapping[str, Any]) -> None:
    """End the workers of a dead crawl that Python itself cannot end, as in an endless pattern."""
    for worker in values.get("workers", []):
        # Releases before this one named workers by their numbers alone.
        pid, mark = worker if isinstance(worker, list) else (worker, None)
        # Numbers of processes are given again.
        if is_alive_since(pid, mark) and WORKER_MODULE in arguments(pid):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
