"""A catalogue that gets more pages, or fewer, keeps the checkpoints of the pages that stay."""

from pathlib import Path

from catalog_pipeline_tests.crash.invariants import Deaths, complaints, table_rows
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.pages import keys


def test_new_pages_are_missing_and_pages_beyond_the_end_leave_the_table(tmp_path: Path) -> None:
    with Scene(tmp_path, pages=60, page_size=2, last_page=50) as scene:
        assert scene.crawl_here().code == 0

        scene.describe(last_page=60)
        assert scene.statuses().missing == set(keys(*range(51, 61)))
        assert len(scene.done()) == 50
        assert scene.crawl_here().code == 0
        assert complaints(scene, Deaths(scene)) == []
        assert scene.downloads() == dict.fromkeys(range(1, 61), 1)

        scene.describe(last_page=50)
        shrunk = scene.crawl_here("--json")
        assert (shrunk.code, shrunk.json["done"], shrunk.json["downloads"]) == (0, 50, 0)
        assert complaints(scene, Deaths(scene)) == []
        assert {row[0] for row in table_rows(scene.places.table)} == set(range(1, 51))
