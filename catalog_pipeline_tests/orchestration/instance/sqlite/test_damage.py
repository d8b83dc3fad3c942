"""Damaged files of Dagster's storages: recovered with no download, or said with what to do."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.names import plain_pages_key
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import Site

pytestmark = [
    pytest.mark.processes,
    pytest.mark.embedded("is about SQLite's files"),
]

PAGES = 5


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def overwrite(path: Path) -> None:
    path.write_bytes(b"garbage " * 4096)


def overwrite_the_events(path: Path) -> None:
    """The first page of their table alone, so that opening the file sees nothing."""
    with closing(sqlite3.connect(path)) as connection:
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (page,) = connection.execute(
            "SELECT rootpage FROM sqlite_master WHERE name = 'event_logs'"
        ).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def make_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()
    (path / "something").write_text("of somebody")


def remove(path: Path) -> None:
    path.unlink()


DAMAGES = [cut, overwrite, empty, make_a_folder]


@pytest.fixture
def crawled(site: Site, run: Run, shop: RunningShop) -> Site:
    """A catalogue of which one page failed and another one was wiped after the crawl."""
    shop.control(faults=["4=404"])
    site.write(last_page=PAGES)
    assert run("run", "shop").code == 1
    with open_instance() as instance:
        instance.wipe_asset_partitions(plain_pages_key("shop"), ["2"])
    shop.control(faults=[], reset_hits=True)
    return site


def statuses(run: Run) -> Any:
    """What the command says of the pages, with times and reasons.

    Events have other numbers in an index that was made anew, so that a table is built once more.
    """
    answer = run("status", "shop", "--json")
    assert answer.code in (0, 1), answer.err
    return [
        {key: value for key, value in each.items() if key != "table_outdated"}
        for each in answer.json
    ]


def index_of(home: Path) -> Path:
    """The index, with all that was written to it in the file itself."""
    path = home / "history" / "runs" / "index.db"
    _fold_in(path)
    return path


def _fold_in(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize("damage", [*DAMAGES, remove])
def test_a_damaged_index_is_made_anew_from_the_logs_of_the_runs(
    crawled: Site, home: Path, run: Run, shop: RunningShop, damage: Callable[[Path], None]
) -> None:
    before = statuses(run)
    with open_instance() as instance:
        last_id = instance.event_log_storage.get_maximum_record_id() or 0
        events = _asset_events(instance)
    damage(index_of(home))
    assert statuses(run) == before
    with open_instance() as instance:
        assert _asset_events(instance) == events
        assert (instance.event_log_storage.get_maximum_record_id() or 0) > last_id
    assert run("run", "shop").code == 0
    assert set(shop.hits()["pages"]) == {"2", "4"}


def _asset_events(instance: dg.DagsterInstance) -> dict[str, list[tuple[str | None, float]]]:
    """Partition and time of the pages' events in the index, by kind."""
    key = plain_pages_key("shop")
    fetched = {
        "materializations": instance.fetch_materializations(key, limit=100).records,
        "observations": instance.fetch_observations(key, limit=100).records,
    }
    return {
        kind: sorted((str(record.partition_key), record.timestamp) for record in records)
        for kind, records in fetched.items()
    }


def test_what_was_there_is_kept_and_it_is_said_once(
    crawled: Site, home: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    overwrite(index_of(home))
    statuses(run)
    statuses(run)
    (said,) = [each.getMessage() for each in caplog.records if "index of Dagster's" in each.message]
    assert "not a database" in said
    assert "made anew from the runs' own files" in said
    kept = home / "history" / "runs" / "index.db.damaged-1"
    assert str(kept) in said
    assert kept.read_bytes().startswith(b"garbage")


def test_damage_that_only_use_finds_is_said_and_mended_by_the_next_command(
    crawled: Site, home: Path, run: Run
) -> None:
    before = statuses(run)
    overwrite_the_events(index_of(home))
    answer = run("status", "shop", "--json")
    assert answer.code == 1
    assert "is damaged, and has been set aside" in answer.err
    assert "Run the same again" in answer.err
    assert statuses(run) == before


def test_a_damaged_log_of_a_run_costs_no_download(
    crawled: Site, home: Path, run: Run, shop: RunningShop
) -> None:
    """With the index gone too: the pages are recorded again from their files."""
    index = index_of(home)
    for path in index.parent.glob("*-*.db"):
        overwrite(path)
    index.unlink()
    assert run("run", "shop").code == 0
    assert set(shop.hits()["pages"]) <= {"2", "4"}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("history/runs.db", "the list of runs"),
        ("schedules/schedules.db", "which schedules and sensors are on"),
    ],
)
def test_a_damaged_list_of_runs_or_schedules_is_a_sentence_that_helps(
    crawled: Site,
    home: Path,
    run: Run,
    shop: RunningShop,
    name: str,
    content: str,
    damage: Callable[[Path], None],
) -> None:
    path = home / name
    _fold_in(path)
    damage(path)
    answer = run("status", "shop")
    assert answer.code == 1
    assert answer.err.startswith(f"Error: Dagster's file {path} ")
    assert content in answer.err
    assert "move it away" in answer.err
    for moved in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if moved.is_dir():
            shutil.rmtree(moved)
        else:
            moved.unlink(missing_ok=True)
    assert run("run", "shop").code == 0
    assert set(shop.hits()["pages"]) == {"2", "4"}
