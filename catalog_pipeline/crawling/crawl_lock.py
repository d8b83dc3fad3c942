"""One crawl of a catalogue at a time, and one build of its table, whoever started it.

A crawl holds the lock of its catalogue's data folder from before it looks at what is due until its
last page is recorded; a second one waits, and can say whom it waits for. Its workers share the
lock, so that it outlives a crawl that was killed by the moment they need to end. Not here: how a
lock is held (``locked_file``), and the queue of the web UI's runs, which Dagster keeps.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog_pipeline.crawling.locked_file import LockedFile, is_locked, read_values

CRAWL_LOCK = "crawl.lock"
TABLE_LOCK = "table.lock"
POLL_SECONDS = 0.2

_held_here: dict[Path, LockedFile] = {}
# A lock is let go of in a forked child.
os.register_at_fork(after_in_child=_held_here.clear)


def try_acquire(catalogue_dir: Path, holder: str, lock_file: str = CRAWL_LOCK) -> LockedFile | None:
    """Takes the lock of a catalogue if it is free; ``holder`` is the id of the crawl's run."""
    values = {"holder": holder, "pid": os.getpid()}
    return LockedFile.try_take(catalogue_dir / lock_file, values)


def holder_of(catalogue_dir: Path, lock_file: str = CRAWL_LOCK) -> str | None:
    """Who crawls the catalogue now: a run id and a process id; None if nobody does."""
    path = catalogue_dir / lock_file
    if not is_locked(path):
        return None
    values = read_values(path)
    return f"run {values.get('holder', 'unknown')} (process {values.get('pid', 'unknown')})"


def shared_descriptors(catalogue_dir: Path) -> list[int]:
    """What a program that this process starts has to keep open to share the crawl's lock."""
    lock = _held_here.get(catalogue_dir / CRAWL_LOCK)
    return [lock.descriptor] if lock is not None else []


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
    told = None
    while (lock := try_acquire(catalogue_dir, holder, lock_file)) is None:
        if should_stop():
            yield False
            return
        who = holder_of(catalogue_dir, lock_file)
        if who is not None and who != told:
            on_wait(who)
            told = who
        time.sleep(POLL_SECONDS)
    _held_here[path] = lock
    try:
        yield True
    finally:
        del _held_here[path]
        lock.release(remove=False)
