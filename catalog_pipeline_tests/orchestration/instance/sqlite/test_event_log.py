"""The batched event log in SQLite files: what it promises of these."""

import multiprocessing
import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.orchestration.instance.sqlite.connections import MAX_IDLE_SHARDS
from catalog_pipeline.orchestration.instance.sqlite.event_log import BatchedSqliteEventLogStorage
from catalog_pipeline_tests.orchestration.histories import (
    PAGES,
    Clock,
    RunHistory,
)
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.embedded("is about SQLite's files")

WRITERS = 3
THREADS = 3
STOCK = "telemetry: {enabled: false}"
OURS = """
event_log_storage:
  module: catalog_pipeline.orchestration.instance.sqlite.event_log
  class: BatchedSqliteEventLogStorage
  config: {}
run_retries: {enabled: true, max_retries: 2}
"""


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Homes that were opened once: making their files takes ten times as long as copying them."""
    folder = tmp_path_factory.mktemp("untouched")
    for name, settings in (("stock", STOCK), ("ours", OURS)):
        (folder / name).mkdir()
        _instance(folder / name, settings).dispose()
    return folder


@pytest.fixture
def ours(untouched: Path, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    shutil.copytree(untouched / "ours", tmp_path / "ours")
    with _instance(tmp_path / "ours", OURS) as instance:
        yield instance


def _instance(home: Path, settings: str) -> dg.DagsterInstance:
    (home / "dagster.yaml").write_text(settings)
    return dg.DagsterInstance.from_config(str(home))


def test_a_new_instance_has_its_files_where_dagster_has_them(ours: dg.DagsterInstance) -> None:
    ours.event_log_storage.store_event(RunHistory(Clock()).log_line())
    files = {path.name for path in Path(ours.root_directory, "history", "runs").glob("*.db")}
    assert "index.db" in files
    assert len(files) == 2


def _storage(ours: dg.DagsterInstance) -> BatchedSqliteEventLogStorage:
    storage = ours.event_log_storage
    assert isinstance(storage, BatchedSqliteEventLogStorage)
    return storage


def test_commits_wait_for_the_disk(ours: dg.DagsterInstance) -> None:
    """2 is FULL: the write-ahead log is synchronised at each commit."""
    storage = _storage(ours)
    for connection in (storage.index_connection(), storage.run_connection("a-run")):
        with connection as opened:
            assert opened.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert opened.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


@pytest.mark.processes
def test_files_deleted_by_another_process_are_made_anew(ours: dg.DagsterInstance) -> None:
    run = RunHistory(Clock())
    storage = ours.event_log_storage
    storage.store_event_batch([run.materialized(PAGES, "1", "v"), run.log_line()])
    _in_other_process(_wipe, ours.root_directory)
    assert storage.get_logs_for_run(run.run_id) == []
    storage.store_event(run.log_line())
    for path in Path(ours.root_directory, "history", "runs").glob("*"):
        path.unlink()
    storage.store_event_batch([run.materialized(PAGES, "2", "v")])
    assert len(storage.get_logs_for_run(run.run_id)) == 1
    assert storage.get_materialized_partitions(PAGES) == {"2"}


def test_a_lock_held_for_seconds_is_waited_for(ours: dg.DagsterInstance) -> None:
    run = RunHistory(Clock())
    storage = _storage(ours)
    storage.store_event(run.log_line())
    other = sqlite3.connect(storage.path_for_shard("index"), check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    release = threading.Timer(2.0, other.rollback)
    started = time.monotonic()
    release.start()
    storage.store_event(run.materialized(PAGES, "1", "v"))
    waited = time.monotonic() - started
    release.join()
    other.close()
    assert waited > 1.5
    assert storage.get_materialized_partitions(PAGES) == {"1"}


@pytest.mark.skipif(sys.platform != "linux", reason="counts through /proc")
def test_the_number_of_open_files_is_bounded(ours: dg.DagsterInstance) -> None:
    storage = ours.event_log_storage
    for _ in range(3 * MAX_IDLE_SHARDS):
        storage.store_event(RunHistory(Clock()).log_line())
    opened = {os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")}
    databases = [path for path in opened if path.startswith(ours.root_directory)]
    assert len(databases) <= 3 * (MAX_IDLE_SHARDS + 1)


def _in_other_process(act: Callable[..., None], *arguments: str) -> None:
    process = multiprocessing.get_context("spawn").Process(target=act, args=arguments)
    process.start()
    process.join(timeout=PATIENCE_SECONDS)
    assert process.exitcode == 0


def _wipe(home: str) -> None:
    with dg.DagsterInstance.from_config(home) as instance:
        instance.event_log_storage.wipe()
