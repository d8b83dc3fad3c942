"""Ctrl-C, SIGTERM and SIGKILL of a crawl in the terminal, and going on afterwards."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog_pipeline.crawling.lock import TABLE_LOCK, catalogue_lock
from catalog_pipeline.orchestration.names import plain_products_key
from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.invariants import Deaths, complaints, most_in_flight
from catalog_pipeline_tests.crash.scene import VICTIMS, Scene, Victims, dying

PAGES = 40
LATENCY_MS = 400
CONCURRENCY = 4


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with Scene(tmp_path, pages=PAGES, latency_ms=LATENCY_MS) as made:
        yield made


def half_way(scene: Scene, *options: str) -> CommandProcess:
    """A crawl that has asked for some of its pages, and will not get the others soon."""
    process = scene.start("run", "shop", *options)
    process.until(lambda: len(scene.downloads()) >= 12, "12 pages were asked for")
    scene.shop.control(latency_ms=1500)
    return process


def with_slow_requests(
    process: CommandProcess, scene: Scene, latency_ms: int = 1500
) -> CommandProcess:
    """The crawl with all its requests at the site, whose answers will take a while."""
    scene.shop.control(latency_ms=latency_ms)
    since = time.time()

    def are_slow() -> bool:
        log = scene.shop.log()
        began = [when for when, path, status in log if "page=" in path and not status]
        if len(began) != CONCURRENCY or min(began) < since:
            return False
        ages = [time.time() - when for when in began]
        # None is about to be answered, and none is on its way here.
        return min(ages) > 0.2 and max(ages) < latency_ms / 1000 - 0.5

    return process.until(are_slow, "slow requests began")


def printed_command(process: CommandProcess) -> list[str]:
    """The arguments of the command that a message names for going on."""
    (line,) = [line for line in process.out.splitlines() if "Go on with: " in line]
    program, *arguments = line.partition("Go on with: ")[2].split()
    assert program == "catalog-pipeline"
    return arguments


@pytest.mark.parametrize(
    ("number", "whole_group"), [(signal.SIGINT, True), (signal.SIGTERM, False)]
)
def test_asked_to_stop_it_finishes_the_pages_in_flight_and_says_how_to_go_on(
    scene: Scene, number: int, whole_group: bool
) -> None:
    process = half_way(scene)
    process.signal(number, whole_group=whole_group)
    assert process.wait() == 130
    scene.wait_until_dead()
    asked = set(scene.downloads())
    assert 12 <= len(asked) < PAGES
    assert scene.done() == asked
    assert "finishing the pages in flight" in process.err

    scene.shop.control(latency_ms=0)
    assert scene.run(*printed_command(process)).code == 0
    assert complaints(scene, Deaths(scene)) == []
    assert scene.downloads() == dict.fromkeys(range(1, PAGES + 1), 1)


def _crawl_is_over(scene: Scene) -> bool:
    with scene.instance() as instance:
        (run,) = instance.get_runs(limit=1)
        return run.is_finished


@pytest.mark.parametrize("is_waited", [True, False])
def test_a_second_ctrl_c_ends_at_once_and_loses_nothing_that_was_recorded(
    scene: Scene, is_waited: bool
) -> None:
    scene.describe(politeness={"read_timeout_seconds": 900, "request_timeout_seconds": 900})
    # For longer than the end of the command is waited for.
    process = with_slow_requests(half_way(scene), scene, 600_000)
    process.signal(signal.SIGINT, whole_group=True)
    if is_waited:
        process.until(lambda: "finishing the pages in flight" in process.err, "it was stopping")
        process.signal(signal.SIGINT, whole_group=True)
    else:
        while not _crawl_is_over(scene):
            process.signal(signal.SIGINT, whole_group=True)
    assert process.wait() == 130
    deaths = Deaths(scene)
    deaths.note()
    assert scene.stored() == scene.done()
    assert scene.statuses().failed == {}

    scene.shop.control(latency_ms=0)
    assert scene.crawl_here().code == 0
    assert complaints(scene, deaths) == []


@pytest.mark.parametrize("point", ["Ctrl-C as a run begins", "Ctrl-C as a run ends"])
@pytest.mark.parametrize("run", [1, 2], ids=["crawl", "table"])
def test_a_ctrl_c_at_the_edge_of_a_run_is_an_interruption_too(
    tmp_path: Path, point: str, run: int
) -> None:
    with Scene(tmp_path) as scene:
        interrupted = dying(scene, point, run)
        assert interrupted.code == 130
        assert "Interrupted. Go on with: " in interrupted.out
        assert scene.crawl_here().code == 0
        assert complaints(scene, Deaths(scene)) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_asked_to_stop_while_it_waits_for_another_crawl_it_ends(
    tmp_path: Path, number: int
) -> None:
    with Scene(tmp_path) as scene, catalogue_lock(scene.places.folder, "a test"):
        process = scene.start("run", "shop")
        process.until(lambda: "waiting for its end" in process.err, "it was waiting")
        process.signal(number)
        assert process.wait() == 130
        assert "Interrupted" in process.err


def test_a_ctrl_c_during_the_build_of_the_table_is_an_interruption_too(tmp_path: Path) -> None:
    with Scene(tmp_path) as scene:
        assert scene.crawl_here("--pages", "1").code == 0
        with catalogue_lock(scene.places.folder, "a test", lock_file=TABLE_LOCK):
            process = scene.start("run", "shop")
            process.until(lambda: is_building(scene), "the table was to be built")
            process.signal(signal.SIGINT, whole_group=True)
            assert process.wait() == 130
        assert "Interrupted" in process.out + process.err
        assert scene.crawl_here().code == 0
        assert complaints(scene, Deaths(scene)) == []


def is_building(scene: Scene) -> bool:
    """Whether a run has begun to build the table of all pages."""
    with scene.instance() as instance:
        (run, *_) = instance.get_runs(limit=1)
    return (
        run.asset_selection == {plain_products_key("shop")} and len(scene.stored()) == scene.pages
    )


@pytest.mark.parametrize("victims", VICTIMS)
def test_a_killed_crawl_goes_on_where_it_was(scene: Scene, victims: Victims) -> None:
    """Workers that are left store what they had asked for; only without them is anything lost."""
    deaths = Deaths(scene)
    process = with_slow_requests(half_way(scene), scene)
    scene.kill(process, victims)
    asked = max(when for when, _, _ in scene.shop.log())
    deaths.note()
    late = [when for when, _, _ in scene.shop.log() if when > asked + 0.5]
    assert late == [], "a worker of the dead crawl goes on downloading"
    if victims == "all":
        assert 0 < deaths.largest <= most_in_flight(scene)
    else:
        assert deaths.largest == 0

    scene.shop.control(latency_ms=0)
    assert scene.crawl_here().code == 0
    assert complaints(scene, deaths) == []
    assert deaths.downloaded_again == deaths.in_flight.total()


@pytest.mark.parametrize("victims", VICTIMS)
def test_a_crawl_that_is_started_again_at_once_waits_for_the_pages_in_flight(
    scene: Scene, victims: Victims
) -> None:
    process = with_slow_requests(half_way(scene), scene)
    scene.kill(process, victims)
    begun = scene.downloads()
    resumed = scene.start("run", "shop")
    resumed.until(lambda: len(scene.downloads()) > len(begun), "it went on")
    scene.shop.control(latency_ms=0)
    assert resumed.wait() == 0
    again = {page for page, count in scene.downloads().items() if count > 1}
    assert len(again) <= (most_in_flight(scene) if victims == "all" else 0)
    deaths = Deaths(scene)
    deaths.in_flight.update(again)
    assert complaints(scene, deaths) == []


def test_a_worker_that_is_killed_is_replaced_and_the_crawl_goes_on(scene: Scene) -> None:
    process = half_way(scene)
    (worker,) = [pid for pid in scene.processes() if pid != process.pid]
    stored_before = scene.stored()
    os.kill(worker, signal.SIGKILL)
    scene.shop.control(latency_ms=0)
    assert process.wait() == 0
    assert scene.done() == set(range(1, PAGES + 1))
    again = {page for page, count in scene.downloads().items() if count > 1}
    assert again.isdisjoint(stored_before)
    assert len(again) <= most_in_flight(scene)
    deaths = Deaths(scene)
    deaths.in_flight.update(again)
    assert complaints(scene, deaths) == []


def test_an_interrupted_refresh_is_completed_by_the_command_it_names(scene: Scene) -> None:
    assert scene.crawl_here().code == 0
    scene.forget_downloads()
    process = half_way(scene, "--refresh")
    process.signal(signal.SIGINT, whole_group=True)
    assert process.wait() == 130
    assert len(scene.downloads()) < PAGES

    scene.shop.control(latency_ms=0)
    assert scene.run(*printed_command(process)).code == 0
    assert scene.downloads() == dict.fromkeys(range(1, PAGES + 1), 1)
    assert scene.done() == set(range(1, PAGES + 1))
