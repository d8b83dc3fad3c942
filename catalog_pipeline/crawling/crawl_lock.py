"""One crawl of a catalogue at a time, whoever started it.

A crawl holds the lock of its catalogue's data folder from before it looks at what is due until its
last page is recorded; a second one waits, and can say whom it waits for. Not here: how a lock is
held (``locked_file``), and the queue of the web UI's runs, which Dagster keeps.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog_pipeline.crawling.locked_file import LockedFile, is_locked, read_values

LOCK_FILE = "crawl.lock"
POLL_SECONDS = 0.2


def try_acquire(catalogue_dir: Path, holder: str) -> LockedFile | None:
    """Takes the lock of a catalogue if it is free; ``holder`` is the id of the crawl's run."""
    values = {"holder": holder, "pid": os.getpid()}
    return LockedFile.try_take(catalogue_dir / LOCK_FILE, values)


def holder_of(catalogue_dir: Path) -> str | None:
    """Who crawls the catalogue now: a run id and a process id; None if nobody does."""
    path = catalogue_dir / LOCK_FILE
    if not is_locked(path):
        return None
    values = read_values(path)
    return f"run {values.get('holder', 'unknown')} (process {values.get('pid', 'unknown')})"


@contextmanager
def catalogue_lock(
    catalogue_dir: Path,
    holder: str,
    *,
    on_wait: Callable[[str], None] = lambda who: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Iterator[bool]:
    """Holds the lock of a catalogue, waiting for it as long as another crawl has it.

    ``on_wait`` is told whom it waits for, once per holder. Yields False, without the lock, if
    ``should_stop`` said so while waiting. A signal handler that raises ends the waiting too.
    """
    told = None
    while (lock := try_acquire(catalogue_dir, holder)) is None:
        if should_stop():
            yield False
            return
        who = holder_of(catalogue_dir)
        if who is not None and who != told:
            on_wait(who)
            told = who
        time.sleep(POLL_SECONDS)
    try:
        yield True
    finally:
        lock.release(remove=False)
