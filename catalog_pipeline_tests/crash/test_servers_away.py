"""Three machines at a catalogue while the servers that they share have a bad time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.invariants import complaints_of_events, complaints_of_table
from catalog_pipeline_tests.crash.killed_hosts import (
    HOSTS,
    PAGES,
    RANGES,
    SHARE,
    built,
    new_hosts,
    new_scene,
)
from catalog_pipeline_tests.crash.profiles import Profile
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.object_server import Gate, ObjectServer
from catalog_pipeline_tests.postgres_server import PostgresServer
from catalog_pipeline_tests.waiting import wait_for

AWAY_SECONDS = 20.0
"""Twice as long as a lease lasts."""
BEGUN = 20
SLOW_MS = 600
"""With so much for a page, many are left when the server goes."""


@contextmanager
def _crawled(folder: Path, profile: Profile) -> Iterator[tuple[Scene, list[CommandProcess]]]:
    """A crawl by three machines, which is on its way within the block; then it has to be whole.

    Nothing dies here: no page is asked for twice.
    """
    with new_scene(folder, profile) as scene:
        scene.shop.control(latency_ms=SLOW_MS)
        hosts = new_hosts(scene)
        runs = [host.execute(pages) for host, pages in zip(hosts, RANGES, strict=False)]
        firsts = {each * SHARE + 1 for each in range(HOSTS)}
        wait_for("a page of each of them", lambda: firsts <= scene.downloads().keys())
        wait_for("some pages", lambda: len(scene.downloads()) >= BEGUN)
        yield scene, runs
        build = built(hosts[HOSTS], scene, runs)
        assert [each.err for each in [*runs, build] if each.code] == []
        assert scene.downloads() == dict.fromkeys(scene.numbers, 1)
        assert list(complaints_of_events(scene)) == []
        assert list(complaints_of_table(scene, hosts[HOSTS].places)) == []


def _require_more_to_do(scene: Scene, runs: list[CommandProcess]) -> None:
    assert len(scene.downloads()) < PAGES, "there is nothing left to go on with"
    assert not any(run.has_ended for run in runs)


@pytest.mark.parametrize("is_frozen", [False, True])
def test_a_crawl_goes_on_by_itself_after_twenty_seconds_without_postgresql(
    tmp_path: Path, postgres: PostgresServer, is_frozen: bool
) -> None:
    """How long it is away is what this is about."""
    away = postgres.frozen if is_frozen else postgres.stopped
    with _crawled(tmp_path, Profile(postgres)) as (scene, runs), away():
        time.sleep(AWAY_SECONDS)
        _require_more_to_do(scene, runs)
        if not is_frozen:
            assert all("PostgreSQL is away; waiting for it" in run.err for run in runs)


@pytest.fixture
def gate(store_server: ObjectServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """What the store does with requests, as it was before when the test is over."""
    for name, value in store_server.environ.items():
        monkeypatch.setenv(name, value)
    gate = store_server.gate
    yield gate
    gate.refuses_all = False
    gate.refuses_every_put = gate.refused = 0


def test_a_store_that_has_no_time_for_twenty_seconds_and_refuses_a_put_of_fifty_loses_nothing(
    tmp_path: Path, postgres: PostgresServer, store_server: ObjectServer, gate: Gate
) -> None:
    gate.refuses_every_put, gate.refused = 50, 0
    # The fifth is the first that is refused.
    gate.asked["PUT"] = 45
    with _crawled(tmp_path, Profile(postgres, store_server)) as (scene, runs):
        wait_for("a PUT that is refused", lambda: gate.refused)
        gate.refuses_all = True
        time.sleep(AWAY_SECONDS)
        _require_more_to_do(scene, runs)
        assert gate.refused > HOSTS
        gate.refuses_all = False
