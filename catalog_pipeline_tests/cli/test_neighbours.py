"""What is wrong with one catalogue is nothing to the others of the same instance."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from catalog_pipeline.crawling.lock import CRAWL_LOCK
from catalog_pipeline.places import catalogue_places, data_folder
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.system.locked_file import is_locked
from catalog_pipeline_tests.command import running
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.poisonous_shop import changes_of_the_catalogue
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.storing.disks import small_disk
from catalog_pipeline_tests.waiting import wait_for

pytestmark = [
    pytest.mark.processes,
    pytest.mark.filterwarnings("ignore:Catalogue .*pattern:UserWarning"),
]


@pytest.fixture
def good(site: Site) -> str:
    """A catalogue with which nothing is wrong."""
    site.write(name="good", last_page=4)
    return "good"


def _is_asked_for(shop: RunningShop, page: int) -> bool:
    return any(path == f"/products?page={page}" for _, path, _ in shop.log())


def test_a_crawl_that_hangs_on_a_page_keeps_no_other_from_its_end(
    site: Site, run: Run, good: str, shop: RunningShop
) -> None:
    changes = changes_of_the_catalogue(9) | {"limits": {"parse_seconds": 300}}
    site.write(name="poisonous", **changes)
    shop.control(faults=["9=slow-selector"])
    with running("run", "poisonous") as process:
        wait_for("the page that hangs", lambda: _is_asked_for(shop, 9))
        answer = run("run", good, "--json")
        assert process.poll() is None
        process.kill()
    assert (answer.code, answer.json["done"]) == (0, 4)


@pytest.mark.parametrize("harm", ["broken YAML", "removed YAML", "removed data", "file as data"])
def test_a_catalogue_that_cannot_be_crawled_leaves_the_others_crawling(
    site: Site, run: Run, good: str, harm: str
) -> None:
    site.write(name="harmed", last_page=2)
    assert run("run", "harmed").code == 0
    yaml, data = site.folder / "harmed" / "defs.yaml", catalogue_places("harmed").folder
    if harm == "broken YAML":
        yaml.write_text("type: [")
    elif harm == "removed YAML":
        shutil.rmtree(yaml.parent)
    else:
        shutil.rmtree(data)
    if harm == "file as data":
        data.write_text("mine")
    harmed = run("run", "harmed")
    assert (harmed.code == 0) == (harm == "removed data")
    assert run("run", good, "--json").json["done"] == 4
    assert run("status", good, "--json").json[0]["done"] == 4


def test_a_disk_that_one_catalogue_fills_is_its_own_affair(
    site: Site, run: Run, good: str, tmp_path: Path
) -> None:
    site.write(name="full", last_page=12)
    data_folder().mkdir(parents=True)
    with small_disk(data_folder() / "full", 16):
        # In a process of its own, with whose end nothing keeps the disk any more.
        with running("run", "full") as process:
            out, err = process.communicate(timeout=120)
        assert process.returncode != 0
        assert "No space left" in out + err
        assert run("run", good, "--json").json["done"] == 4
        lock = data_folder() / "full" / CRAWL_LOCK
        wait_for("the end of the workers", lambda: not is_locked(lock))
