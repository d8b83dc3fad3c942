"""Deaths while the table is built: whoever reads it never sees anything but a whole table."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from catalog_pipeline_tests.crash.invariants import leftovers, table_rows
from catalog_pipeline_tests.crash.scene import Scene, dying
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS


@contextmanager
def reader_of(table: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that reads the table all the time."""
    reader = subprocess.Popen(
        [sys.executable, "-m", "catalog_pipeline_tests.crash.table_reader", str(table)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        yield reader
    finally:
        reader.kill()
        reader.communicate()


def test_the_old_table_is_readable_whenever_its_build_dies(tmp_path: Path) -> None:
    with Scene(tmp_path, pages=6) as scene:
        assert scene.crawl_here().code == 0
        before = table_rows(scene.places.table)
        scene.describe(last_page=5)
        with reader_of(scene.places.table) as reader:
            for point in ("table not written", "table not replaced"):
                assert dying(scene, point).code == -signal.SIGKILL
                assert len(leftovers(scene)) == 1
                assert table_rows(scene.places.table) == before
            assert dying(scene, "table replaced").code == -signal.SIGKILL
            after = table_rows(scene.places.table)
            assert after == [row for row in before if row[0] != 6]
            assert scene.crawl_here().code == 0
            out, err = reader.communicate(timeout=PATIENCE_SECONDS)
        assert reader.returncode == 0, err
        seen = json.loads(out)
        assert seen["reads"] > 50
        assert seen["rows"] == [len(after), len(before)]
        assert leftovers(scene) == []
        assert scene.downloads() == dict.fromkeys(range(1, 7), 1)


def test_a_crawl_that_dies_in_its_first_table_build_needs_no_download(tmp_path: Path) -> None:
    with Scene(tmp_path, pages=6) as scene:
        assert dying(scene, "table not written").code == -signal.SIGKILL
        assert not scene.places.table.exists()
        assert scene.crawl_here().code == 0
        assert len(table_rows(scene.places.table)) == 18
        assert scene.downloads() == dict.fromkeys(range(1, 7), 1)
