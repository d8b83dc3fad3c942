"""One catalogue crawled by three machines at once, of which one is killed or stands still; judged.

What is missing of its pages another machine crawls then, as a retry of its run would.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.hosts import Host
from catalog_pipeline_tests.crash.invariants import (
    complaints_of_events,
    complaints_of_table,
    most_in_flight,
)
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

Take = Callable[[], CommandProcess]
"""Lets another machine begin with the pages of the one that dies."""


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
        dead, least = chance.randrange(HOSTS), chance.randrange(1, PAGES - HOSTS * CONCURRENCY)
        # The last page of who is to die hangs, so that it is alive then.
        scene.shop.control(faults=[f"{(dead + 1) * share}=hang"])
        runs = [host.execute(pages) for host, pages in zip(hosts, ranges, strict=False)]
        wait_for("its first page", lambda: dead * share + 1 in scene.downloads())
        wait_for("so many pages", lambda: len(scene.downloads()) >= least)
        before = sum(scene.downloads().values())
        found = [f"host {dead + 1} had come to its end before"] if runs[dead].has_ended else []
        stands_still = chance.random() < STANDS_STILL
        die = _stand_still if stands_still else _be_killed
        taker = die(scene, hosts[dead], runs[dead], partial(hosts[HOSTS].crawl, ranges[dead]))
        if stands_still:
            found += _of_who_stood_still(runs[dead])
        others = [run for each, run in enumerate(runs) if each != dead]
        build = _built(hosts[HOSTS], scene, [taker, *others])
        wait_for("all to end", lambda: not any(host.processes() for host in hosts))
        again = sum(scene.downloads().values()) - len(scene.downloads())
        found += [*_ends(taker, *others, build), *_complaints(scene, hosts, again)]
        what = f"{'stood still' if stands_still else 'killed'}: host {dead + 1}"
        return HostsVerdict(what, before, again, tuple(found))


def _be_killed(scene: Scene, host: Host, run: CommandProcess, take: Take) -> CommandProcess:
    host.kill(run)
    scene.shop.control(faults=[])
    return take()


def _stand_still(scene: Scene, host: Host, run: CommandProcess, take: Take) -> CommandProcess:
    with host.frozen(run):
        scene.shop.control(faults=[])
        taker = take()
        taker.wait()
    return taker


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
            # Makes the tables, which several that begin at once would be in each other's way at.
            with scene.instance():
                pass
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


def _of_who_stood_still(run: CommandProcess) -> Iterator[str]:
    if not run.wait():
        yield "who stood still came to its end as if nobody had taken over"
    told = " ".join((run.out + run.err).split())
    if "has taken over; nothing is recorded from here any more" not in told:
        yield f"who stood still does not say who has taken over: {told}"


def _complaints(scene: Scene, hosts: list[Host], again: int) -> Iterator[str]:
    if lacking := set(scene.numbers) - set(scene.downloads()):
        yield f"pages {sorted(lacking)} were never asked for"
    if again > (most := most_in_flight(scene)):
        yield f"{again} downloads more than there are pages, and {most} are allowed"
    yield from complaints_of_events(scene)
    yield from complaints_of_table(scene, hosts[HOSTS].places)
