"""Which pages are due: the definition that command line and schedule share."""

from datetime import datetime, timezone

import dagster as dg
import pytest

from catalog_pipeline.orchestration.checkpoints.standing import due_pages
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life
from catalog_pipeline.orchestration.names import plain_pages_key
from catalog_pipeline_tests.orchestration.made_runs import create_run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site


@pytest.mark.processes
def test_missing_and_failed_pages_are_due_and_older_ones_with_a_cut_off(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=5)
    site.shop.control(faults=["2=404"])
    crawl_here(instance, catalogue, keys(1, 2), None)
    assert due_pages(instance, catalogue) == keys(2, 3, 4, 5)
    between = datetime.now(timezone.utc)
    crawl_here(instance, catalogue, keys(3), None)
    assert due_pages(instance, catalogue, between) == keys(1, 2, 4, 5)
    assert due_pages(instance, catalogue, datetime.now(timezone.utc)) == keys(1, 2, 3, 4, 5)


def test_pages_that_a_living_run_has_are_not_due(site: Site, instance: dg.DagsterInstance, home):
    catalogue = site.write(last_page=3)
    run = create_run(instance, catalogue, 1, 2)
    with hold_sign_of_life(home, run.run_id):
        assert due_pages(instance, catalogue) == keys(3)
    instance.report_run_canceled(run)
    assert due_pages(instance, catalogue) == keys(1, 2, 3)


def test_a_page_without_a_record_of_ours_is_due_with_a_cut_off(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=1)
    instance.report_runless_asset_event(
        dg.AssetMaterialization(plain_pages_key(NAME), partition="1")
    )
    assert due_pages(instance, catalogue, datetime(2020, 1, 1, tzinfo=timezone.utc)) == keys(1)
