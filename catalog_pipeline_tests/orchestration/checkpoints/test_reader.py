"""What the event log is read as: checkpoints, failures, a run's beginning."""

import dagster as dg
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import (
    latest_page_event,
    pages_recorded_after,
    read_checkpoints,
    read_failures,
    run_created_at,
)
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline_tests.orchestration.made_runs import create_run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes


def test_a_checkpoint_tells_what_was_downloaded(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=3)
    crawl_here(instance, catalogue, keys(1, 2, 3), None)
    checkpoints = read_checkpoints(instance, site.catalogue, keys(1, 3))
    assert list(checkpoints) == keys(1, 3)
    record = checkpoints[PageKey(3)].record
    assert (record.page, record.attempts) == (PageKey(3), 1)
    assert (record.rows, record.http_status) == (20, 200)
    assert record.url == f"{site.shop.url}/products?page=3"
    assert record.etag
    assert checkpoints[PageKey(3)].file_name == site.page_file(3).name


def test_the_latest_failure_of_a_page_is_the_one_that_counts(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=1)
    for fault, status in (("1=404", 404), ("1=410", 410)):
        site.shop.control(faults=[fault])
        crawl_here(instance, catalogue, keys(1), None)
        assert read_failures(instance, site.catalogue, keys(1))[PageKey(1)].http_status == status
    assert read_failures(instance, site.catalogue, keys(2)) == {}


def test_a_retry_counts_from_the_creation_of_the_first_run(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=2)
    root = create_run(instance, catalogue, 1, 2)
    retry = create_run(instance, catalogue, 1, 2, retry_of=root)
    created = run_created_at(instance, root, site.catalogue)
    assert created.microsecond > 0
    assert run_created_at(instance, retry, site.catalogue) == created


def test_the_latest_page_event_rises_with_each_page(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    assert latest_page_event(instance, site.catalogue) is None
    crawl_here(instance, catalogue, keys(1), None)
    first = latest_page_event(instance, site.catalogue)
    crawl_here(instance, catalogue, keys(2), None)
    assert first is not None
    latest = latest_page_event(instance, site.catalogue)
    assert latest is not None
    assert latest > first


def test_pages_recorded_after_an_event_are_those_that_came_since(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    assert pages_recorded_after(instance, site.catalogue, None) == set()
    crawl_here(instance, catalogue, keys(1, 2), None)
    before = latest_page_event(instance, site.catalogue)
    assert pages_recorded_after(instance, site.catalogue, None) == set(keys(1, 2))
    assert pages_recorded_after(instance, site.catalogue, before) == set()
    crawl_here(instance, catalogue, keys(3), None)
    assert pages_recorded_after(instance, site.catalogue, before) == set(keys(3))
