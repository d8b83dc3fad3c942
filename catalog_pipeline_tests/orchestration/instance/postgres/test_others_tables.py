"""A database that another program has filled under names that Dagster takes for its own."""

from __future__ import annotations

from pathlib import Path

import pytest
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres.address import settings_of_home
from catalog_pipeline.orchestration.instance.postgres.others_tables import KEY_COLUMNS
from catalog_pipeline.orchestration.instance.postgres.reaching import check_past
from catalog_pipeline.places import SETTINGS_NAME
from catalog_pipeline_tests.orchestration.instance.postgres.hosts import settings_of_chart
from catalog_pipeline_tests.postgres_server import SETTINGS, Database

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
OF_ANOTHER = "of another program under a name that Dagster needs: {}. Nothing was made"


@pytest.mark.processes
@pytest.mark.parametrize(
    "settings", [SETTINGS.read_text(), settings_of_chart()], ids=["profile", "chart"]
)
@pytest.mark.parametrize(
    ("name", "statement"),
    [
        ("runs", "CREATE TABLE runs (id serial PRIMARY KEY, who text)"),
        ("kvs", "CREATE TABLE kvs (id int, k text)"),
        ("snapshots", "CREATE VIEW snapshots AS SELECT 1 AS snapshot_id, 'x' AS snapshot_body"),
        ("alembic_version", "CREATE TABLE alembic_version AS SELECT 'abc123' AS version_num"),
        ("jobs", "CREATE TABLE jobs (title text)"),
    ],
)
def test_tables_of_another_program_are_named_and_nothing_is_made_beside_them(
    no_home: Path, empty_database: Database, settings: str, name: str, statement: str
) -> None:
    no_home.mkdir()
    (no_home / SETTINGS_NAME).write_text(settings)
    config = settings_of_home(no_home)
    assert config is not None
    check_past(no_home, config)
    empty_database.does(statement)
    before = empty_database.rows(TABLES)
    with pytest.raises(StorageError, match=OF_ANOTHER.format(name)), open_instance():
        pass
    with pytest.raises(StorageError, match=OF_ANOTHER.format(name)):
        check_past(no_home, config)
    assert empty_database.rows(TABLES) == before


@pytest.mark.processes
def test_what_another_program_puts_beside_dagsters_tables_is_its_own_affair(
    postgres_home: Path, database: Database
) -> None:
    database.does("CREATE TABLE products (id int)", "CREATE SCHEMA other")
    database.does("CREATE TABLE other.runs (who text)", "DROP TABLE jobs")
    with open_instance() as instance:
        assert instance.get_runs() == []


@pytest.mark.processes
def test_a_table_that_goes_while_it_is_used_is_told_with_what_to_do(
    postgres_home: Path, database: Database
) -> None:
    with pytest.raises(StorageError, match=r"\"runs\" does not exist. A table of") as told:
        _lose_runs(database)
    assert "sqlalche.me" not in str(told.value)


def _lose_runs(database: Database) -> None:
    with open_instance() as instance:
        database.does("DROP TABLE runs CASCADE")
        instance.get_runs()


def test_the_columns_by_which_tables_are_known_are_dagsters() -> None:
    all_of_them = {
        table.name: table
        for each in (SqlEventLogStorageMetadata, RunStorageSqlMetadata, ScheduleStorageSqlMetadata)
        for table in each.sorted_tables
    }
    assert KEY_COLUMNS.keys() == all_of_them.keys()
    for name, columns in KEY_COLUMNS.items():
        assert set(columns) <= set(all_of_them[name].columns.keys())
