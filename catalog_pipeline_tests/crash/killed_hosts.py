"""One catalogue crawled by three machines at once, of which one is killed or stands still; judged.

What is missing of its pages another machine crawls then, as a retry of its run would.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.hosts import Host
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.postgres_server import Database, write_postgres_home
from catalog_pipeline_tests.waiting import wait_for

PAGES = 90
PAGE_SIZE = 3
CONCURRENCY = 4
LATENCY_MS = 150
HOSTS = 3
STANDS_STILL = 0.3
"""Share of the machines that are stopped for as long as another needs for their pages."""


@dataclass(frozen=True)
class HostsVerdict:
    """What became of a crawl one of whose machines died."""

    what: str
    asked_before: int
    downloaded_again: int
    complaints: tuple[str, ...]


def crawl_with_a_dead_host(
    folder: Path, number: int, seed: int, database: Database
) -> HostsVerdict:
    """Let a machine die at a random page, its pages be crawled by another, and judge that."""
    chance = random.Random(f"{seed}/{number}")
    with _scene(folder, database) as scene:
        hosts = [Host(scene, f"host-{each}") for each in range(HOSTS + 1)]
        share = PAGES // HOSTS
        ranges = [f"{each * share + 1}-{(each + 1) * share}" for each in range(HOSTS)]
        runs = [host.execute(pages) for host, pages in zip(hosts, ranges, strict=False)]
        dead, least = chance.randrange(HOSTS), chance.randrange(1, PAGES - HOSTS * CONCURRENCY)
        wait_for("its first page", lambda: dead * share + 1 in scene.downloads())
        wait_for("so many pages", lambda: len(scene.downloads()) >= least)
        before = sum(scene.downloads().values())
        if chance.random() < STANDS_STILL:
            what = "stood still"
            with hosts[dead].frozen(runs[dead]):
                taker = hosts[HOSTS].crawl(ranges[dead])
                taker.wait()
            runs[dead].wait()
        else:
            what = "killed"
            hosts[dead].kill(runs[dead])
            taker = hosts[HOSTS].crawl(ranges[dead])
        others = [run for each, run in enumerate(runs) if each != dead]
        table = hosts[HOSTS].places.table
        build = _built(hosts[HOSTS], scene, [taker, *others])
        again = sum(scene.downloads().values()) - len(scene.downloads())
        found = [*_ends(taker, *others, build), *_complaints(scene, table, again)]
        return HostsVerdict(f"{what}: host {dead + 1}", before, again, tuple(found))


@contextmanager
def _scene(folder: Path, database: Database) -> Iterator[Scene]:
    before = dict(os.environ)
    os.environ.update(database.environ)
    try:
        with Scene(
            folder,
            pages=PAGES,
            page_size=PAGE_SIZE,
            latency_ms=LATENCY_MS,
            politeness={"concurrency": CONCURRENCY, "obey_robots": False},
            runs_at_once=HOSTS,
        ) as scene:
            write_postgres_home(scene.home)
            yield scene
    finally:
        os.environ.clear()
        os.environ.update(before)


def _built(host: Host, scene: Scene, before: list[CommandProcess]) -> CommandProcess:
    """The command that finds nothing due and builds the table, once the others have ended."""
    for each in before:
        each.wait()
    build = host.start("run", scene.site.name)
    build.wait()
    return build


def _ends(*commands: CommandProcess) -> list[str]:
    return [f"exit code {each.code}: {each.out} {each.err}" for each in commands if each.code]


def _complaints(scene: Scene, table: Path, again: int) -> Iterator[str]:
    pages = set(scene.numbers)
    if lacking := pages - set(scene.downloads()):
        yield f"pages {sorted(lacking)} were never asked for"
    if lacking := pages - scene.done():
        yield f"pages {sorted(lacking)} are not done"
    if again > 2 * CONCURRENCY:
        yield f"{again} downloads more than there are pages"
    rows = pq.read_table(table).column("product_id").to_pylist() if table.exists() else []
    if (len(rows), len(set(rows))) != (PAGES * PAGE_SIZE, PAGES * PAGE_SIZE):
        yield f"{len(rows)} rows, {len(set(rows))} products, instead of {PAGES * PAGE_SIZE}"
