"""An instance in PostgreSQL: order, turns, forks, restarts, and what is said when it is away."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.utils import make_new_run_id

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.old_runs import find_old_runs, remove_old_runs
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.partition_order import sort_partitions
from catalog_pipeline.orchestration.instance.postgres.event_log import (
    BatchedPostgresEventLogStorage,
)
from catalog_pipeline.orchestration.instance.postgres.server import IDLE_CONNECTIONS
from catalog_pipeline.orchestration.names import WILL_RETRY_TAG
from catalog_pipeline_tests.orchestration.histories import JOB, KINDS, PAGES, Clock, RunHistory
from catalog_pipeline_tests.postgres_server import (
    PASSWORD,
    Database,
    postgres_server,
    write_postgres_home,
)
from catalog_pipeline_tests.same_past import check_same_past
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes


def _storage(instance: dg.DagsterInstance) -> BatchedPostgresEventLogStorage:
    storage = instance.event_log_storage
    assert isinstance(storage, BatchedPostgresEventLogStorage)
    return storage


def test_whoever_follows_the_ids_misses_none(postgres_home: Path, database: Database) -> None:
    """Writers of one asset draw them in turn, each to its commit."""
    with open_instance() as instance:
        storage = _storage(instance)
        run = RunHistory(Clock())
        begun, go_on = threading.Event(), threading.Event()

        def hold() -> None:
            with storage.index_for_writing():
                storage.store_event(run.materialized(PAGES, "first", "v"))
                begun.set()
                go_on.wait(PATIENCE_SECONDS)

        with ThreadPoolExecutor(2) as pool:
            slow = pool.submit(hold)
            assert begun.wait(PATIENCE_SECONDS)
            quick = pool.submit(storage.store_event, run.materialized(PAGES, "second", "v"))
            wait_for("the second writer to wait", lambda: database.waiting == 1)
            assert storage.get_materialized_partitions(PAGES) == set()
            go_on.set()
            slow.result()
            quick.result()
        ids = storage.get_latest_storage_id_by_partition(PAGES, KINDS.ASSET_MATERIALIZATION)
        assert ids["first"] < ids["second"]


def test_few_connections_stay_open(postgres_home: Path, database: Database) -> None:
    with open_instance() as instance:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: instance.add_run(DagsterRun(JOB)), range(40)))
        assert len(instance.get_runs()) == 40
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        ((count,),) = database.rows(query)
        # The one that counts is among them.
        assert count in range(2, IDLE_CONNECTIONS + 2)


def test_partitions_are_put_in_order_all_at_once(postgres_home: Path) -> None:
    with open_instance() as instance:
        instance.add_dynamic_partitions("shop_pages", ["10", "2", "1"])
        sort_partitions(instance, "shop_pages", int)
        assert instance.get_dynamic_partitions("shop_pages") == ["1", "2", "10"]

        def fail_in_the_middle() -> None:
            with _storage(instance).index_for_writing():
                sort_partitions(instance, "shop_pages", lambda key: -int(key))
                raise StorageError("killed in the middle")

        with pytest.raises(StorageError):
            fail_in_the_middle()
        assert instance.get_dynamic_partitions("shop_pages") == ["1", "2", "10"]


def test_a_retry_that_was_due_remains_due(postgres_home: Path) -> None:
    with open_instance() as instance:
        run_id = make_new_run_id()
        tags = {WILL_RETRY_TAG: "true"}
        run = DagsterRun(JOB, run_id=run_id, status=dg.DagsterRunStatus.FAILURE, tags=tags)
        instance.add_run(run)
        instance.add_run_tags(run_id, {WILL_RETRY_TAG: "false"})
        kept = instance.get_run_by_id(run_id)
        assert kept is not None
        assert kept.tags[WILL_RETRY_TAG] == "true"


def test_announcements_stay_and_the_log_of_the_run_too(postgres_home: Path) -> None:
    """The log of a run is in the same table."""
    with open_instance() as instance:
        storage = _storage(instance)
        run = RunHistory(Clock())
        storage.store_event_batch(run.planned(PAGES, *"1234"))
        storage.store_event_batch([run.materialized(PAGES, page, "v") for page in "12"])
        storage.forget_superseded_plans(PAGES, run.run_id)
        assert len(storage.get_logs_for_run(run.run_id)) == 6
        check_same_past(instance, postgres_home)


def test_a_server_that_was_restarted_is_used_again_and_one_that_is_away_is_told(
    no_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server() as server:
        database = server.new_database()
        write_postgres_home(no_home)
        for name, value in database.environ.items():
            monkeypatch.setenv(name, value)
        run = RunHistory(Clock())
        with open_instance() as instance:
            instance.event_log_storage.store_event(run.materialized(PAGES, "1", "v"))
            server.stop()
            server.start()
            instance.event_log_storage.store_event(run.materialized(PAGES, "2", "v"))
            assert instance.event_log_storage.get_materialized_partitions(PAGES) == {"1", "2"}
            server.stop()
        with pytest.raises(StorageError, match=r"PostgreSQL: .* run again once") as told:
            open_instance().__enter__()
        assert PASSWORD not in str(told.value)
        assert "\n" not in str(told.value)


def test_old_runs_go_with_their_logs_and_what_is_superseded_goes_too(postgres_home: Path) -> None:
    with open_instance() as instance:
        storage = _storage(instance)
        clock = Clock()
        old, stays, new = (RunHistory(clock) for _ in range(3))
        for run, pages in ((old, "12"), (stays, "123"), (new, "12")):
            instance.add_run(DagsterRun(JOB, run_id=run.run_id))
            for event in run.started()[1:3]:
                instance.handle_new_event(event)
            storage.store_event_batch(run.planned(PAGES, *pages))
            storage.store_event_batch([run.materialized(PAGES, page, "v") for page in pages])
            instance.handle_new_event(run.succeeded()[1])
        before = storage.get_latest_storage_id_by_partition(PAGES, KINDS.ASSET_MATERIALIZATION)
        found = find_old_runs(instance, lambda _: True, datetime.now(timezone.utc), [PAGES], PAGES)
        assert found.runs == (old.run_id,)
        remove_old_runs(instance, found)
        assert {run.run_id for run in instance.get_runs()} == {stays.run_id, new.run_id}
        assert storage.get_logs_for_run(old.run_id) == []
        after = storage.get_latest_storage_id_by_partition(PAGES, KINDS.ASSET_MATERIALIZATION)
        assert after == before
        kept = storage.get_logs_for_run(stays.run_id, of_type=KINDS.ASSET_MATERIALIZATION)
        assert [each.get_dagster_event().partition for each in kept] == ["3"]
        check_same_past(instance, postgres_home)


def test_a_database_that_cannot_hold_every_text_is_refused(
    postgres_home: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{database.name}_latin"
    database.does_alone(f"CREATE DATABASE {name} ENCODING LATIN1 LOCALE 'C' TEMPLATE template0")
    monkeypatch.setenv("DAGSTER_PG_DB", name)
    with pytest.raises(StorageError, match=r"encoding LATIN1.* createdb --encoding UTF8"):
        with_instance()


def test_a_database_that_can_only_be_read_is_told_with_what_to_do(
    postgres_home: Path, database: Database
) -> None:
    name = database.name
    database.does_alone(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with pytest.raises(StorageError, match="name the primary server") as error:
        with_instance()
    assert "sqlalche.me" not in str(error.value)


def test_a_database_that_can_only_be_read_amid_a_run_is_told_without_what_was_to_be_written(
    postgres_home: Path, database: Database, capfd: pytest.CaptureFixture[str]
) -> None:
    """Dagster prints what its log is told."""
    run = RunHistory(Clock())
    with open_instance() as instance:
        _storage(instance).store_event(run.materialized(PAGES, "1", "v"))
        name = database.name
        database.does_alone(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        others = (
            "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        database.does_alone(f"SELECT pg_terminate_backend(pid) {others}")
        wait_for("all to be gone", lambda: not database.rows(f"SELECT pid {others}"))
        with pytest.raises(StorageError, match="name the primary server") as error:
            _storage(instance).store_event(run.materialized(PAGES, "2", "v"))
    assert "INSERT INTO" not in str(error.value)
    assert "INSERT INTO" not in capfd.readouterr().err


def test_a_user_who_may_make_no_tables_is_told_with_what_to_do(
    postgres_home: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{database.name}_of_others"
    database.does_alone(f"CREATE DATABASE {name} TEMPLATE template0")
    database.does_alone(f"CREATE ROLE guest_of_{name} LOGIN PASSWORD 'guest'")
    for variable, value in {
        "DAGSTER_PG_DB": name,
        "DAGSTER_PG_USERNAME": f"guest_of_{name}",
        "DAGSTER_PG_PASSWORD": "guest",
    }.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(StorageError, match="GRANT CREATE, USAGE ON SCHEMA public") as error:
        with_instance()
    assert "LINE" not in str(error.value)


def with_instance() -> None:
    """Open one, and record something."""
    with open_instance() as instance:
        instance.wipe_asset_partitions(PAGES, ["8"])
