"""Deaths of crawls that find their pages: none is lost, and no partition is one too many."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from catalog_pipeline.orchestration.checkpoints.known_pages import found_pages
from catalog_pipeline.orchestration.names import found_pages_name
from catalog_pipeline_tests.crash.invariants import Deaths, complaints
from catalog_pipeline_tests.crash.scene import Scene, dying

PAGES = 9


def _partitions(scene: Scene) -> list[int]:
    with scene.instance() as instance:
        return [page.number for page in found_pages(instance, scene.catalogue)]


@pytest.mark.parametrize(
    ("point", "call"),
    [
        ("page file renamed", 5),
        ("names synced", 1),
        ("partitions made", 2),
        ("events in the run's file only", 1),
        ("events recorded", 1),
    ],
)
def test_a_death_between_found_and_recorded_loses_no_page(point: str, call: int, tmp_path: Path):
    politeness = {"concurrency": 1}
    with Scene(tmp_path, pages=PAGES, is_open=True, politeness=politeness) as scene:
        deaths = Deaths(scene)
        killed = dying(scene, point, call)
        deaths.note()
        assert killed.code == -signal.SIGKILL
        left = _partitions(scene)
        assert left == list(range(1, len(left) + 1))
        assert len(left) <= PAGES, "the site has every page that is a partition"
        resumed = scene.crawl()
        assert resumed.code == 0, resumed.out + resumed.err
        assert complaints(scene, deaths) == []
        assert _partitions(scene) == list(range(1, PAGES + 1))


@pytest.mark.parametrize(
    ("point", "call"), [("page file renamed", 5), ("partitions made", 2), ("events recorded", 1)]
)
def test_a_death_while_several_listings_are_found_loses_no_page(
    point: str, call: int, tmp_path: Path
):
    listings = {"all": "/products?page={page}", "bags": "/products?category=bags&page={page}"}
    politeness = {"concurrency": 1}
    with Scene(
        tmp_path, pages=PAGES, is_open=True, politeness=politeness, listings=listings
    ) as scene:
        killed = dying(scene, point, call)
        assert killed.code == -signal.SIGKILL
        resumed = scene.crawl()
        assert resumed.code == 0, resumed.out + resumed.err
        with scene.instance() as instance:
            partitions = instance.get_dynamic_partitions(found_pages_name(scene.catalogue))
        assert list(partitions) == [*(f"all-{page}" for page in range(1, PAGES + 1)), "bags-1"]
        assert scene.crawl().code == 0


@pytest.mark.parametrize("point", ["gone pages wiped", "gone pages dropped"])
def test_a_death_while_gone_pages_are_dropped_leaves_none_of_them(point: str, tmp_path: Path):
    with Scene(tmp_path, pages=PAGES, is_open=True, politeness={"concurrency": 2}) as scene:
        assert scene.crawl().code == 0
        scene.shop.control(pages=PAGES - 1)
        killed = dying(scene, point, 1, "--refresh")
        assert killed.code == -signal.SIGKILL
        resumed = scene.crawl()
        assert resumed.code == 0, resumed.out + resumed.err
        assert _partitions(scene) == list(range(1, PAGES))
        scene.shop.control(pages=PAGES, reset_hits=True)
        assert scene.crawl("--refresh").code == 0
        assert _partitions(scene) == list(range(1, PAGES + 1))
        assert scene.downloads()[PAGES] == 1
