"""Runs that look for pages, and runs that do not: as the web UI and the schedule launch them."""

from datetime import datetime, timezone

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.orchestration.checkpoints.known_pages import found_pages
from catalog_pipeline.orchestration.definitions.pages_asset import build_pages_asset
from catalog_pipeline.orchestration.definitions.schedule import build_refresh_schedule
from catalog_pipeline.orchestration.definitions.sensor import build_table_sensor
from catalog_pipeline.orchestration.names import LOOKS_BEYOND_TAG
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes


def _launch(instance: dg.DagsterInstance, catalogue: Catalogue, page: str) -> dg.DagsterRun:
    """As the web UI's *Materialize* of one partition does."""
    asset = build_pages_asset(catalogue, CrawlContext())
    result = dg.materialize([asset], instance=instance, partition_key=page, raise_on_error=False)
    run = instance.get_run_by_id(result.run_id)
    assert run is not None
    return run


def test_one_click_on_a_fresh_instance_finds_all_pages_and_a_rerun_of_one_finds_none(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(pages={"kind": "open"}, schedule={"cron": "0 6 * * *"})
    site.shop.control(pages=5)
    with dg.build_sensor_context(instance) as context:
        build_table_sensor(catalogue)(context)
    assert found_pages(instance, catalogue) == tuple(keys(1)), "there is something to click on"
    first = _launch(instance, catalogue, "1")
    assert first.status == dg.DagsterRunStatus.SUCCESS
    assert first.tags[LOOKS_BEYOND_TAG] == "1"
    assert found_pages(instance, catalogue) == tuple(keys(1, 2, 3, 4, 5))

    site.shop.control(pages=7, reset_hits=True)
    other = _launch(instance, catalogue, "3")
    assert (other.status, LOOKS_BEYOND_TAG in other.tags) == (dg.DagsterRunStatus.SUCCESS, False)
    assert [path for _, path, _ in site.shop.log() if "page=" in path] == ["/products?page=3"]

    schedule = build_refresh_schedule(catalogue)
    assert schedule is not None
    at = datetime.now(timezone.utc)
    tick = schedule.evaluate_tick(dg.build_schedule_context(instance, scheduled_execution_time=at))
    (request,) = tick.run_requests or ()
    (config,) = request.run_config["ops"].values()
    assert config["config"]["finds"] is True
