"""Announcements of pages that have come leave the index, and nobody is told anything else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.orchestration.instance.sql.superseded import forget_plans
from catalog_pipeline.orchestration.instance.sqlite.event_log import BatchedSqliteEventLogStorage
from catalog_pipeline_tests.orchestration.histories import KINDS, PAGES, Clock, RunHistory

KIND = KINDS.ASSET_MATERIALIZATION_PLANNED


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[BatchedSqliteEventLogStorage]:
    opened = BatchedSqliteEventLogStorage(str(tmp_path))
    yield opened
    opened.dispose()


def _planned(storage: BatchedSqliteEventLogStorage) -> list[tuple[str | None, str | None]]:
    found = storage.get_asset_event_summary_records(
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, asset_key=PAGES, ascending=True
    )
    return [(each.run_id, each.partition) for each in found]


def _crawl(storage: BatchedSqliteEventLogStorage, clock: Clock) -> RunHistory:
    """Of pages 1 to 6 all but 3 and 5 come."""
    run = RunHistory(clock)
    storage.store_event_batch(run.planned(PAGES, *"123456"))
    storage.store_event_batch([run.materialized(PAGES, page, f"v{page}") for page in "1246"])
    return run


def test_what_has_come_is_announced_no_more_but_for_the_first_and_the_last(
    storage: BatchedSqliteEventLogStorage,
) -> None:
    run = _crawl(storage, Clock())
    attempts = storage.get_latest_asset_partition_materialization_attempts_without_materializations
    before = attempts(PAGES)
    assert set(before) == {"3", "5"}
    storage.forget_superseded_plans(PAGES, run.run_id)
    assert _planned(storage) == [(run.run_id, page) for page in "1356"]
    assert attempts(PAGES) == before
    assert len(storage.get_logs_for_run(run.run_id, of_type=KIND)) == 6


def test_what_it_costs_grows_with_the_pages_and_no_faster(
    storage: BatchedSqliteEventLogStorage,
) -> None:
    clock = Clock()

    def steps_for(pages: int) -> int:
        run = RunHistory(clock)
        names = [f"{pages}-{number}" for number in range(pages)]
        storage.store_event_batch(run.planned(PAGES, *names))
        storage.store_event_batch([run.materialized(PAGES, name, name) for name in names])
        steps: list[None] = []
        with storage.index_for_writing() as connection:
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(lambda: steps.append(None), 100)
            forget_plans(connection, PAGES, run.run_id)
            driver.set_progress_handler(None, 0)
        return len(steps)

    assert steps_for(2000) < 15 * steps_for(200)


def test_announcements_of_other_runs_and_of_pages_that_came_before_stay(
    storage: BatchedSqliteEventLogStorage,
) -> None:
    clock = Clock()
    first = _crawl(storage, clock)
    second = RunHistory(clock)
    storage.store_event_batch(second.planned(PAGES, *"123456"))
    storage.forget_superseded_plans(PAGES, second.run_id)
    assert [run_id for run_id, _ in _planned(storage)].count(second.run_id) == 6
    assert [run_id for run_id, _ in _planned(storage)].count(first.run_id) == 6


def test_the_run_that_announced_a_page_last_is_told_all_the_same(
    storage: BatchedSqliteEventLogStorage,
) -> None:
    clock = Clock()
    first = _crawl(storage, clock)
    asked = [*"123456", None]
    whole = [storage.get_latest_planned_materialization_info(PAGES, page) for page in asked]
    storage.forget_superseded_plans(PAGES, first.run_id)
    told = [storage.get_latest_planned_materialization_info(PAGES, page) for page in asked]
    assert [info and info.run_id for info in told] == [info and info.run_id for info in whole]
    waiting = RunHistory(clock)
    storage.store_event_batch(waiting.planned(PAGES, "2"))
    assert _run_of(storage, "2") == waiting.run_id
    # The one that waits has been overtaken, and has announced the page last all the same.
    storage.store_event(first.materialized(PAGES, "2", "v3"))
    assert _run_of(storage, "2") == waiting.run_id
    assert _run_of(storage, "4") == first.run_id
    assert _run_of(storage, "7") is None


def _run_of(storage: BatchedSqliteEventLogStorage, page: str) -> str | None:
    info = storage.get_latest_planned_materialization_info(PAGES, page)
    return info.run_id if info is not None else None


def test_of_a_page_that_was_wiped_nothing_is_told(storage: BatchedSqliteEventLogStorage) -> None:
    run = _crawl(storage, Clock())
    storage.forget_superseded_plans(PAGES, run.run_id)
    storage.wipe_asset_partitions(PAGES, ["2"])
    assert _run_of(storage, "2") is None
    assert "2" not in storage.get_materialized_partitions(PAGES)


def test_ids_of_later_events_are_new(storage: BatchedSqliteEventLogStorage) -> None:
    clock = Clock()
    run = _crawl(storage, clock)
    highest = storage.get_maximum_record_id()
    storage.forget_superseded_plans(PAGES, run.run_id)
    assert storage.get_maximum_record_id() == highest
    storage.store_event(run.materialized(PAGES, "3", "v3"))
    (record,) = storage.fetch_materializations(PAGES, 1).records
    assert highest is not None
    assert record.storage_id == highest + 1
    assert record.event_log_entry.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION
