"""The daily refresh cut short: retried, re-executed or overtaken, each page is downloaded once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.orchestration.commands.in_process import build_table_here
from catalog_pipeline.orchestration.definitions.component import CatalogueComponent
from catalog_pipeline.sandbox.shop import page_products
from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.invariants import Deaths, leftovers, table_rows
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.forked_programs import MODULE
from catalog_pipeline_tests.pages import keys

PAGES = 24
ALL = range(1, PAGES + 1)
PROGRAM = [*MODULE, "catalog_pipeline_tests.crash.scheduled_run"]


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """All pages are done, and the shop counts from zero."""
    schedule = {"cron": "0 6 * * *", "timezone": "UTC"}
    with Scene(tmp_path, pages=PAGES, schedule=schedule) as made:
        assert made.crawl_here().code == 0
        made.forget_downloads()
        yield made


def tick(scene: Scene) -> CommandProcess:
    """The daemon's work at a tick that is now."""
    now = datetime.now(timezone.utc).isoformat()
    return scene.start("tick", now, program=PROGRAM)


def run_of(process: CommandProcess) -> str:
    """The run that a process has executed."""
    return process.out.split()[0]


def cut_short(scene: Scene) -> tuple[CommandProcess, Deaths]:
    """A refresh that is killed half-way."""
    scene.shop.control(latency_ms=50)
    started = datetime.now(timezone.utc)
    refresh = tick(scene)
    refresh.until(lambda: len(scene.downloads()) >= 10, "ten pages were asked for")
    scene.shop.control(latency_ms=1500)
    refresh.kill()
    assert refresh.code == -signal.SIGKILL
    deaths = Deaths(scene)
    deaths.note(since=started)
    scene.shop.control(latency_ms=0)
    return refresh, deaths


def status_of(scene: Scene, run_id: str) -> dg.DagsterRunStatus:
    with scene.instance() as instance:
        run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_retry_downloads_only_what_the_refresh_had_not(scene: Scene) -> None:
    refresh, deaths = cut_short(scene)
    retry = scene.run("retry", run_of(refresh), program=PROGRAM)
    assert status_of(scene, run_of(retry)) == dg.DagsterRunStatus.SUCCESS
    assert set(scene.downloads()) == set(ALL)
    assert deaths.stored_pages_downloaded_again() == []
    assert scene.done() == set(ALL)

    before = scene.downloads()
    by_hand = scene.run("retry", run_of(refresh), program=PROGRAM)
    assert status_of(scene, run_of(by_hand)) == dg.DagsterRunStatus.SUCCESS
    assert scene.downloads() == before
    assert scene.done() == set(ALL)


def test_the_next_tick_overtakes_and_a_late_retry_has_nothing_left_to_do(scene: Scene) -> None:
    refresh, _ = cut_short(scene)
    scene.forget_downloads()
    overtaking = tick(scene)
    assert overtaking.wait() == 0
    assert scene.downloads() == dict.fromkeys(ALL, 1)
    late = scene.run("retry", run_of(refresh), program=PROGRAM)
    assert status_of(scene, run_of(late)) == dg.DagsterRunStatus.SUCCESS
    assert scene.downloads() == dict.fromkeys(ALL, 1)
    assert scene.done() == set(ALL)
    assert leftovers(scene) == []


def test_a_page_that_fails_for_three_days_holds_up_neither_the_others_nor_the_table(
    scene: Scene,
) -> None:
    scene.shop.control(faults=["7=404"])
    for day in (1, 2, 3):
        others = [page for page in ALL if page != 7]
        scene.shop.control(reset_hits=True, revise=others)
        refresh = tick(scene)
        refresh.wait()
        assert status_of(scene, run_of(refresh)) == dg.DagsterRunStatus.FAILURE
        assert scene.downloads() == dict.fromkeys(ALL, 1)
        statuses = scene.statuses()
        assert (set(statuses.failed), statuses.done) == (set(keys(7)), set(keys(*others)))
        assert prices_after_build(scene) == current_prices(scene, {7: 0}, otherwise=day)


def prices_after_build(scene: Scene) -> dict[int, object]:
    """Build the table if its sensor wants that; returns the price of each page's first product."""
    with scene.as_environment() as instance:
        component = CatalogueComponent(scene.catalogue)
        (sensor,) = component.build_defs().sensors or ()
        with dg.build_sensor_context(instance=instance) as context:
            assert isinstance(sensor(context), dg.RunRequest)
        assert build_table_here(instance, scene.catalogue).error is None
    return {int(str(row[0])): row[4] for row in table_rows(scene.places.table) if row[1] == 1}


def current_prices(scene: Scene, revisions: dict[int, int], *, otherwise: int) -> dict[int, object]:
    """The shop's price of each page's first product after so many revisions."""
    size = scene.shop.settings.page_size
    return {
        page: page_products(page, size, revisions.get(page, otherwise))[0].price for page in ALL
    }
