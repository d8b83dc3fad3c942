"""The storages of runs and schedules keep Dagster's files and answers."""

import multiprocessing
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.errors import DagsterRunAlreadyExists
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.storage import sql
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.storage.runs import SqliteRunStorage, SqlRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.utils import make_new_run_id
from dagster._daemon.types import DaemonHeartbeat

from catalog_pipeline.orchestration.instance.sql.run_storage import SKIPS_KEPT
from catalog_pipeline.orchestration.instance.sqlite.run_storage import (
    PooledSqliteRunStorage,
    PooledSqliteScheduleStorage,
)
from catalog_pipeline.places import ensure_dagster_home

pytestmark = pytest.mark.embedded("is about SQLite's files")


def _new_run(**fields: object) -> DagsterRun:
    return DagsterRun("crawl", run_id=make_new_run_id(), **fields)  # type: ignore[arg-type]


def test_the_files_are_where_dagster_has_them(instance: dg.DagsterInstance, home: Path) -> None:
    assert type(instance.run_storage) is PooledSqliteRunStorage
    assert type(instance.schedule_storage) is PooledSqliteScheduleStorage
    instance.add_run(_new_run())
    assert (home / "history" / "runs.db").exists()
    assert (home / "schedules" / "schedules.db").exists()


def test_dagsters_own_storage_reads_what_was_written(
    instance: dg.DagsterInstance, home: Path
) -> None:
    run = instance.add_run(_new_run(tags={"dagster/backfill": "b", "x": "y"}))
    instance.report_run_failed(run)
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}")
    with dg.DagsterInstance.from_config(str(home)) as stock:
        read = stock.get_run_by_id(run.run_id)
        assert read is not None
        assert (read.status, read.tags["x"]) == (dg.DagsterRunStatus.FAILURE, "y")
        assert isinstance(stock.run_storage, SqlRunStorage)
        assert stock.run_storage.has_built_index("run_start_end_overwritten")
        assert stock.run_storage.alembic_version() == instance.run_storage.alembic_version()


def test_a_new_file_is_the_one_that_dagster_makes(
    instance: dg.DagsterInstance, home: Path, tmp_path: Path
) -> None:
    """Its tables and indexes letter by letter, its version, and the migrations that are done."""
    SqliteRunStorage.from_local(str(tmp_path))
    SqliteScheduleStorage.from_local(str(tmp_path))
    assert instance.get_runs() == []
    assert instance.all_instigator_state() == []
    for ours in (home / "history" / "runs.db", home / "schedules" / "schedules.db"):
        assert _made_of(ours) == _made_of(tmp_path / ours.name)


def _made_of(path: Path) -> list[list[str]]:
    parts = (
        "SELECT type, name, sql FROM sqlite_master",
        "SELECT version_num FROM alembic_version",
        "SELECT name, migration_completed IS NOT NULL FROM secondary_indexes",
        "PRAGMA journal_mode",
    )
    with closing(sqlite3.connect(path)) as connection:
        found = [connection.execute(part).fetchall() for part in parts]
    return [sorted("".join("".join(map(str, row)).split()) for row in rows) for rows in found]


def test_opening_does_not_read_the_migrations(
    home: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is most of what opening Dagster's own storages costs."""

    def read(*arguments: object) -> None:
        raise AssertionError("the migrations were read")

    monkeypatch.setattr(sql.ScriptDirectory, "from_config", read)
    with dg.DagsterInstance.from_config(str(home)) as again:
        assert again.get_runs() == []


def test_the_state_of_a_schedule_is_kept(instance: dg.DagsterInstance, home: Path) -> None:
    origin = RemoteInstigatorOrigin(
        RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "repository"), "daily"
    )
    data = ScheduleInstigatorData("0 6 * * *")
    state = InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, data)
    instance.add_instigator_state(state)
    with dg.DagsterInstance.from_config(str(home)) as again:
        assert [kept.status for kept in again.all_instigator_state()] == [InstigatorStatus.RUNNING]


def test_the_same_run_is_refused_twice(instance: dg.DagsterInstance) -> None:
    run = instance.add_run(_new_run())
    with pytest.raises(DagsterRunAlreadyExists):
        instance.run_storage.add_run(run)
    assert len(instance.get_runs()) == 1


def test_many_threads_add_runs(instance: dg.DagsterInstance) -> None:
    with ThreadPoolExecutor(8) as pool:
        runs = list(pool.map(lambda _: instance.add_run(_new_run()), range(80)))
    assert {run.run_id for run in instance.get_runs()} == {run.run_id for run in runs}


def test_a_lock_of_another_process_is_waited_for(instance: dg.DagsterInstance) -> None:
    """As long as by the event log, where Dagster's own run storage waits for five seconds."""
    storage = instance.run_storage
    assert isinstance(storage, PooledSqliteRunStorage)
    with storage.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000


def test_a_migration_of_the_instance_goes_through(instance: dg.DagsterInstance) -> None:
    instance.add_run(_new_run())
    version = instance.run_storage.alembic_version()
    instance.upgrade()
    assert instance.run_storage.alembic_version() == version
    assert len(instance.get_runs()) == 1


def test_a_deleted_file_is_made_anew(instance: dg.DagsterInstance, home: Path) -> None:
    instance.add_run(_new_run())
    for path in (home / "history").glob("runs.db*"):
        path.unlink()
    assert instance.get_runs() == []
    instance.add_run(_new_run())
    assert len(instance.get_runs()) == 1


@pytest.mark.processes
def test_processes_that_begin_at_once_make_the_files_of_a_new_home_once(no_home: Path) -> None:
    """As the commands of several catalogues do, or web server and daemon."""
    ensure_dagster_home()
    processes = [_FORKS.Process(target=_open_once, args=(str(no_home),)) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6


_FORKS = multiprocessing.get_context("fork")


def _open_once(home: str) -> None:
    with dg.DagsterInstance.from_config(home) as instance:
        assert instance.get_runs() == []
        assert instance.all_instigator_state() == []


def test_an_idle_evening_of_twenty_sites_adds_next_to_nothing(
    instance: dg.DagsterInstance, home: Path
) -> None:
    """Ticks of their sensors that skip, and signs of life of the daemons."""

    def idle(rounds: range) -> int:
        for number in rounds:
            for sensor in range(_SENSORS):
                _tick(instance, f"sensor {sensor}", number, TickStatus.SKIPPED)
            for kind in ("SENSOR", "SCHEDULER", "BACKFILL", "MONITORING"):
                beat = DaemonHeartbeat(float(number), kind, None)
                instance.add_daemon_heartbeat(beat)
        return sum(path.stat().st_size for path in home.rglob("*.db*"))

    before = idle(range(1))
    after_minutes = idle(range(1, 2 * SKIPS_KEPT))
    assert after_minutes - before < 1_000_000 * _SENSORS / 20
    assert idle(range(2 * SKIPS_KEPT, 4 * SKIPS_KEPT)) - after_minutes < 50_000


_SENSORS = 8


def _tick(instance: dg.DagsterInstance, sensor: str, number: int, status: TickStatus) -> None:
    made = instance.create_tick(
        TickData(
            instigator_origin_id=sensor,
            instigator_name=sensor,
            instigator_type=InstigatorType.SENSOR,
            status=TickStatus.STARTED,
            timestamp=float(number),
            selector_id=sensor,
        )
    )
    instance.update_tick(made.with_status(status))


def test_of_ticks_that_came_to_nothing_only_the_latest_are_kept(
    instance: dg.DagsterInstance,
) -> None:
    """Twenty sensors that skip every five seconds would add 40 MB in an evening."""

    _tick(instance, "first", 1, TickStatus.SUCCESS)
    for number in range(2, 2 + 3 * SKIPS_KEPT):
        for sensor in ("first", "second"):
            _tick(instance, sensor, number, TickStatus.SKIPPED)
    for sensor, others in (("first", [1.0]), ("second", [])):
        kept = [tick.timestamp for tick in instance.get_ticks(sensor, sensor)]
        newest = range(1 + 3 * SKIPS_KEPT, 1 + 2 * SKIPS_KEPT, -1)
        assert kept == [*map(float, newest), *others]
