"""What a run asks of the crawl: its pages, its cut-off, its config."""

from datetime import datetime, timezone

import dagster as dg
import pytest

from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.names import plain_pages_key
from catalog_pipeline_tests.orchestration.made_runs import create_run, execute, step_failure
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS


def test_a_new_run_downloads_its_pages_again(site: Site, instance: dg.DagsterInstance):
    """Its cut-off is its own creation: Materialize → All in the web UI is a refresh."""
    catalogue = site.write(last_page=2)
    for _ in range(2):
        run = execute(instance, catalogue, create_run(instance, catalogue, 1, 2))
        assert run.status == SUCCESS
    assert site.shop.hits()["not_modified"] == {"1": 1, "2": 1}


def test_a_page_done_while_the_run_waited_is_not_downloaded_by_it(
    site: Site, instance: dg.DagsterInstance
):
    """Two launches over overlapping pages: the one that was queued takes what is left."""
    catalogue = site.write(last_page=4)
    waiting = create_run(instance, catalogue, 1, 4)
    execute(instance, catalogue, create_run(instance, catalogue, 2, 3))
    assert execute(instance, catalogue, waiting).status == SUCCESS
    assert site.downloads() == {1: 1, 2: 1, 3: 1, 4: 1}


def test_an_explicit_cut_off_is_the_one_that_counts(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1), None)
    between = datetime.now(timezone.utc)
    crawl_here(instance, catalogue, keys(2), None)
    site.shop.control(reset_hits=True)
    config = {"cutoff": between.isoformat()}
    execute(instance, catalogue, create_run(instance, catalogue, 1, 2, config=config))
    assert site.shop.hits()["not_modified"] == {"1": 1}
    assert site.downloads() == {}


@pytest.mark.parametrize("partitions", [["2"], None], ids=["the page", "the whole asset"])
def test_a_wiped_page_is_downloaded_again(
    site: Site, instance: dg.DagsterInstance, partitions: list[str] | None
):
    """Its file is still there, but whoever wipes a page does not want it back from the disk."""
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1, 2), None)
    if partitions is None:
        instance.wipe_assets([plain_pages_key(NAME)])
    else:
        instance.wipe_asset_partitions(plain_pages_key(NAME), partitions)
    site.shop.control(reset_hits=True)
    crawl_here(instance, catalogue, keys(2), None)
    assert site.downloads() == {2: 1}


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"pages": "2,7"}, "shop has no page 7; it has 1-3."),
        ({"pages": "two"}, "is no list of pages"),
        ({"cutoff": "yesterday"}, "'yesterday' is no ISO 8601 time"),
        ({"cutoff": "2026-01-01T00:00"}, "names no time zone; add one, such as +00:00."),
    ],
)
def test_a_config_that_makes_no_sense_fails_the_run_with_a_sentence(
    site: Site, instance: dg.DagsterInstance, config: dict[str, str], sentence: str
):
    catalogue = site.write(last_page=3)
    run = execute(instance, catalogue, create_run(instance, catalogue, 1, 3, config=config))
    assert run.status == FAILURE
    assert sentence in step_failure(instance, run)
    assert site.shop.log() == []
