"""What a line of the benchmark is: a crawler, how it is started, where its rows are."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.measure import Command
from benchmarks.server_process import BUILD_FOLDER
from benchmarks.shop import Product


@dataclass(frozen=True)
class Job:
    """One crawl to be done: pages 1 to `pages` of the shop at `base_url`, into `folder`."""

    base_url: str
    pages: int
    concurrency: int
    folder: Path


@dataclass(frozen=True)
class Line:
    """A crawler in the benchmark."""

    name: str
    title: str
    set_up: Callable[[Job], Command]
    """Writes what the crawl needs into the job's folder; the command that does it."""
    rows: Callable[[Job], Iterable[Product]]
    """Reads the rows from the crawler's own output."""
    durable: str
    """What of a page is on the disk, and when it has been synced, as seen by its system calls."""
    only_pages: int | None = None
    """Crawls this many pages, whatever the others crawl: where more would take hours."""


def job_folder() -> Path:
    """A fresh folder on the disk that holds the project, removed when the benchmark ends.

    Not sooner: ext4 examines every recently deleted inode before it makes a file, which would
    cost the next crawl half a millisecond for each of its files.
    """
    BUILD_FOLDER.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="job-", dir=BUILD_FOLDER))
    atexit.register(shutil.rmtree, folder)
    return folder
