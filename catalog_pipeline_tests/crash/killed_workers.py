"""One crawl whose worker processes are killed at random instants while it goes on, and judged."""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline.crawling.orphans import WORKER_MODULE
from catalog_pipeline.system.processes import arguments
from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.invariants import Deaths, complaints
from catalog_pipeline_tests.crash.killed_crawl import new_scene
from catalog_pipeline_tests.crash.profiles import EMBEDDED, Profile
from catalog_pipeline_tests.crash.scene import Scene

LONGEST_PAUSE = 0.5
"""Seconds that a crawl goes on after a page was stored, and before the next death, at most."""
SHARE_AT_ONCE = 0.2
"""Deaths that wait for no page, and so meet workers that have just begun: not ten in a row, with
which a crawl would give up."""


@dataclass(frozen=True)
class WorkersVerdict:
    """What became of a crawl whose workers were killed."""

    kills: int
    in_flight: int
    downloaded_again: int
    complaints: tuple[str, ...]


def crawl_with_killed_workers(
    folder: Path, number: int, seed: int, most: int, profile: Profile = EMBEDDED
) -> WorkersVerdict:
    """Crawl while one worker after the other is killed, `most` of them, and judge the crawl."""
    chance = random.Random(f"{seed}/{number}")
    with new_scene(folder, profile=profile) as scene:
        deaths, kills = Deaths(scene), 0
        process = scene.start("run", scene.site.name, "--json")
        while kills < most and not process.is_over_within(chance.random() * LONGEST_PAUSE):
            killed, stored = _kill_one(scene, deaths, chance)
            kills += killed
            if chance.random() >= SHARE_AT_ONCE:
                _wait_for_more(scene, process, stored)
        process.wait()
        problems = _problems(scene, process)
        scene.wait_until_dead()
        problems += complaints(scene, deaths)
        return WorkersVerdict(
            kills, deaths.in_flight.total(), deaths.downloaded_again, tuple(problems)
        )


def _kill_one(scene: Scene, deaths: Deaths, chance: random.Random) -> tuple[bool, int]:
    """Whether there was a worker to kill, and how many pages were stored by then."""
    workers = [pid for pid in scene.processes() if WORKER_MODULE in arguments(pid)]
    if not workers:
        return False, 0
    stored = {page.number for page in scene.store.newest()}
    victim = chance.choice(workers)
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    deaths.note_one(stored)
    return True, len(stored)


def _wait_for_more(scene: Scene, process: CommandProcess, stored: int) -> None:
    while len(scene.store.newest()) == stored and not process.is_over_within(0.02):
        pass


def _problems(scene: Scene, process: CommandProcess) -> list[str]:
    return [] if process.code == 0 else [f"exit code {process.code}: {process.out} {process.err}"]
