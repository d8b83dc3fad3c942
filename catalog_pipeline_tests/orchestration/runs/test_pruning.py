"""Pruning removes what is old, and nobody sees a difference in anything that stands."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.lock import CRAWL_LOCK, TABLE_LOCK, catalogue_lock, try_acquire
from catalog_pipeline.orchestration.checkpoints.past_builds import read_past
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.checkpoints.table_state import read_last_build
from catalog_pipeline.orchestration.commands.crawl_and_build import crawl_and_build
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog
from catalog_pipeline.orchestration.instance.sqlite.event_log import BatchedSqliteEventLogStorage
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline.orchestration.runs.pruning import Amount, Pruned, PruneReport, prune
from catalog_pipeline.places import DATA_VARIABLE, catalogue_places
from catalog_pipeline.system.locked_file import LockedFile
from catalog_pipeline_tests.orchestration.life_of_pages import (
    BROKEN,
    GONE,
    GOOD,
    PAGES,
    Scene,
)
from catalog_pipeline_tests.orchestration.long_life import a_long_life, facts, refresh
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.storing.disks import fill, small_disk
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS
from catalog_pipeline_tests.written_site import written_site

pytestmark = pytest.mark.processes

of_sqlite = pytest.mark.embedded("is about the files of SQLite")
of_page_files = pytest.mark.embedded("leaves files in the folder of pages")
IN_A_YEAR = timedelta(days=365)
ALL = keys(*PAGES)


@pytest.fixture
def scene(tmp_path: Path, no_home: Path, new_home: Callable[[], Path]) -> Iterator[Scene]:
    with written_site() as site:
        made = Scene(tmp_path / "catalogues", no_home, new_home, site)
        made.begin()
        yield made
        made.end()
        made.close()


def prune_later(scene: Scene, **options: Any) -> PruneReport:
    now = datetime.now(timezone.utc) + IN_A_YEAR
    return prune(scene.instance, [scene.catalogue], now, **options)


def test_all_that_stands_is_as_it_was(scene: Scene) -> None:
    waiting = a_long_life(scene)
    before = facts(scene.instance, scene.catalogue)
    runs = set(scene.instance.get_run_ids())
    told = prune_later(scene, dry_run=True)
    assert facts(scene.instance, scene.catalogue) == before
    assert set(scene.instance.get_run_ids()) == runs
    done = prune_later(scene)
    assert done.catalogues == told.catalogues
    (of_shop,) = done.catalogues
    assert of_shop.runs.count >= 4
    assert of_shop.events.count > of_shop.runs.count
    assert facts(scene.instance, scene.catalogue) == before
    left = set(scene.instance.get_run_ids())
    assert len(left) == len(runs) - of_shop.runs.count
    assert waiting.run_id in left
    _no_trace_of(scene, runs - left)
    again = prune_later(scene)
    assert again.is_nothing
    # What waited goes on, and what failed is tried and told as ever.
    assert scene.execute(waiting).status == dg.DagsterRunStatus.SUCCESS
    scene.show(2, GOOD, "c")
    assert scene.command(ALL).is_good
    assert not read_standing(scene.instance, scene.catalogue).due


def _no_trace_of(scene: Scene, gone: set[str]) -> None:
    storage = scene.instance.event_log_storage
    assert isinstance(storage, BatchedEventLog)
    assert not any(map(storage.log_bytes, gone))
    with storage.index_connection() as connection:
        for table, column in (("event_logs", "run_id"), ("asset_check_executions", "run_id")):
            query = f"SELECT DISTINCT {column} FROM {table}"  # noqa: S608
            found = {row[0] for row in connection.exec_driver_sql(query)}
            assert not found & gone, table
        orphans = (
            "SELECT count(*) FROM asset_event_tags "
            "WHERE event_id NOT IN (SELECT id FROM event_logs)"
        )
        assert connection.exec_driver_sql(orphans).scalar() == 0


def test_nothing_goes_before_its_time(scene: Scene) -> None:
    a_long_life(scene)
    runs = set(scene.instance.get_run_ids())
    report = prune(scene.instance, [scene.catalogue], datetime.now(timezone.utc))
    # But for the file of the page that was wiped.
    assert report.catalogues == (Pruned("shop", page_files=report.catalogues[0].page_files),)
    assert set(scene.instance.get_run_ids()) == runs
    forever = scene.catalogue.model_copy(
        update={"retention": scene.catalogue.retention.model_copy(update={"runs": "forever"})}
    )
    assert prune(scene.instance, [forever], datetime.now(timezone.utc) + 100 * IN_A_YEAR).is_nothing


def test_a_failure_is_explained_however_old_it_is(scene: Scene) -> None:
    refresh(scene)
    scene.show(2, GONE)
    refresh(scene)
    failed_in = scene.instance.get_runs(
        filters=dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])
    )
    for _ in range(3):
        scene.command(keys(1, 3), refresh_at=datetime.now(timezone.utc))
    before = read_standing(scene.instance, scene.catalogue)
    assert prune_later(scene).catalogues[0].runs.count >= 2
    after = read_standing(scene.instance, scene.catalogue)
    assert after.failures == before.failures
    assert after.failures.keys() == {keys(2)[0]}
    (run,) = failed_in
    assert after.statuses.failed == {keys(2)[0]: run.run_id}
    assert scene.instance.all_logs(run.run_id)


@of_sqlite
def test_a_damaged_index_is_made_anew_out_of_what_is_left(scene: Scene) -> None:
    a_long_life(scene)
    prune_later(scene)
    before = facts(scene.instance, scene.catalogue)
    storage = scene.instance.event_log_storage
    assert isinstance(storage, BatchedSqliteEventLogStorage)
    index = Path(storage.index_path)
    storage.dispose()
    for path in (index, *index.parent.glob("index.db-*")):
        path.unlink()
    after = facts(scene.instance, scene.catalogue)
    same = ("due", "grid", "checkpoints", "materialized", "tags", "alive")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert after["standing"].failures.keys() == before["standing"].failures.keys()


def test_runs_of_others_stay_whatever_they_are_called_and_materialize(scene: Scene) -> None:
    key = pages_key(scene.catalogue)

    @dg.asset(key=dg.AssetKey(["shop", "somebodys"]))
    def somebodys() -> None: ...

    @dg.asset(key=key)
    def ours_by_others() -> None: ...

    @dg.op
    def nothing() -> None: ...

    @dg.job
    def cleaning() -> None:
        nothing()

    instance = scene.instance
    theirs = [
        cleaning.execute_in_process(instance=instance).run_id,
        dg.materialize([somebodys], instance=instance).run_id,
        dg.materialize([somebodys, ours_by_others], instance=instance).run_id,
        dg.Definitions(
            assets=[ours_by_others], jobs=[dg.define_asset_job("their_job", [ours_by_others])]
        )
        .resolve_job_def("their_job")
        .execute_in_process(instance=instance)
        .run_id,
    ]
    for _ in range(3):
        refresh(scene)
    before = {run_id: len(instance.all_logs(run_id)) for run_id in theirs}
    assert prune_later(scene).catalogues[0].runs.count
    assert set(theirs) <= set(instance.get_run_ids())
    assert {run_id: len(instance.all_logs(run_id)) for run_id in theirs} == before


def test_a_run_whose_retry_stays_is_not_removed(scene: Scene) -> None:
    scene.show(2, BROKEN)
    first = scene.execute(scene.web_run(1, 3))
    scene.show(2, GOOD)
    for _ in range(2):
        refresh(scene)
    retry = scene.web_run(1, 3, retry_of=first)
    prune_later(scene)
    left = set(scene.instance.get_run_ids())
    assert {first.run_id, retry.run_id} <= left
    scene.execute(retry)
    refresh(scene)
    prune_later(scene)
    assert not {first.run_id, retry.run_id} & set(scene.instance.get_run_ids())


@of_page_files
def test_page_files_go_that_no_checkpoint_names_and_no_crawl_would_take(scene: Scene) -> None:
    refresh(scene)
    folder = catalogue_places("shop").pages
    old = {page: next(folder.glob(f"{page}-*")) for page in PAGES}
    kept = {page: path.read_bytes() for page, path in old.items()}
    refresh(scene)
    named = {path.name for path in folder.iterdir()}
    # Left by a crawl that was killed before it removed them, and a writer that was killed.
    for page, path in old.items():
        path.write_bytes(kept[page])
    (folder / ".writing-1-2-3").write_bytes(b"half")
    # Stored and not yet recorded: newer than the checkpoint.
    checkpoints = read_checkpoints(scene.instance, scene.catalogue, scene.catalogue.pages)
    newest = checkpoints[keys(3)[0]].file_name
    number, _, digest = newest.split("-")
    later = f"{datetime.now(timezone.utc) + timedelta(minutes=1):%Y%m%dT%H%M%S%fZ}"
    unrecorded = folder / f"{number}-{later}-{digest}"
    unrecorded.write_bytes(b"x")
    told = prune_later(scene, dry_run=True).catalogues[0]
    done = prune_later(scene).catalogues[0]
    assert told == done
    assert done.page_files == Amount(3, sum(map(len, kept.values())))
    assert done.left_overs == Amount(1, 4)
    assert {path.name for path in folder.iterdir()} == {*named, unrecorded.name}


@of_page_files
def test_of_a_page_whose_recorded_file_is_gone_the_newest_other_one_stays(scene: Scene) -> None:
    """The database is newer than the files, as after a restore; its older copy will name them."""
    refresh(scene)
    folder = catalogue_places("shop").pages
    old = {path.name: path.read_bytes() for path in folder.iterdir()}
    refresh(scene)
    for path in folder.iterdir():
        path.unlink()
    for name, content in old.items():
        (folder / name).write_bytes(content)
    assert prune_later(scene).catalogues[0].page_files.count == 0
    assert {path.name for path in folder.iterdir()} == old.keys()
    refresh(scene)
    prune_later(scene)
    assert not {path.name for path in folder.iterdir()} & old.keys()


@of_page_files
def test_room_is_made_on_a_full_disk(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with small_disk(tmp_path / "disk", kilobytes=2000) as disk:
        monkeypatch.setenv(DATA_VARIABLE, str(disk))
        refresh(scene)
        left = catalogue_places("shop").pages / ".writing-1-2-3"
        left.write_bytes(b"half")
        fill(disk, room_kilobytes=0)
        assert prune_later(scene).catalogues[0].left_overs == Amount(1, 4)
        assert not left.exists()


@of_page_files
def test_the_file_of_a_wiped_page_goes_and_of_one_without_a_record_stays(scene: Scene) -> None:
    refresh(scene)
    folder = catalogue_places("shop").pages
    scene.wipe(1)
    assert prune_later(scene).catalogues[0].page_files.count == 1
    assert sorted(path.name[0] for path in folder.iterdir()) == ["2", "3"]
    # A crawl that died before it recorded page 1.
    assert scene.killed_command(keys(1), after=1)
    assert prune_later(scene).catalogues[0].page_files.count == 0
    assert scene.command(keys(1)).downloads == 0


@of_page_files
@pytest.mark.parametrize("lock_file", [CRAWL_LOCK, TABLE_LOCK])
def test_while_it_is_crawled_or_built_its_files_stay_and_old_runs_go(
    scene: Scene, lock_file: str
) -> None:
    for _ in range(3):
        refresh(scene)
    places = catalogue_places("shop")
    (places.pages / ".writing-1-2-3").write_bytes(b"being written")
    lock = try_acquire(places.folder, "some-run", lock_file)
    assert lock is not None
    for dry_run in (True, False):
        of_shop = prune_later(scene, dry_run=dry_run).catalogues[0]
        assert "some-run" in str(of_shop.waits_for)
        assert of_shop.left_overs.count == 0
        assert of_shop.runs.count
    lock.release()
    assert (places.pages / ".writing-1-2-3").exists()
    assert prune_later(scene).catalogues[0].left_overs.count == 1


@of_sqlite
def test_the_room_goes_back_to_the_file_system(scene: Scene) -> None:
    for _ in range(8):
        refresh(scene)
    report = prune_later(scene)
    assert report.bytes_after is not None
    assert report.bytes_after < report.bytes_before / 2
    storage = scene.instance.event_log_storage
    assert isinstance(storage, BatchedSqliteEventLogStorage)
    with storage.index_connection() as connection:
        assert connection.exec_driver_sql("PRAGMA freelist_count").scalar() == 0
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_the_past_that_checks_ask_for_stays(scene: Scene) -> None:
    for number in range(12):
        scene.show(1, GOOD, f"text {number}")
        refresh(scene)
    built = read_last_build(scene.instance, scene.catalogue)
    assert built is not None
    asked = (built.values["built_from_event"], str(built.values["pages"]))
    before = read_past(scene.instance, scene.catalogue, *asked)
    assert len(before.builds) == scene.catalogue.checks.rows.against
    prune_later(scene)
    assert read_past(scene.instance, scene.catalogue, *asked) == before


def test_what_is_known_of_found_pages_and_of_their_end_stays(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = site.write(pages={"kind": "open"}, history=True)

    def crawl(pages: tuple[PageKey, ...] | None = None) -> None:
        with catalogue_lock(site.places.folder, "a command") as lease:
            request = CrawlRequest(catalogue, pages, datetime.now(timezone.utc))
            crawl_and_build(instance, request, Spectator(), CrawlContext(lease=lease))

    for shown in (6, 4, 5, 5):
        site.shop.control(pages=shown)
        crawl()
    site.shop.control(faults=["3=404"])
    crawl(tuple(keys(2, 3)))
    site.shop.control(faults=[])
    # Of the last page alone, after which its end is older than its checkpoint.
    crawl(tuple(keys(5)))
    before = facts(instance, catalogue)
    assert before["standing"].end is not None
    assert set(before["standing"].failures) == {keys(3)[0]}
    past = [path.read_bytes() for path in (site.places.history, site.places.changes)]
    report = prune(instance, [catalogue], datetime.now(timezone.utc) + IN_A_YEAR)
    assert report.catalogues[0].runs.count >= 2
    assert facts(instance, catalogue) == before
    assert [path.read_bytes() for path in (site.places.history, site.places.changes)] == past


@of_sqlite
def test_an_index_of_an_earlier_release_is_written_anew_once_and_shrinks_from_then_on(
    scene: Scene,
) -> None:
    for _ in range(6):
        refresh(scene)
    storage = scene.instance.event_log_storage
    assert isinstance(storage, BatchedSqliteEventLogStorage)
    with closing(sqlite3.connect(storage.index_path, isolation_level=None)) as database:
        database.execute("PRAGMA auto_vacuum=NONE")
        database.execute("VACUUM")
        before = database.execute("PRAGMA page_count").fetchone()[0]
    told = facts(scene.instance, scene.catalogue)
    prune_later(scene)
    with closing(sqlite3.connect(storage.index_path)) as database:
        asked = ("auto_vacuum", "freelist_count")
        assert [database.execute(f"PRAGMA {name}").fetchone()[0] for name in asked] == [2, 0]
        assert database.execute("PRAGMA page_count").fetchone()[0] < before
    assert facts(scene.instance, scene.catalogue) == told


def test_two_that_remove_at_once_wait_for_each_other(scene: Scene) -> None:
    refresh(scene)
    refresh(scene)
    lock = LockedFile.try_take(Path(scene.instance.root_directory) / "prune.lock", {})
    assert lock is not None
    with ThreadPoolExecutor(1) as pool:
        waits = threading.Event()
        done = pool.submit(prune_later, scene, on_wait=waits.set)
        assert waits.wait(PATIENCE_SECONDS)
        assert not done.done()
        lock.release(remove=False)
        assert done.result(PATIENCE_SECONDS).catalogues[0].runs.count


@of_sqlite
def test_what_was_being_made_or_lost_its_run_leaves_the_home(scene: Scene) -> None:
    refresh(scene)
    storage = scene.instance.event_log_storage
    assert isinstance(storage, BatchedSqliteEventLogStorage)
    folder = Path(storage.index_path).parent
    (deleted,) = scene.instance.get_runs(limit=1)
    scene.instance.delete_run(deleted.run_id)
    storage.dispose()
    made = folder / f".{deleted.run_id}.db.{32 * 'a'}"
    made.write_bytes(b"half")
    others = [folder / "somebodys.db", folder / ".notes"]
    for path in others:
        path.write_bytes(b"x")
    assert prune(scene.instance, [], datetime.now(timezone.utc)).left_overs.count == 0
    report = prune_later(scene)
    assert report.left_overs.count == 2
    assert not made.exists()
    assert not Path(storage.path_for_shard(deleted.run_id)).exists()
    assert all(path.exists() for path in others)
