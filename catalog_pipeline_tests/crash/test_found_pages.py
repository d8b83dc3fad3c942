"""Deaths of crawls that find their pages: none is lost, and no partition is one too many."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.orchestration.checkpoints.known_pages import found_pages
from catalog_pipeline.orchestration.names import found_pages_name
from catalog_pipeline_tests.crash.invariants import Deaths, complaints
from catalog_pipeline_tests.crash.killed_listing import kill_a_listing
from catalog_pipeline_tests.crash.scene import FOUND, Scene, dying

PAGES = 9
EMBEDDED = pytest.mark.embedded("dies between two files that are one table on a server")


def _partitions(scene: Scene) -> list[int]:
    with scene.instance() as instance:
        return [page.number for page in found_pages(instance, scene.catalogue)]


@pytest.mark.parametrize(
    ("kind", "point", "call"),
    [
        ("open", "page stored", 5),
        ("open", "names synced", 1),
        ("open", "partitions made", 2),
        pytest.param(*("open", "events in the run's file only", 1), marks=EMBEDDED),
        ("open", "events recorded", 1),
        ("told", "partitions made", 2),
        ("told", "events recorded", 1),
        ("linked", "page stored", 5),
        ("linked", "partitions made", 2),
        pytest.param(*("linked", "events in the run's file only", 1), marks=EMBEDDED),
    ],
)
def test_a_death_between_found_and_recorded_loses_no_page(
    kind: str, point: str, call: int, tmp_path: Path
):
    politeness = {"concurrency": 1}
    with Scene(tmp_path, pages=PAGES, kind=kind, politeness=politeness) as scene:
        deaths = Deaths(scene)
        killed = dying(scene, point, call)
        deaths.note()
        assert killed.code == -signal.SIGKILL
        left = _partitions(scene)
        assert left == list(range(1, len(left) + 1))
        assert len(left) <= PAGES, "the site has every page that is a partition"
        resumed = scene.crawl_here()
        assert resumed.code == 0, resumed.out + resumed.err
        assert complaints(scene, deaths) == []
        assert _partitions(scene) == list(range(1, PAGES + 1))


@pytest.mark.parametrize(
    ("point", "call"), [("page stored", 5), ("partitions made", 2), ("events recorded", 1)]
)
def test_a_death_while_several_listings_are_found_loses_no_page(
    point: str, call: int, tmp_path: Path
):
    listings = {"all": "/products?page={page}", "bags": "/products?category=bags&page={page}"}
    politeness = {"concurrency": 1}
    with Scene(
        tmp_path, pages=PAGES, kind="open", politeness=politeness, listings=listings
    ) as scene:
        killed = dying(scene, point, call)
        assert killed.code == -signal.SIGKILL
        resumed = scene.crawl_here()
        assert resumed.code == 0, resumed.out + resumed.err
        with scene.instance() as instance:
            partitions = instance.get_dynamic_partitions(found_pages_name(scene.catalogue))
        assert list(partitions) == [*(f"all-{page}" for page in range(1, PAGES + 1)), "bags-1"]
        assert scene.crawl_here().code == 0


@pytest.mark.parametrize(
    ("kind", "point"),
    [
        ("open", "gone pages wiped"),
        ("open", "gone pages dropped"),
        ("told", "gone pages wiped"),
        ("linked", "gone pages dropped"),
    ],
)
def test_a_death_while_gone_pages_are_dropped_leaves_none_of_them(
    kind: str, point: str, tmp_path: Path
):
    with Scene(tmp_path, pages=PAGES, kind=kind, politeness={"concurrency": 2}) as scene:
        assert scene.crawl_here().code == 0
        scene.shop.control(pages=PAGES - 1)
        killed = dying(scene, point, 1, "--refresh")
        assert killed.code == -signal.SIGKILL
        resumed = scene.crawl_here()
        assert resumed.code == 0, resumed.out + resumed.err
        assert _partitions(scene) == list(range(1, PAGES))
        scene.shop.control(pages=PAGES, reset_hits=True)
        assert scene.crawl_here("--refresh").code == 0
        assert _partitions(scene) == list(range(1, PAGES + 1))
        assert scene.downloads()[PAGES] == 1


DISCOVER = {"page": "/", "select": "main li a", "pattern": r"category=([a-z-]+)", "shrink": "60%"}
BY_CATEGORY: dict[str, Any] = {
    "discover": DISCOVER,
    "page_url": "/products?category={listing}&page={page}",
}


def _keys(*listings: str) -> set[str]:
    return {f"{name}-{number}" for name in listings for number in (1, 2)}


def _all_partitions(scene: Scene) -> set[str]:
    with scene.instance() as instance:
        return set(instance.get_dynamic_partitions(found_pages_name(scene.catalogue)))


@pytest.mark.parametrize(
    ("point", "call"),
    [
        pytest.param(*("events in the run's file only", 1), marks=EMBEDDED),
        ("listings recorded", 1),
        ("partitions made", 1),
        ("page stored", 3),
        ("events recorded", 1),
    ],
)
def test_a_death_between_a_listing_found_and_recorded_loses_no_page(
    point: str, call: int, tmp_path: Path
):
    with Scene(tmp_path, pages=11, page_size=20, kind="open", **BY_CATEGORY) as scene:
        scene.shop.control(categories=["bags", "sport"])
        killed = dying(scene, point, call)
        assert killed.code == -signal.SIGKILL
        whole = _keys("bags", "sport")
        assert _all_partitions(scene) <= {*whole, "discover"}
        resumed = scene.crawl_here()
        assert resumed.code == 0, resumed.out + resumed.err
        assert _all_partitions(scene) == whole
        again = scene.crawl_here("--json")
        assert json.loads(again.out)["run_id"] is None, "nothing is due"


@pytest.mark.parametrize("kind", ["open", "fixed"])
@pytest.mark.parametrize("point", ["gone pages wiped", "gone pages dropped", "listings recorded"])
def test_a_death_while_one_listing_goes_and_another_comes_ends_with_those_of_the_site(
    point: str, kind: str, tmp_path: Path
):
    with Scene(tmp_path, pages=11, page_size=20, kind="open", **BY_CATEGORY) as scene:
        if kind == "fixed":
            scene.site.write(last_page=2, **BY_CATEGORY)
        scene.shop.control(categories=["bags", "sport"])
        assert scene.crawl_here().code == 0
        scene.shop.control(categories=["bags", "garden"])
        killed = dying(scene, point, 1, "--refresh")
        assert killed.code == -signal.SIGKILL
        resumed = scene.crawl_here()
        assert resumed.code == 0, resumed.out + resumed.err
        assert _all_partitions(scene) == _keys("bags", "garden")
        rows = json.loads(scene.crawl_here("--json").out)
        assert (rows["run_id"], rows["done"]) == (None, 4)


@pytest.mark.parametrize("kind", sorted(FOUND))
def test_a_listing_that_is_killed_again_and_again_loses_and_doubles_nothing(
    kind: str, tmp_path: Path
):
    """The long run is `python -m catalog_pipeline_tests.chaos --listing linked`."""
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    assert kill_a_listing(tmp_path, kind, 40, 3, seed) == []
