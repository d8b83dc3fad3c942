"""Leases of machines that share a database: one at a time, and nothing recorded by who lost it."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun

from catalog_pipeline.crawling.lock import CRAWL_LOCK, TABLE_LOCK
from catalog_pipeline.crawling.ports import Lease
from catalog_pipeline.errors import LeaseLostError, StorageError
from catalog_pipeline.orchestration.instance.asking import ask_tables
from catalog_pipeline.orchestration.instance.host_leases import (
    HostLease,
    hold_catalogue,
    holder_anywhere,
    leases_of,
)
from catalog_pipeline.orchestration.instance.liveness import (
    Liveness,
    hold_sign_of_life,
    liveness_of,
)
from catalog_pipeline.orchestration.instance.postgres import leases as postgres_leases
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.system.clock import seconds_since_boot
from catalog_pipeline.tables.quality import judgement
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.cut_answers import cut_answers
from catalog_pipeline_tests.orchestration.histories import JOB
from catalog_pipeline_tests.orchestration.instance.postgres.hosts import (
    ME,
    Hosts,
    crawlers,
    leases,
    recorded,
    recording,
    taken_over,
)
from catalog_pipeline_tests.postgres_server import Database, PostgresServer
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes


@contextmanager
def taken(instance: dg.DagsterInstance, lock: Lease, holder: str) -> Iterator[HostLease]:
    """The lease of the crawl, which is free."""
    lease = leases(instance).try_take("shop/crawl", holder, lock)
    assert lease is not None
    with released(lease):
        yield lease


@contextmanager
def taken_from(
    database: Database, instance: dg.DagsterInstance, lock: Lease, holder: str
) -> Iterator[HostLease]:
    """The lease of the crawl, whose holder was not heard of for as long as it lasts."""
    found = leases(instance)
    lease = taken_over(database, lambda: found.try_take("shop/crawl", holder, lock))
    with released(lease):
        yield lease


@contextmanager
def released(lease: HostLease) -> Iterator[None]:
    """It is let go of at the end."""
    try:
        yield
    finally:
        lease.release()


def dead(found: Liveness) -> Liveness | None:
    return None if found.is_alive else found


def test_what_one_machine_holds_another_waits_for_and_says_for_whom(
    hosts: Hosts, tmp_path: Path
) -> None:
    one, other = hosts.opened("one"), hosts.opened("other")
    told: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        with hold_catalogue(one, hosts.data("one"), "run-a") as lease:
            assert lease is not None
            begun.set()
            go_on.wait(PATIENCE_SECONDS)

    def has_been_told(who: str) -> None:
        told.append(who)
        go_on.set()

    with ThreadPoolExecutor(1) as pool:
        holding = pool.submit(hold)
        assert begun.wait(PATIENCE_SECONDS)
        assert holder_anywhere(other, hosts.data("other")) == f"run run-a ({ME})"
        assert holder_anywhere(other, hosts.data("other"), TABLE_LOCK) is None
        with hold_catalogue(other, hosts.data("other"), "run-b", on_wait=has_been_told) as lease:
            assert lease is not None
            assert holder_anywhere(one, hosts.data("one")) == f"run run-b ({ME})"
        holding.result()
    assert told == [f"run run-a ({ME})"]
    assert holder_anywhere(one, hosts.data("one")) is None


def test_waiting_for_another_machine_ends_when_it_is_told_to(hosts: Hosts) -> None:
    one, other = hosts.opened("one"), hosts.opened("other")
    with (
        taken(one, hosts.lock("one"), "run-a"),
        hold_catalogue(
            other, hosts.data("other"), "run-b", lock_file=CRAWL_LOCK, should_stop=lambda: True
        ) as lease,
    ):
        assert lease is None


def test_who_has_lost_a_lease_records_nothing_and_asks_no_more(
    hosts: Hosts, database: Database
) -> None:
    one, other = hosts.opened("one"), hosts.opened("other")
    with taken(one, hosts.lock("one"), "run-a") as lost:
        lost.record(recording(one, "1"))
        lost.check()
        lock = hosts.lock("other")
        with taken_from(database, other, lock, "run-b") as held:
            with pytest.raises(LeaseLostError, match="run run-b") as caught:
                lost.record(recording(one, "2"))
            assert caught.value.taken_by == f"run run-b ({ME})"
            with pytest.raises(LeaseLostError, match="shop/crawl"):
                lost.check()
            held.record(recording(other, "3"))
            lost.release()
            held.record(recording(other, "4"))
    assert recorded(one) == {"1", "3", "4"}


def test_a_machine_that_stood_still_looks_whether_it_has_lost_its_lease(
    hosts: Hosts, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its own clock, before anything is recorded; and goes on if nobody has taken over."""
    module = "catalog_pipeline.orchestration.instance.postgres.leases.seconds_since_boot"
    one, other = hosts.opened("one"), hosts.opened("other")
    with taken(one, hosts.lock("one"), "run-a") as lease:
        until = lease.asks_until
        assert seconds_since_boot() < until < seconds_since_boot() + 10
        monkeypatch.setattr(module, lambda: until + 1)
        lease.check()
        assert lease.asks_until > until + 1
        with taken_from(database, other, hosts.lock("other"), "run-b"):
            lease.check()
            monkeypatch.setattr(module, lambda: until + 60)
            with pytest.raises(LeaseLostError, match="run run-b"):
                lease.check()


def test_what_fails_is_recorded_in_no_part_and_the_lease_is_kept(hosts: Hosts) -> None:
    one = hosts.opened("one")
    with taken(one, hosts.lock("one"), "run-a") as lease:

        def fail() -> None:
            recording(one, "1")()
            raise KeyError("half-way")

        with pytest.raises(KeyError, match="half-way"):
            lease.record(fail)
        assert recorded(one) == set()
        lease.record(recording(one, "2"))
    assert recorded(one) == {"2"}


def test_who_has_the_same_file_locked_need_not_wait_for_one_that_died(hosts: Hosts) -> None:
    one = hosts.opened("one")
    lock = hosts.lock("one")
    assert leases(one).try_take("shop/crawl", "run-a", lock) is not None
    with taken(one, lock, "run-b"):
        assert holder_anywhere(one, hosts.data("other")) == f"run run-b ({ME})"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_group_whose_commit_was_not_answered_is_recorded_once(
    hosts: Hosts,
    database: Database,
    postgres: PostgresServer,
    when: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        cut_answers(Path(folder), postgres.folder) as way,
    ):
        monkeypatch.setenv("DAGSTER_PG_HOST", folder)
        with (
            hosts.opened("one") as one,
            taken(one, hosts.lock("one"), "run-a") as lease,
        ):
            lease.record(recording(one, "1"))
            way.breaks_at_commit = when
            lease.record(recording(one, "2"))
            assert way.breaks_at_commit is None, "no COMMIT came by"
            lease.record(recording(one, "3"))
            assert recorded(one) == {"1", "2", "3"}
            ((count,),) = database.rows(
                "SELECT count(*) FROM event_logs WHERE partition IS NOT NULL"
            )
            assert count == len(recorded(one))


def test_a_machine_that_is_stopped_within_a_transaction_does_not_keep_the_lease(
    hosts: Hosts, database: Database
) -> None:
    one, other = hosts.opened("one"), hosts.opened("other")
    begun, go_on = threading.Event(), threading.Event()
    with taken(one, hosts.lock("one"), "run-a") as lease, ThreadPoolExecutor(1) as pool:

        def stand_still() -> None:
            recording(one, "1")()
            begun.set()
            go_on.wait(PATIENCE_SECONDS)
            recording(one, "2")()

        stopped = pool.submit(lease.record, stand_still)
        assert begun.wait(PATIENCE_SECONDS)
        lock = hosts.lock("other")
        assert leases(other).try_take("shop/crawl", "run-b", lock) is None, "the row is locked"
        wait_for("the end of its session", lambda: _in_transaction(database) == 0)
        with taken_from(database, other, lock, "run-b"):
            go_on.set()
            with pytest.raises(LeaseLostError, match="run run-b"):
                stopped.result()
    assert recorded(one) == set()


def _in_transaction(database: Database) -> int:
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' "
        "AND datname = current_database()"
    )
    ((count,),) = database.rows(query)
    assert isinstance(count, int)
    return count


def test_a_run_on_another_machine_is_alive_as_long_as_it_is_heard_of(
    hosts: Hosts, database: Database, tmp_path: Path
) -> None:
    one, other = hosts.opened("one"), hosts.opened("other")
    run = one.add_run(DagsterRun(JOB, status=dg.DagsterRunStatus.STARTED))
    with hold_sign_of_life(Path(one.root_directory), run.run_id, leases(one)):
        found = liveness_of(other, run)
        assert (found.is_alive, found.reason) == (True, f"{ME} gives a sign of life")
        with (
            pytest.raises(StorageError, match=r"already being executed, by run .* on "),
            hold_sign_of_life(Path(other.root_directory), run.run_id, leases(other)),
        ):
            pytest.fail("it is executed elsewhere")
        found = taken_over(database, lambda: dead(liveness_of(other, run)))
        assert found.reason == f"{ME} was not heard of for too long"
    assert leases(other).sign_of(run.run_id) is None


def test_signs_that_nobody_takes_away_are_forgotten_and_epochs_are_not(
    hosts: Hosts, database: Database
) -> None:
    one = hosts.opened("one")
    with taken(one, hosts.lock("one"), "run-a"), leases(one).sign_of_life("a-run"):
        leases(one).forget_stale_signs()
        assert leases(one).sign_of("a-run") is not None
        database.does(
            "UPDATE catalog_pipeline_leases SET until = clock_timestamp() - interval '2 days'"
        )
        leases(one).forget_stale_signs()
        assert leases(one).sign_of("a-run") is None
        assert leases(one).holder_of("shop/crawl") is not None


def test_a_table_that_cannot_be_made_is_a_clear_error(hosts: Hosts, database: Database) -> None:
    one = hosts.opened("one")
    database.does(
        "CREATE ROLE nobody NOLOGIN",
        "GRANT USAGE ON SCHEMA public TO nobody",
        f"ALTER ROLE CURRENT_USER IN DATABASE {database.name} SET role = nobody",
    )
    try:
        one.event_log_storage.dispose()
        with pytest.raises(StorageError, match="no table of leases") as caught:
            leases(one).try_take("shop/crawl", "run-a", hosts.lock("one"))
        assert "CREATE TABLE" in str(caught.value)
    finally:
        database.does(
            "SET ROLE NONE",
            f"ALTER ROLE CURRENT_USER IN DATABASE {database.name} RESET role",
            "DROP OWNED BY nobody",
            "DROP ROLE nobody",
        )


def test_who_crawls_is_told_with_dagster_and_without(hosts: Hosts) -> None:
    one = hosts.opened("one")
    assert ask_tables(crawlers) == []
    with taken(one, hosts.lock("one"), "run-a"):
        assert crawlers(one) == [f"run run-a ({ME})"]
        assert ask_tables(crawlers) == [f"run run-a ({ME})"]
    assert ask_tables(crawlers) == []
    assert crawlers(one) == []


def test_a_table_is_not_replaced_by_who_has_lost_its_lease(
    site: Site, hosts: Hosts, database: Database, run: Run
) -> None:
    """And the build is recorded by nobody."""
    one = hosts.opened("one")
    hosts.opened("other")
    assert run("run", "shop").code == 0
    before = CataloguePlaces(hosts.data("other")).table.read_bytes()
    lock = hosts.lock("one")

    def take_over(*arguments: Any) -> judgement.Judgement:
        taken_over(database, lambda: leases(one).try_take("shop/table", "run-b", lock))
        return judge(*arguments)

    judge = judgement.judge
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(judgement, "judge", take_over)
        patch.setattr(postgres_leases, "_MARGIN_SECONDS", 11.0)
        answer = run("run", "shop", "--reparse")
    assert answer.code != 0
    assert f"run run-b ({ME}) has taken over" in answer.err + answer.out
    assert CataloguePlaces(hosts.data("other")).table.read_bytes() == before
    ((builds,),) = database.rows(
        "SELECT count(*) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION' "
        'AND asset_key = \'["shop", "products"]\''
    )
    assert builds == 1


@pytest.mark.embedded("is about an instance in files")
def test_an_instance_in_files_has_no_leases(instance: dg.DagsterInstance) -> None:
    assert leases_of(instance) is None
