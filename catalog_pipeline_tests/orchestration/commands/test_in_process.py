"""Runs that the command line executes itself: recorded like any other, never retried."""

import dagster as dg
import pytest

from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    COMMAND_LINE,
    MAX_RETRIES_TAG,
    STARTED_BY_TAG,
    plain_pages_key,
)
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes


def test_a_crawl_is_a_run_of_the_instance(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    crawl = crawl_here(instance, catalogue, keys(1, 2), None)
    run = instance.get_run_by_id(crawl.run_id)
    assert run is not None
    assert run.status == crawl.status == dg.DagsterRunStatus.SUCCESS
    assert run.asset_selection == {plain_pages_key(NAME)}
    assert run.tags[CATALOGUE_TAG] == NAME
    assert (run.tags[MAX_RETRIES_TAG], run.tags[STARTED_BY_TAG]) == ("0", COMMAND_LINE)
    assert crawl.error is None


def test_a_failure_comes_back_as_its_sentence(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    site.shop.control(faults=["2=404"])
    crawl = crawl_here(instance, catalogue, keys(1, 2), None)
    assert crawl.status == dg.DagsterRunStatus.FAILURE
    assert crawl.error is not None
    assert crawl.error.startswith("1 page failed: 2. All others are recorded.")


def test_nothing_of_a_run_is_left_running(site: Site, instance: dg.DagsterInstance, home):
    catalogue = site.write(last_page=1)
    crawl_here(instance, catalogue, keys(1), None)
    build_table_here(instance, catalogue)
    assert list((home / "live_runs").iterdir()) == []
