"""What the files alone tell of the past is what Dagster's instance tells, or it is left to it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.orchestration.checkpoints.known_pages import add_found_pages
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.instance.asking import ask, ask_tables
from catalog_pipeline.orchestration.instance.history import Source, history_of
from catalog_pipeline.orchestration.instance.sqlite.file_history import (
    FileHistory,
    NotPlainError,
    file_history,
)
from catalog_pipeline.orchestration.names import found_pages_name, pages_key, pages_path
from catalog_pipeline.places import SETTINGS_NAME
from catalog_pipeline_tests.orchestration.made_runs import create_run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.same_past import check_same_past
from catalog_pipeline_tests.site import Site

pytestmark = [
    pytest.mark.processes,
    pytest.mark.embedded("is about SQLite's files"),
]


@pytest.fixture
def crawled(site: Site, instance: dg.DagsterInstance) -> Site:
    """Four pages, of which one failed, and a table of the others."""
    catalogue = site.write(last_page=4, coverage={"minimum": 0.5})
    site.shop.control(faults=["2=404"])
    crawl_here(instance, catalogue, catalogue.pages, None)
    build_table_here(instance, catalogue)
    return site


def test_the_files_tell_pages_table_and_runs_as_the_instance_does(
    crawled: Site, instance: dg.DagsterInstance, home: Path
):
    assert check_same_past(instance, home) == 2
    statuses = ask_tables(lambda past: read_statuses(past, crawled.catalogue, keys(1, 2, 3, 4)))
    assert statuses == read_statuses(instance, crawled.catalogue, keys(1, 2, 3, 4))
    assert (statuses.done, set(statuses.failed)) == (set(keys(1, 3, 4)), set(keys(2)))


def test_found_pages_are_told_in_their_order(site: Site, instance: dg.DagsterInstance, home: Path):
    catalogue = site.write(pages={"kind": "open"})
    add_found_pages(instance, catalogue, keys(10, 2, 3))
    name = found_pages_name(catalogue)
    with file_history(home) as past:
        assert past.found_partitions(name) == history_of(instance).found_partitions(name)
        assert past.found_partitions(name) == ["2", "3", "10"]


def test_a_look_sees_one_moment(crawled: Site, instance: dg.DagsterInstance, home: Path):
    path = pages_path(crawled.catalogue)
    with file_history(home) as past:
        before = past.latest_ids(path, "ASSET_MATERIALIZATION")
        crawl_here(instance, crawled.catalogue, keys(1), None)
        assert past.latest_ids(path, "ASSET_MATERIALIZATION") == before
    with file_history(home) as past:
        assert past.latest_ids(path, "ASSET_MATERIALIZATION") != before


def _a_run_that_is_not_over(site: Site, instance: dg.DagsterInstance, home: Path) -> None:
    create_run(instance, site.catalogue, 1, 2)


def _a_run_that_came_to_nothing(site: Site, instance: dg.DagsterInstance, home: Path) -> None:
    instance.report_run_canceled(create_run(instance, site.catalogue, 1, 2))


def _a_wiped_asset(site: Site, instance: dg.DagsterInstance, home: Path) -> None:
    instance.wipe_assets([pages_key(site.catalogue)])
    crawl_here(instance, site.catalogue, keys(1), None)


def _another_version(site: Site, instance: dg.DagsterInstance, home: Path) -> None:
    with closing(sqlite3.connect(home / "history" / "runs" / "index.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'of another Dagster'")
        connection.commit()


def _other_settings(site: Site, instance: dg.DagsterInstance, home: Path) -> None:
    settings = home / SETTINGS_NAME
    settings.write_text(settings.read_text() + "\nlocal_artifact_storage: {}\n")


def _unreadable_settings(site: Site, instance: dg.DagsterInstance, home: Path) -> None:
    (home / SETTINGS_NAME).write_text("[")


def _no_index(site: Site, instance: dg.DagsterInstance, home: Path) -> None:
    (home / "history" / "runs" / "index.db").unlink()


def _a_damaged_index(site: Site, instance: dg.DagsterInstance, home: Path) -> None:
    (home / "history" / "runs" / "index.db").write_bytes(b"no database" * 1000)


@pytest.mark.parametrize(
    "come_to",
    [
        _a_run_that_is_not_over,
        _a_run_that_came_to_nothing,
        _a_wiped_asset,
        _another_version,
        _other_settings,
        _unreadable_settings,
        _no_index,
        _a_damaged_index,
    ],
)
def test_what_is_not_plain_is_not_told_by_the_files(
    crawled: Site,
    instance: dg.DagsterInstance,
    home: Path,
    come_to: Callable[[Site, dg.DagsterInstance, Path], None],
):
    come_to(crawled, instance, home)
    with pytest.raises(NotPlainError):
        ask_tables(lambda past: read_statuses(past, crawled.catalogue, keys(1, 2, 3, 4)))


@pytest.mark.parametrize("come_to", [_a_run_that_is_not_over, _a_wiped_asset, _no_index])
def test_what_the_files_do_not_tell_dagster_is_asked(
    crawled: Site,
    instance: dg.DagsterInstance,
    home: Path,
    come_to: Callable[[Site, dg.DagsterInstance, Path], None],
):
    come_to(crawled, instance, home)
    asked: list[Source] = []

    def question(source: Source) -> frozenset[object]:
        asked.append(source)
        return frozenset(read_statuses(source, crawled.catalogue, keys(1, 2, 3, 4)).done)

    answer = ask(question)
    assert answer == read_statuses(instance, crawled.catalogue, keys(1, 2, 3, 4)).done
    assert [each for each in asked if not isinstance(each, FileHistory)]
