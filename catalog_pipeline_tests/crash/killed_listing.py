"""One crawl that finds its pages, killed many times at random instants, then judged."""

from __future__ import annotations

import random
import time
from pathlib import Path

from catalog_pipeline.orchestration.checkpoints.known_pages import found_pages
from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.invariants import Deaths, complaints
from catalog_pipeline_tests.crash.profiles import EMBEDDED, Profile
from catalog_pipeline_tests.crash.scene import VICTIMS, Scene
from catalog_pipeline_tests.site import NAME
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS


def kill_a_listing(
    folder: Path, kind: str, pages: int, kills: int, seed: int, profile: Profile = EMBEDDED
) -> list[str]:
    """What was lost, doubled or out of order after so many kills; empty if nothing was."""
    chance = random.Random(f"{seed}/{kind}")
    politeness = {"concurrency": 4}
    with profile.scene(folder, pages=pages, page_size=3, kind=kind, politeness=politeness) as scene:
        deaths, found = Deaths(scene), list[str]()
        for left in range(kills, 0, -1):
            stored = len(scene.store.newest())
            share = max(1, (pages - stored) // (left + 1))
            process = scene.start("run", NAME, "--json")
            _wait_for_files(scene, stored + chance.randint(1, 2 * share), process)
            scene.kill(process, chance.choice(VICTIMS))
            deaths.note()
            partitions = _partitions(scene)
            if partitions != list(range(1, len(partitions) + 1)) or len(partitions) > pages:
                found.append(f"after a kill the partitions are {partitions}")
        whole = scene.crawl_here("--json")
        if whole.code != 0:
            found.append(f"the last resume ended with {whole.code}: {whole.out} {whole.err}")
        scene.wait_until_dead()
        if _partitions(scene) != list(range(1, pages + 1)):
            found.append(f"the partitions are {_partitions(scene)}")
        return found + complaints(scene, deaths)


def _partitions(scene: Scene) -> list[int]:
    with scene.instance() as instance:
        return [page.number for page in found_pages(instance, scene.catalogue)]


def _wait_for_files(scene: Scene, wanted: int, process: CommandProcess) -> None:
    """Wait until so many pages are stored, or the command is over."""
    end = time.monotonic() + PATIENCE_SECONDS
    while len(scene.store.newest()) < wanted and not process.is_over_within(0.01):
        if time.monotonic() > end:
            raise AssertionError(f"no {wanted} pages are stored in time")
