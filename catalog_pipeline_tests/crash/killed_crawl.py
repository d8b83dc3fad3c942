"""One crawl that is killed at a random instant, resumed until it is complete, and judged."""

from __future__ import annotations

import math
import random
import time
from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.invariants import Deaths, complaints
from catalog_pipeline_tests.crash.profiles import EMBEDDED, Profile
from catalog_pipeline_tests.crash.scene import VICTIMS, Scene, Victims

PAGES = 250
PAGE_SIZE = 4
LATENCY_MS = 80
SHARE_KILLED_TWICE = 0.25
MOST_RESUMES = 4


@dataclass(frozen=True)
class Life:
    """When, in seconds from its start, a whole command came to its milestones."""

    first_page: float
    last_page: float
    end: float


@dataclass(frozen=True)
class Wish:
    """How a crawl is to be killed; instants are shares of the life of a whole command."""

    number: int
    instant: float
    victims: Victims
    second_instant: float | None

    @classmethod
    def drawn(cls, number: int, seed: int) -> Wish:
        """The wish that follows from a seed and the number of the crawl."""
        chance = random.Random(f"{seed}/{number}")
        return cls(
            number=number,
            instant=chance.random(),
            victims=chance.choice(VICTIMS),
            second_instant=chance.random() if chance.random() < SHARE_KILLED_TWICE else None,
        )


@dataclass(frozen=True)
class Verdict:
    """What became of a killed crawl."""

    wish: Wish
    phases: tuple[str, ...]
    in_flight: int
    downloaded_again: int
    resumes: int
    complaints: tuple[str, ...]


def new_scene(folder: Path, pages: int = PAGES, profile: Profile = EMBEDDED) -> Scene:
    """The shop and catalogue of a crawl that will be killed."""
    return profile.scene(
        folder,
        pages=pages,
        page_size=PAGE_SIZE,
        latency_ms=LATENCY_MS,
        politeness={"concurrency": 8},
    )


def measure_life(folder: Path, pages: int = PAGES, profile: Profile = EMBEDDED) -> Life:
    """The life of a command that nobody kills."""
    with new_scene(folder, pages, profile) as scene:
        # The first command of all waits until there is something to fork.
        scene.run("list")
        started = time.monotonic()
        process = scene.start("run", scene.site.name, "--json")
        _wait_for_pages(scene, process, 1)
        first_page = time.monotonic() - started
        _wait_for_pages(scene, process, scene.pages)
        last_page = time.monotonic() - started
        assert process.code == 0, process.err
        return Life(first_page, last_page, time.monotonic() - started)


def kill_and_resume(
    folder: Path, wish: Wish, life: Life, pages: int = PAGES, profile: Profile = EMBEDDED
) -> Verdict:
    """Kill a crawl as wished, run it again until it is complete, and judge it."""
    with new_scene(folder, pages, profile) as scene:
        deaths = Deaths(scene)
        phases = [_killed(scene, wish.instant * life.end, life, deaths, wish)]
        if wish.second_instant is not None:
            phases.append(_killed(scene, wish.second_instant * life.end, life, deaths, wish))
        resumes, problems = 0, []
        while resumes < MOST_RESUMES:
            resumes += 1
            answer = scene.crawl("--json")
            if answer.code == 0:
                break
            problems.append(f"the resume ended with {answer.code}: {answer.out} {answer.err}")
        else:
            problems.append("it was never completed")
        scene.wait_until_dead()
        problems += complaints(scene, deaths)
        if wish.victims != "all" and deaths.in_flight:
            problems.append(f"workers that lived on did not store pages {sorted(deaths.in_flight)}")
        return Verdict(
            wish=wish,
            phases=tuple(phases),
            in_flight=deaths.in_flight.total(),
            downloaded_again=deaths.downloaded_again,
            resumes=resumes,
            complaints=tuple(problems),
        )


def _killed(scene: Scene, instant: float, life: Life, deaths: Deaths, wish: Wish) -> str:
    """Start the command and kill it; returns in which phase of its life it was.

    On a machine that is busy now and idle then, a milestone tells the instant better than a clock.
    """
    asked_before = scene.downloads().total()
    stored_before = len(scene.store.newest())
    process = scene.start("run", scene.site.name, "--json")
    if instant < life.first_page:
        is_over = process.is_over_within(instant)
    elif instant < life.last_page:
        share = (instant - life.first_page) / (life.last_page - life.first_page)
        left = scene.pages - stored_before
        is_over = _wait_for_pages(scene, process, stored_before + math.ceil(share * left))
    else:
        _wait_for_pages(scene, process, scene.pages)
        is_over = process.is_over_within(instant - life.last_page)
    scene.kill(process, wish.victims)
    deaths.note()
    return "over" if is_over else _phase(scene, asked_before)


def _wait_for_pages(scene: Scene, process: CommandProcess, pages: int) -> bool:
    """Wait until so many pages have files; returns whether the command ended before."""
    while len(scene.store.newest()) < pages:
        if process.is_over_within(0.01):
            return True
    return False


def _phase(scene: Scene, asked_before: int) -> str:
    """What the command was doing, by what it left."""
    if len(scene.stored()) == scene.pages:
        return "end" if scene.places.table.exists() else "events and table"
    return "start-up" if scene.downloads().total() == asked_before else "pages"
