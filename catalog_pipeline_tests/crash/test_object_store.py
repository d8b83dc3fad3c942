"""Crawls whose files are kept in a bucket: complete, killed, and while the store has a bad day.

The server is one of the tests' own. What every store promises is asked in `storing/test_store`.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from catalog_pipeline_tests.crash.invariants import Deaths, complaints, leftovers, table_rows, truth
from catalog_pipeline_tests.crash.scene import Scene, dying
from catalog_pipeline_tests.object_server import Bucket, Gate
from catalog_pipeline_tests.site import NAME
from catalog_pipeline_tests.waiting import wait_for

pytestmark = pytest.mark.processes

FOLDER = f"data/{NAME}"
FILES = {f"{FOLDER}/{name}.parquet" for name in ("products", "history", "changes")}


@contextmanager
def scene_of(bucket: Bucket, folder: Path, **attributes: Any) -> Iterator[Scene]:
    """A scene whose catalogue keeps a history, in a bucket."""
    with Scene(folder, address=bucket.address, history=True, **attributes) as scene:
        yield scene


def beside_pages(bucket: Bucket) -> set[str]:
    """All objects but page files."""
    return {name for name in bucket.names if "/pages/" not in name}


def rows_of(scene: Scene, file: str) -> list[dict[str, Any]]:
    """The rows of a copy, as far as they do not say when, or of which shop, they were fetched."""
    table = pq.read_table(scene.places.folder / file)
    told = {"url", "source_url", "fetched_at", "valid_from", "valid_to", "changed_at", "seen_at"}
    kept = [name for name in table.column_names if name not in told | {"checked_at"}]
    return table.select(kept).to_pylist()


def live(scene: Scene) -> None:
    """A crawl, and a refresh for which the shop has changed."""
    assert scene.crawl_here().code == 0
    scene.shop.control(revise=[3])
    assert scene.crawl_here("--refresh").code == 0


def test_a_catalogue_in_a_bucket_has_the_rows_of_one_in_a_folder(
    tmp_path: Path, bucket: Bucket
) -> None:
    exports = [{"to": "csv"}]
    with (
        scene_of(bucket, tmp_path / "far", exports=exports) as far,
        Scene(tmp_path / "near", history=True, exports=exports) as near,
    ):
        for scene in (far, near):
            live(scene)
        assert table_rows(far.places.table) == table_rows(near.places.table)
        for file in ("products.parquet", "history.parquet", "changes.parquet"):
            assert rows_of(far, file) == rows_of(near, file)
        assert beside_pages(bucket) == FILES | {f"{FOLDER}/exports/products.csv"}
        assert bucket.get(f"{FOLDER}/products.parquet") == far.places.table.read_bytes()
        left = {path.name for path in far.places.folder.iterdir() if not path.name.startswith(".")}
        assert "pages" not in left
        assert not leftovers(far)


def test_all_that_people_are_told_is_the_address(tmp_path: Path, bucket: Bucket) -> None:
    with scene_of(bucket, tmp_path) as scene:
        crawl = scene.crawl_here()
        assert f"36 rows in {bucket.address}/{NAME}/products.parquet" in crawl.out
        with scene.instance() as instance:
            event = instance.get_latest_materialization_event(_products())
        assert event is not None
        made = event.asset_materialization
        assert made is not None
        assert made.metadata["path"].value == f"{bucket.address}/{NAME}/products.parquet"
        report = scene.run("report", NAME)
        assert f"{bucket.address}/{NAME}/report.html" in report.out
        assert f"{FOLDER}/report.html" in bucket.names
        status = scene.run("status", NAME, "--json")
        assert f'"table": "{bucket.address}/{NAME}/products.parquet"' in status.out


def test_another_machine_goes_on_with_what_the_bucket_has(tmp_path: Path, bucket: Bucket) -> None:
    """It has the same event log, and a folder of its own, in which there is nothing."""
    with scene_of(bucket, tmp_path) as scene:
        live(scene)
        asked, changes = scene.downloads(), rows_of(scene, "changes.parquet")
        history = bucket.get(f"{FOLDER}/history.parquet")
        shutil.rmtree(scene.data)
        again = scene.crawl_here()
        assert "everything is done already" in again.out
        assert "36 rows in" in again.out
        assert scene.downloads() == asked
        assert scene.run("changes", NAME).code == 0
        assert rows_of(scene, "changes.parquet") == changes
        shutil.rmtree(scene.data)
        scene.shop.control(revise=[4])
        assert scene.crawl_here("--refresh").code == 0
        assert len(rows_of(scene, "changes.parquet")) > len(changes)
        assert bucket.get(f"{FOLDER}/history.parquet") != history
        assert beside_pages(bucket) == FILES


def test_a_table_that_is_gone_from_the_bucket_or_altered_in_it_is_built_anew(
    tmp_path: Path, bucket: Bucket
) -> None:
    with scene_of(bucket, tmp_path) as scene:
        scene.crawl_here()
        name = f"{FOLDER}/products.parquet"
        whole = bucket.get(name)
        for harm in (bucket.remove, lambda name: bucket.put(name, whole[:-1])):
            harm(name)
            assert scene.crawl_here().code == 0
            assert table_rows(scene.places.table) == truth(scene)
            assert bucket.get(name) == scene.places.table.read_bytes()


def test_prune_removes_the_objects_that_no_page_needs(tmp_path: Path, bucket: Bucket) -> None:
    with scene_of(bucket, tmp_path) as scene:
        live(scene)
        before = bucket.names
        old = next(name for name in before if f"{FOLDER}/pages/7-" in name)
        stamp = "20200101T000000000000Z"
        orphan = f"{FOLDER}/pages/7-{stamp}-0123456789abcdef.page"
        bucket.put(orphan, bucket.get(old))
        assert scene.run("prune", NAME, "--dry-run", "--json").code == 0
        assert orphan in bucket.names
        assert scene.run("prune", NAME).code == 0
        assert bucket.names == before


def test_a_store_that_has_no_time_for_seconds_and_refuses_now_and_then_loses_nothing(
    tmp_path: Path, bucket: Bucket, gate: Gate
) -> None:
    with scene_of(bucket, tmp_path, pages=60, latency_ms=30) as scene:
        gate.refuses_every_put = 10
        crawl = scene.start("run", NAME)
        crawl.until(lambda: len(scene.store.newest()) >= 10, "ten pages are stored")
        gate.refused, gate.refuses_all = 0, True
        wait_for("refusals", lambda: gate.refused >= 12)
        gate.refuses_all = False
        crawl.wait()
        assert crawl.code == 0, crawl.err
        assert not complaints(scene, Deaths(scene))
        assert set(scene.downloads().values()) == {1}


@pytest.mark.parametrize("seed", range(3))
def test_a_crawl_that_is_killed_at_any_instant_is_resumed(
    tmp_path: Path, bucket: Bucket, seed: int
) -> None:
    chance = random.Random(seed)
    with scene_of(bucket, tmp_path, pages=60, latency_ms=40) as scene:
        deaths = Deaths(scene)
        enough = chance.randrange(60)
        crawl = scene.start("run", NAME)
        crawl.until(lambda: len(scene.downloads()) >= enough, f"{enough} pages were asked for")
        scene.kill(crawl, "group")
        deaths.note()
        assert scene.crawl().code == 0
        assert not complaints(scene, deaths)
        assert beside_pages(bucket) == FILES


@pytest.mark.parametrize("point", ["page put", "page not put"])
def test_a_page_is_done_when_its_object_is_there(
    tmp_path: Path, bucket: Bucket, point: str
) -> None:
    with scene_of(bucket, tmp_path) as scene:
        deaths = Deaths(scene)
        dying(scene, point, 5)
        deaths.note()
        assert scene.crawl().code == 0
        assert not complaints(scene, deaths)


@pytest.mark.parametrize(
    ("point", "call", "is_elsewhere"),
    [
        ("file not put", 1, True),
        ("file put", 1, False),
        ("file put", 2, True),
        ("file not put", 3, False),
        ("file put", 3, False),
        ("file put", 3, True),
        ("file put, no copy of it here", 3, False),
    ],
)
def test_a_build_that_dies_counts_once_or_not_at_all(
    tmp_path: Path, bucket: Bucket, point: str, call: int, is_elsewhere: bool
) -> None:
    """Of history, changes and table, in this order; the next build may be on another machine."""
    with scene_of(bucket, tmp_path) as scene:
        scene.crawl_here()
        scene.shop.control(revise=[3])
        dying(scene, point, call, "--refresh")
        scene.wait_until_dead()
        if is_elsewhere:
            shutil.rmtree(scene.data)
        assert scene.crawl_here().code == 0
        changes = rows_of(scene, "changes.parquet")
        assert {row["build"] for row in changes} == {2}
        assert len({(row["build"], row["product_id"], row["column"]) for row in changes}) == len(
            changes
        )
        assert beside_pages(bucket) == FILES
        assert not leftovers(scene)


def test_a_store_that_refuses_ends_the_crawl_with_one_sentence(
    tmp_path: Path, bucket: Bucket
) -> None:
    with Scene(tmp_path, address=f"s3://not-{bucket.name}/data") as scene:
        answer = scene.crawl_here()
        assert answer.code == 1
        assert answer.err.count("\n") == 1
        assert "there is no such bucket. Make it" in answer.err
        assert not scene.downloads()


def test_pages_that_were_downloaded_and_that_the_store_did_not_take_are_told_as_not_stored(
    tmp_path: Path, bucket: Bucket, gate: Gate
) -> None:
    with scene_of(bucket, tmp_path, pages=20) as scene:
        gate.forbids_method = "PUT"
        assert scene.crawl_here("--pages", "1-8").code == 1
        assert scene.downloads()
        told = " ".join(scene.run("status", NAME, "--failed").out.split())
        assert told.startswith("shop: 8 failed pages Not stored when the run failed: 8 pages.")
        assert "Cannot write s3://" in told
        gate.reset()
        assert scene.crawl_here().code == 0


def _products() -> Any:
    import dagster as dg

    return dg.AssetKey([NAME, "products"])
