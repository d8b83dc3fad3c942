"""The tables of an empty database: made once, whole, however many open it at the same instant."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import psycopg
import pytest
from dagster._core.storage.dagster_run import DagsterRun

from catalog_pipeline.errors import CatalogPipelineError, StorageError
from catalog_pipeline.orchestration.instance.host_leases import pace_of
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import SETTINGS_NAME
from catalog_pipeline_tests.orchestration.histories import JOB
from catalog_pipeline_tests.orchestration.instance.postgres.hosts import leases, settings_of_chart
from catalog_pipeline_tests.postgres_server import (
    SETTINGS,
    Database,
    write_postgres_home,
)
from catalog_pipeline_tests.waiting import wait_for

pytestmark = pytest.mark.processes

PROCESSES = 6
_FORKS = multiprocessing.get_context("fork")


_REFUSAL = (
    """CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
        IF to_regclass('{table}') IS NOT NULL THEN
            RAISE 'it may not be' USING ERRCODE = 'insufficient_privilege';
        END IF;
    END $$""",
    "CREATE EVENT TRIGGER refusal ON ddl_command_end EXECUTE FUNCTION refuse()",
)
"""No table of a name comes to be."""


def _use_all(name: str) -> None:
    """Something of each table."""
    with open_instance() as instance:
        instance.add_run(DagsterRun(JOB))
        assert instance.all_instigator_state() == []
        pace = pace_of(instance, "shop")
        assert pace is not None
        pace.rest(0)
        assert pace.rest_seconds() == 0
        signs = leases(instance)
        with signs.sign_of_life(name):
            assert signs.sign_of(name) is not None


@pytest.mark.parametrize(
    "settings", [SETTINGS.read_text(), settings_of_chart()], ids=["profile", "chart"]
)
def test_six_processes_open_an_empty_database_at_once(
    no_home: Path, empty_database: Database, settings: str
) -> None:
    """One is in the middle of it, which is where the others come."""
    no_home.mkdir()
    (no_home / SETTINGS_NAME).write_text(settings)
    started = [
        _FORKS.Process(target=_use_all, args=(f"of-{number}",)) for number in range(PROCESSES)
    ]

    def all_have_come() -> bool:
        ended = [process for process in started if process.exitcode is not None]
        return len(ended) + empty_database.waiting == PROCESSES

    with psycopg.connect(empty_database.url) as connection:
        # Of the first tables one can be made only when this transaction has ended.
        connection.execute("CREATE TABLE instance_info ()")
        for process in started:
            process.start()
        wait_for("all to come", all_have_come)
        connection.rollback()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0] * PROCESSES
    assert empty_database.rows("SELECT count(*) FROM runs") == [(PROCESSES,)]
    assert empty_database.rows("SELECT count(*) FROM alembic_version") == [(1,)]


def test_what_cannot_be_made_whole_leaves_nothing_and_is_made_by_the_next(
    no_home: Path, empty_database: Database
) -> None:
    """The server refuses the last of the tables."""
    write_postgres_home(no_home)
    empty_database.does(*(each.format(table="instigators") for each in _REFUSAL))
    with pytest.raises(CatalogPipelineError, match="it may not be"):
        _use_all("first")
    assert empty_database.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == []
    empty_database.does("DROP EVENT TRIGGER refusal")
    _use_all("second")


def test_tables_that_an_earlier_release_made_are_given_the_columns_that_they_lack(
    postgres_home: Path, database: Database
) -> None:
    _use_all("earlier")
    database.does(
        "ALTER TABLE catalog_pipeline_leases DROP COLUMN pages",
        "ALTER TABLE catalog_pipeline_paces DROP COLUMN busy, DROP COLUMN is_given",
    )
    _use_all("later")


def test_a_table_that_may_not_be_made_is_named_with_what_makes_it(
    postgres_home: Path, database: Database
) -> None:
    with open_instance():
        pass
    database.does(*(each.format(table="catalog_pipeline_leases") for each in _REFUSAL))
    with pytest.raises(StorageError, match=r"no table of leases .* it may not be") as refused:
        _use_all("first")
    _, _, statement = str(refused.value).partition("Let whoever may do so make it: ")
    database.does("DROP EVENT TRIGGER refusal", statement)
    _use_all("second")
