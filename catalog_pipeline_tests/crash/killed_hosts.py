"""One catalogue crawled by three machines at once, of which one is killed or stands still; judged.

What is missing of its pages another machine crawls then, as a retry of its run would.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
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
from catalog_pipeline_tests.crash.profiles import Profile
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.waiting import wait_for

PAGES = 90
PAGE_SIZE = 3
CONCURRENCY = 4
LATENCY_MS = 150
HOSTS = 3
SHARE = PAGES // HOSTS
RANGES = [f"{each * SHARE + 1}-{(each + 1) * SHARE}" for each in range(HOSTS)]
STANDS_STILL = 0.3
"""Share of the machines that are stopped, until another has crawled their pages at the least."""
LONGEST_SECONDS = 240.0
"""How long a machine may take at the most that waits for others, or for servers, on a busy one."""
RECORDED = (
    "SELECT partition, count(*) FROM event_logs WHERE partition IS NOT NULL "
    "AND dagster_event_type = 'ASSET_MATERIALIZATION' GROUP BY partition"
)

Take = Callable[[], CommandProcess]
"""Lets another machine begin with the pages of the one that dies."""


@dataclass(frozen=True)
class HostsVerdict:
    """What became of a crawl one of whose machines died, and how long it took from its beginning
    to a table of all pages."""

    what: str
    asked_before: int
    downloaded_again: int
    seconds: float
    complaints: tuple[str, ...]


def crawl_with_a_dead_host(
    folder: Path, number: int, seed: int, profile: Profile, still_seconds: float = 0.0
) -> HostsVerdict:
    """Let a machine die at a random page, its pages be crawled by another, and judge that.

    One that stands still does so for as long as that at the least.
    """
    chance = random.Random(f"{seed}/{number}")
    with new_scene(folder, profile) as scene:
        hosts = new_hosts(scene)
        dead, least = chance.randrange(HOSTS), chance.randrange(1, PAGES - HOSTS * CONCURRENCY)
        # The last page of who is to die hangs, so that it is alive then.
        scene.shop.control(faults=[f"{(dead + 1) * SHARE}=hang"])
        began_at = time.monotonic()
        runs = [host.execute(pages) for host, pages in zip(hosts, RANGES, strict=False)]
        wait_for("its first page", lambda: dead * SHARE + 1 in scene.downloads())
        wait_for("so many pages", lambda: len(scene.downloads()) >= least)
        before = sum(scene.downloads().values())
        found = [f"host {dead + 1} had come to its end before"] if runs[dead].has_ended else []
        take = partial(hosts[HOSTS].crawl, RANGES[dead])
        if chance.random() < STANDS_STILL:
            what = "stood still"
            taker, problems = _stand_still(
                scene, hosts[dead], dead, runs[dead], take, still_seconds
            )
            found += problems
        else:
            what = "killed"
            hosts[dead].kill(runs[dead])
            scene.shop.control(faults=[])
            taker = take()
        others = [run for each, run in enumerate(runs) if each != dead]
        build = built(hosts[HOSTS], scene, [taker, *others])
        seconds = time.monotonic() - began_at
        wait_for("all to end", lambda: not any(host.processes() for host in hosts))
        again = sum(scene.downloads().values()) - len(scene.downloads())
        found += [*_ends(taker, *others, build), *_complaints(scene, hosts, again)]
        return HostsVerdict(f"{what}: host {dead + 1}", before, again, seconds, tuple(found))


def measure_crawl(folder: Path, profile: Profile) -> float:
    """How long such a crawl takes in which nobody dies."""
    with new_scene(folder, profile) as scene:
        hosts = new_hosts(scene)
        began_at = time.monotonic()
        runs = [host.execute(pages) for host, pages in zip(hosts, RANGES, strict=False)]
        build = built(hosts[HOSTS], scene, runs)
        seconds = time.monotonic() - began_at
        assert not (problems := _ends(*runs, build)), problems
        return seconds


def new_scene(folder: Path, profile: Profile) -> Scene:
    """The shop and the catalogue that they crawl."""
    return profile.scene(
        folder,
        pages=PAGES,
        page_size=PAGE_SIZE,
        latency_ms=LATENCY_MS,
        politeness={"concurrency": CONCURRENCY, "obey_robots": False},
        runs_at_once=HOSTS,
    )


def new_hosts(scene: Scene) -> list[Host]:
    """The machines, and one more that takes over, or builds."""
    return [Host(scene, f"host-{each}") for each in range(HOSTS + 1)]


def built(host: Host, scene: Scene, before: list[CommandProcess]) -> CommandProcess:
    """The command that finds nothing due and builds the table, once the others have ended."""
    for each in before:
        each.wait(LONGEST_SECONDS)
    build = host.start("run", scene.site.name)
    build.wait()
    return build


def _stand_still(
    scene: Scene, host: Host, number: int, run: CommandProcess, take: Take, seconds: float
) -> tuple[CommandProcess, list[str]]:
    """Let it stand still, for so long at the least, while another takes over; who that is, and what
    is wrong with what it does when it goes on."""
    began_at = time.monotonic()
    with host.frozen(run):
        scene.shop.control(faults=[])
        taker = take()
        taker.wait(LONGEST_SECONDS)
        # How long it stands still is what this is about: nothing comes of it that one could await.
        time.sleep(max(0.0, began_at + seconds - time.monotonic()))
        before = _of_range(scene, number)
    found = list(_of_who_stood_still(run))
    wait_for("its workers to end", lambda: not host.processes())
    if (after := _of_range(scene, number)) != before:
        found.append(f"once it went on its pages were asked for or recorded: {before}, {after}")
    return taker, found


def _of_range(scene: Scene, number: int) -> dict[int, tuple[int, object]]:
    """How often each page of a machine was asked for, and recorded."""
    assert scene.database is not None
    recorded = {int(str(page)): count for page, count in scene.database.rows(RECORDED)}
    pages = range(number * SHARE + 1, (number + 1) * SHARE + 1)
    return {page: (scene.downloads()[page], recorded.get(page, 0)) for page in pages}


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
