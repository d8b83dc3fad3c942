"""A move to PostgreSQL that is killed at any instant, begun again, and right in the end."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dagster._core.storage.dagster_run import DagsterRun

from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import SETTINGS_NAME
from catalog_pipeline_tests.command import RunningCommand, run_process, running
from catalog_pipeline_tests.orchestration.histories import JOB, PAGES, Clock, RunHistory
from catalog_pipeline_tests.postgres_server import SETTINGS, Database
from catalog_pipeline_tests.waiting import wait_for

RUNS, ROWS = 3, 4000
EVENTS = RUNS * (2 * ROWS + 7)
_COUNTS = "SELECT count(*), count(DISTINCT id) FROM event_logs"
_COPIED = "SELECT coalesce(max(tuples_processed), 0) FROM pg_stat_progress_copy"
_LOCKED = "SELECT count(*) FROM pg_locks WHERE relation = 'event_logs'::regclass"


@pytest.fixture
def big_home(home: Path) -> Path:
    """A home of some runs with many pages, about to be moved."""
    with open_instance() as instance:
        for _ in range(RUNS):
            run = RunHistory(Clock())
            instance.add_run(DagsterRun(JOB, run_id=run.run_id))
            pages = [str(page) for page in range(ROWS)]
            storage = instance.event_log_storage
            storage.store_event_batch([*run.planned(PAGES, *pages), *run.started()])
            storage.store_event_batch([run.materialized(PAGES, page, "v") for page in pages])
            storage.store_event_batch(run.succeeded())
    (home / SETTINGS_NAME).write_bytes(SETTINGS.read_bytes())
    return home


@contextmanager
def moving(database: Database, rows: int) -> Iterator[RunningCommand]:
    """A move that has come so far with one of its tables."""
    with running("migrate") as move:
        wait_for(
            f"{rows} rows to be on their way",
            lambda: move.poll() is not None or _number(database, _COPIED) >= rows,
            every=0.001,
        )
        yield move


def _number(database: Database, query: str) -> int:
    found = database.rows(query)[0][0]
    assert isinstance(found, int)
    return found


def test_a_move_that_is_killed_is_begun_again_and_moves_all_of_it_once(
    big_home: Path, database: Database
) -> None:
    cut_short = 0
    # The share of the events that the index has.
    for share in (0.02, 0.3, 0.6, 0.9):
        with moving(database, round(share * 2 * RUNS * ROWS)) as move:
            move.send_signal(signal.SIGKILL)
            cut_short += move.wait() == -signal.SIGKILL
        wait_for("the server to notice", lambda: _number(database, _LOCKED) == 0)
        if database.rows(_COUNTS) != [(0, 0)]:
            assert database.rows(_COUNTS) == [(EVENTS, EVENTS)], "all of it, or nothing"
    assert cut_short > 0
    ended = run_process("migrate")
    assert ended.code == 0, ended.err
    assert database.rows(_COUNTS) == [(EVENTS, EVENTS)]
    again = run_process("migrate")
    assert "is not moved again" in again.out
    assert database.rows(_COUNTS) == [(EVENTS, EVENTS)]
    with open_instance() as instance:
        assert len(instance.get_runs()) == RUNS
        assert len(instance.event_log_storage.get_materialized_partitions(PAGES)) == ROWS
