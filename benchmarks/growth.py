"""`python -m benchmarks.growth`: that home and data of a catalogue stop growing with its refreshes.

Refreshes of all pages one after the other, in this process; after each, what is old is removed, as
the daemon does once a day. Runs are kept for the time of some refreshes, by the clock.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.ours import CATALOGUE, environment, prepare
from benchmarks.server_process import serving

if TYPE_CHECKING:
    import dagster as dg

    from catalog_pipeline.catalogue.model import Catalogue

_MEGABYTE = 1_000_000
_MOST_GROWTH = 1.1
_AS_QUICK = 1.5
"""Times of so little work vary by as much."""
_LOOKS = 5


@dataclass(frozen=True)
class Moment:
    """How it stands after a refresh: bytes on the disk, and processor seconds of questions."""

    home: int
    data: int
    status_seconds: float
    grid_seconds: float
    prune_seconds: float


def refreshes(job: Job, count: int, kept: int) -> Iterator[Moment]:
    """Refresh a catalogue so often, and look at it each time; the last `kept` are not removed."""
    prepare(job)
    file = job.folder / "defs" / CATALOGUE / "defs.yaml"
    text = file.read_text().rstrip("\n")
    file.write_text(f"{text}\n  retention: {{runs: 1d}}\n")
    os.environ.update(environment(job.folder))

    from catalog_pipeline.catalogue.files import load_catalogue, with_base_url
    from catalog_pipeline.orchestration.instance.open import open_instance

    catalogue = with_base_url(load_catalogue(CATALOGUE), job.base_url)
    began: list[datetime] = []
    for _ in range(count):
        began.append(datetime.now(timezone.utc))
        with open_instance() as instance:
            _refresh(instance, catalogue)
            # A day after the beginning of the oldest one that is kept.
            seconds = _pruned(instance, catalogue, began[-kept:][0] + timedelta(days=1))
            status, grid = _questions(instance, catalogue)
        # Closed, so that nothing of it is in a write-ahead log.
        home, data = (_bytes(job.folder / name) for name in ("dagster_home", "data"))
        yield Moment(home, data, status, grid, seconds)


def _refresh(instance: dg.DagsterInstance, catalogue: Catalogue) -> None:
    from catalog_pipeline.crawling.context import CrawlContext
    from catalog_pipeline.crawling.lock import catalogue_lock
    from catalog_pipeline.orchestration.commands.crawl_and_build import crawl_and_build
    from catalog_pipeline.orchestration.commands.request import CrawlRequest
    from catalog_pipeline.orchestration.commands.spectator import Spectator
    from catalog_pipeline.places import catalogue_places

    now = datetime.now(timezone.utc)
    with catalogue_lock(catalogue_places(catalogue.name).folder, "the benchmark") as lease:
        request = CrawlRequest(catalogue, tuple(catalogue.pages), now)
        result = crawl_and_build(instance, request, Spectator(), CrawlContext(lease=lease))
    if not result.is_good:
        raise SystemExit(f"a refresh failed: {result}")


def _pruned(instance: dg.DagsterInstance, catalogue: Catalogue, now: datetime) -> float:
    from catalog_pipeline.orchestration.runs.pruning import prune

    began = time.perf_counter()
    prune(instance, [catalogue], now)
    return time.perf_counter() - began


def _questions(instance: dg.DagsterInstance, catalogue: Catalogue) -> tuple[float, float]:
    """Processor seconds of what `status` asks, and of what the web UI's grid asks.

    Both are answered within this process; what else the machine does is none of their business.
    """
    import dagster as dg

    from catalog_pipeline.orchestration.checkpoints.standing import read_standing
    from catalog_pipeline.orchestration.names import pages_key

    names = [str(page) for page in catalogue.pages]
    partitions = dg.StaticPartitionsDefinition(names)
    status, grid = [], []
    for _ in range(_LOOKS):
        began = time.process_time()
        if read_standing(instance, catalogue).due:
            raise SystemExit("not all pages are done")
        status.append(time.process_time() - began)
        began = time.process_time()
        instance.get_status_by_partition(pages_key(catalogue), names, partitions)
        grid.append(time.process_time() - began)
    return min(status), min(grid)


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def figures(moments: list[Moment], pages: int) -> list[Figure]:
    """The last fifth against the one before it, and what one refresh adds without removal."""
    fifth = max(1, len(moments) // 5)
    before, last = moments[-2 * fifth : -fifth], moments[-fifth:]
    early = moments[1 : 1 + fifth]
    adds = (moments[1].home - moments[0].home) / pages
    told = [Figure("bytes that a page's refresh adds to the home, with all that a run costs", adds)]
    for name in ("home", "data"):
        then, now = (median(getattr(each, name) for each in some) for some in (before, last))
        told.append(Figure(f"MB of the {name}, last but one fifth of the refreshes",
                           then / _MEGABYTE))  # fmt: skip
        told.append(Figure(f"MB of the {name}, last fifth", now / _MEGABYTE,
                           _MOST_GROWTH * then / _MEGABYTE))  # fmt: skip
    for name, what in (("status_seconds", "status"), ("grid_seconds", "the grid")):
        then, now = (median(getattr(each, name) for each in some) for some in (early, last))
        told.append(Figure(f"processor seconds of {what} at first", then))
        told.append(Figure(f"processor seconds of {what} at the end", now, _AS_QUICK * then))
    told.append(Figure("seconds of a prune at the end", median(m.prune_seconds for m in last)))
    return told


def main() -> None:
    """Refresh, measure and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--refreshes", type=int, default=100)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--kept", type=int, default=10)
    asked = parser.parse_args()
    moments = []
    with serving(asked.pages) as server:
        job = Job(server.url, asked.pages, asked.concurrency, job_folder())
        for number, moment in enumerate(refreshes(job, asked.refreshes, asked.kept), 1):
            moments.append(moment)
            print(f"{number}: home {moment.home / _MEGABYTE:.1f} MB, data "
                  f"{moment.data / _MEGABYTE:.1f} MB", flush=True)  # fmt: skip
    publish("growth", figures(moments, asked.pages))


if __name__ == "__main__":
    main()
