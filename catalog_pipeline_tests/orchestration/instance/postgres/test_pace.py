"""The pace that machines keep together: turns by the server's clock, one after the other."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.crawling.ports import Draw, Pace, Wish
from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.host_leases import pace_of
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres import server
from catalog_pipeline_tests.postgres_server import Database, PostgresServer
from catalog_pipeline_tests.waiting import wait_for

pytestmark = pytest.mark.processes

MICROSECONDS = 1_000_000
TURNS = "SELECT extract(epoch FROM next_at) FROM catalog_pipeline_paces WHERE name = 'shop'"


@pytest.fixture
def shared(postgres_home: Path) -> Iterator[dg.DagsterInstance]:
    with open_instance() as opened:
        yield opened


def pace(instance: dg.DagsterInstance, catalogue: str = "shop") -> Pace:
    found = pace_of(instance, catalogue)
    assert found is not None
    return found


def next_at(database: Database) -> float:
    ((instant,),) = database.rows(TURNS)
    return float(str(instant))


def given(pace: Pace, wish: Wish) -> Draw:
    """Turns, as soon as there are some."""
    found = [pace.draw(wish)]

    def is_given() -> bool:
        if not found[-1].turns:
            found.append(pace.draw(wish))
        return bool(found[-1].turns)

    wait_for("turns", is_given)
    return found[-1]


def test_turns_are_an_interval_from_each_other_whoever_draws_them(
    shared: dg.DagsterInstance,
) -> None:
    wish = Wish(0.02)
    given(pace(shared), wish)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: given(pace(shared), wish), range(12)))
    several = given(pace(shared), Wish(0.02, 3))
    names = sorted([*(name for draw in found for name in draw.turns), *several.turns])
    assert len(names) == 15
    apart = [later - earlier for earlier, later in itertools.pairwise(names)]
    assert min(apart) >= 0.02 * MICROSECONDS - 1


def test_turns_that_are_far_away_are_not_drawn_yet(
    shared: dg.DagsterInstance, database: Database
) -> None:
    found = pace(shared).draw(Wish(1000.0))
    assert not found.turns, "nobody knows who asked just before"
    assert 980 < found.seconds <= 1000
    begun = next_at(database)
    assert not pace(shared).draw(Wish(1000.0)).turns
    assert next_at(database) == begun


def test_turns_that_nobody_drew_are_not_kept(
    shared: dg.DagsterInstance, database: Database
) -> None:
    given(pace(shared), Wish(0.01))
    wait_for("the turn to be over", lambda: next_at(database) < time.time() - 0.1)
    assert given(pace(shared), Wish(500.0)).seconds <= 0
    assert pace(shared).draw(Wish(500.0)).seconds > 400


def test_no_more_turns_are_in_use_than_there_may_be(shared: dg.DagsterInstance) -> None:
    """Until a window after the answer is known, or a second after they might have been used."""
    wish = Wish(0.001, most=3, window_seconds=6000.0)
    first, second, third = (given(pace(shared), wish).turns[0] for _ in range(3))
    assert 5980 < pace(shared).draw(wish).seconds < 6002
    answered = replace(wish, answered={second: 3000.0, 5: 5000.0})
    assert 2980 < pace(shared).draw(answered).seconds < 3000
    assert 2980 < pace(shared).draw(answered).seconds < 3000, "it is answered once"
    assert pace(shared).draw(replace(wish, count=0)).turns == []
    (fourth,) = given(pace(shared), replace(wish, unused=[first])).turns
    assert not pace(shared).draw(wish).turns
    two = given(pace(shared), replace(wish, count=2, unused=[third, fourth])).turns
    assert len(set(two)) == 2
    assert not pace(shared).draw(wish).turns


def test_of_many_that_draw_at_once_no_more_get_a_turn_than_there_are(
    shared: dg.DagsterInstance,
) -> None:
    wish = Wish(0.0001, most=5, window_seconds=60.0)
    first = given(pace(shared), wish)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: pace(shared).draw(wish).turns, range(64)))
    assert len({*first.turns, *(name for names in found for name in names)}) == 5


def test_while_the_site_rests_nobody_has_a_turn(shared: dg.DagsterInstance) -> None:
    assert pace(shared).rest_seconds() == 0
    pace(shared).rest(1000.0)
    pace(shared).rest(10.0)
    assert 990 < pace(shared).rest_seconds() <= 1000
    found = pace(shared).draw(Wish(1.0))
    assert found.seconds > 980
    assert not found.turns
    assert pace(shared, "another").rest_seconds() == 0


def test_after_its_restart_the_server_gives_no_turn_until_those_it_forgot_are_over(
    shared: dg.DagsterInstance, database: Database, postgres: PostgresServer
) -> None:
    """What it forgot when it crashed was drawn in its last moments."""
    given(pace(shared), Wish(0.01))
    postgres.stop(signal.SIGQUIT)
    postgres.start()
    given(pace(shared), Wish(0.01))
    ((silence,),) = database.rows(
        "SELECT extract(epoch FROM next_at - pg_postmaster_start_time()) "
        "FROM catalog_pipeline_paces WHERE name = 'shop'"
    )
    assert float(str(silence)) >= 2.5


def test_without_its_server_there_is_no_turn_but_a_sentence(
    shared: dg.DagsterInstance, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PATIENCE_SECONDS", 1.0)
    given(pace(shared), Wish(0.01))
    postgres.stop()
    try:
        with pytest.raises(StorageError, match="run again once the server is there"):
            pace(shared).draw(Wish(0.01))
    finally:
        postgres.start()


@pytest.mark.embedded("is about an instance in files")
def test_an_instance_in_files_has_no_pace(instance: dg.DagsterInstance) -> None:
    assert pace_of(instance, "shop") is None
