"""The pace that machines keep together: turns by the server's clock, one after the other."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.crawling.ports import Pace
from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.host_leases import pace_of
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline_tests.postgres_server import Database, PostgresServer
from catalog_pipeline_tests.waiting import wait_for

pytestmark = pytest.mark.processes

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


def test_turns_are_an_interval_from_each_other_whoever_draws_them(
    shared: dg.DagsterInstance, database: Database
) -> None:
    first = pace(shared).draw(100.0, 1)
    assert 99 < first <= 101, "nobody knows who asked just before"
    begun = next_at(database)
    with ThreadPoolExecutor(4) as pool:
        waits = sorted(pool.map(lambda _: pace(shared).draw(100.0, 1), range(8)))
    assert next_at(database) == pytest.approx(begun + 800)
    assert [round(each / 100) for each in waits] == list(range(2, 10))
    assert round(pace(shared).draw(100.0, 3) / 100) == 10
    assert round(pace(shared).draw(100.0, 1) / 100) == 13
    assert pace(shared, "another").draw(100.0, 1) <= 101


def test_turns_that_nobody_drew_are_not_kept(
    shared: dg.DagsterInstance, database: Database
) -> None:
    pace(shared).draw(0.01, 1)
    wait_for("the turn to be over", lambda: next_at(database) < time.time() - 0.1)
    assert pace(shared).draw(500.0, 1) <= 0
    assert pace(shared).draw(500.0, 1) > 400


def test_while_the_site_rests_nobody_has_a_turn(shared: dg.DagsterInstance) -> None:
    assert pace(shared).rest_seconds() == 0
    pace(shared).rest(1000.0)
    pace(shared).rest(10.0)
    assert 990 < pace(shared).rest_seconds() <= 1000
    assert pace(shared).draw(1.0, 1) > 990
    assert pace(shared, "another").rest_seconds() == 0


def test_after_its_restart_the_server_gives_no_turn_for_a_second(
    shared: dg.DagsterInstance, database: Database, postgres: PostgresServer
) -> None:
    """What it forgot when it crashed was drawn in its last moments."""
    pace(shared).draw(0.01, 1)
    postgres.stop(signal.SIGQUIT)
    postgres.start()
    pace(shared).draw(0.01, 1)
    ((silence,),) = database.rows(
        "SELECT extract(epoch FROM next_at - pg_postmaster_start_time()) "
        "FROM catalog_pipeline_paces WHERE name = 'shop'"
    )
    assert float(str(silence)) >= 1


def test_without_its_server_there_is_no_turn_but_a_sentence(
    shared: dg.DagsterInstance, postgres: PostgresServer
) -> None:
    pace(shared).draw(0.01, 1)
    postgres.stop()
    try:
        with pytest.raises(StorageError, match="run again once the server is there"):
            pace(shared).draw(0.01, 1)
    finally:
        postgres.start()


def test_an_instance_in_files_has_no_pace(instance: dg.DagsterInstance) -> None:
    assert pace_of(instance, "shop") is None
