"""A disk that is full or write-protected, and an event log that somebody else holds."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from catalog_pipeline_tests.crash.invariants import Deaths, complaints
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.storing.disks import fill, make_read_only, make_writable, small_disk

pytestmark = pytest.mark.embedded("fills a disk, or holds a file, in which the home is")

DISK_KILOBYTES = 20_000


@pytest.mark.parametrize(
    ("what", "room_kilobytes", "message"),
    [
        ("data", 40, "No space left on device"),
        ("data", 0, "No space left on device"),
        ("home", 40, "Is the disk full"),
    ],
)
def test_a_full_disk_ends_the_crawl_with_a_clear_error_and_it_goes_on_with_room(
    what: str, room_kilobytes: int, message: str, tmp_path: Path
) -> None:
    with small_disk(tmp_path / "disk", DISK_KILOBYTES) as disk, Scene(tmp_path, pages=60) as scene:
        setattr(scene, what, disk / what)
        first = scene.crawl("--pages", "1")
        assert first.code == 0, first.err
        ballast = fill(disk, room_kilobytes)
        deaths = Deaths(scene)
        full = scene.crawl()
        assert full.code == 1
        assert message in full.out + full.err
        assert "Traceback" not in full.out + full.err
        deaths.note()
        assert len(scene.stored()) < 60

        ballast.unlink()
        assert scene.crawl().code == 0
        assert complaints(scene, deaths) == []


def test_a_write_protected_data_folder_is_a_clear_error_before_any_download(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", DISK_KILOBYTES) as disk, Scene(tmp_path) as scene:
        scene.data = disk / "data"
        assert scene.crawl("--pages", "1-5").code == 0
        make_read_only(disk)
        refused = scene.crawl()
        assert refused.code == 1
        assert "Read-only file system" in refused.out + refused.err
        assert "Traceback" not in refused.out + refused.err
        assert set(scene.downloads()) == set(range(1, 6))
        assert scene.run("status", scene.site.name).code == 0

        make_writable(disk)
        assert scene.crawl().code == 0
        assert complaints(scene, Deaths(scene)) == []


def test_a_crawl_waits_for_an_event_log_that_another_process_holds(tmp_path: Path) -> None:
    with Scene(tmp_path, pages=40, latency_ms=50) as scene:
        assert scene.crawl("--pages", "1").code == 0
        index = scene.home / "history" / "runs" / "index.db"
        crawl = scene.start("run", scene.site.name)
        crawl.until(lambda: len(scene.downloads()) > 10, "ten pages were asked for")
        scene.shop.control(latency_ms=1500)
        with closing(sqlite3.connect(index, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(3)
            assert not crawl.has_ended
            other.execute("ROLLBACK")
        scene.shop.control(latency_ms=0)
        assert crawl.wait() == 0
        assert complaints(scene, Deaths(scene)) == []
