"""The daily refresh: what one tick asks for."""

from datetime import datetime, timedelta, timezone

import dagster as dg
import pytest

from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.definitions.schedule import build_refresh_schedule
from catalog_pipeline.orchestration.names import RANGE_END_TAG, RANGE_START_TAG
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes

DAILY = {"cron": "0 6 * * *", "timezone": "Europe/London", "enabled": True}


def _tick(
    site: Site, instance: dg.DagsterInstance, at: datetime
) -> "tuple[list[dg.RunRequest], str | None]":
    """The runs that a tick asks for, or why it asks for none."""
    schedule = build_refresh_schedule(site.catalogue)
    assert schedule is not None
    with dg.build_schedule_context(instance, scheduled_execution_time=at) as context:
        data = schedule.evaluate_tick(context)
    return list(data.run_requests or []), data.skip_message


def _request(site: Site, instance: dg.DagsterInstance, at: datetime) -> dg.RunRequest:
    (request,), _ = _tick(site, instance, at)
    return request


def test_a_tick_asks_for_all_pages_in_one_run_with_its_own_time_as_cut_off(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=4, schedule=DAILY)
    crawl_here(instance, catalogue, keys(1, 2, 3, 4), None)
    tick = datetime.now(timezone.utc)
    request = _request(site, instance, tick)
    assert (request.tags[RANGE_START_TAG], request.tags[RANGE_END_TAG]) == ("1", "4")
    config = request.run_config["ops"]["shop__product_pages"]["config"]
    assert config == {"cutoff": tick.isoformat()}
    assert request.run_key == tick.isoformat()


def test_a_tick_goes_on_with_a_refresh_that_was_cut_short(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=5, schedule=DAILY)
    tick = datetime.now(timezone.utc)
    crawl_here(instance, catalogue, keys(2, 4), tick)
    request = _request(site, instance, tick)
    assert request.run_config["ops"]["shop__product_pages"]["config"]["pages"] == "1,3,5"


def test_a_tick_after_which_all_was_fetched_asks_for_nothing(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=1, schedule=DAILY)
    tick = datetime.now(timezone.utc)
    crawl_here(instance, catalogue, keys(1), tick + timedelta(seconds=-1))
    requests, reason = _tick(site, instance, tick)
    assert requests == []
    assert reason == f"All pages were fetched since {tick.isoformat()}."


def test_time_zone_and_switch_are_those_of_the_yaml(site: Site):
    schedule = build_refresh_schedule(site.write(schedule=DAILY))
    assert schedule is not None
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("0 6 * * *", "Europe/London")
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
    off = build_refresh_schedule(site.write(schedule={"cron": "0 6 * * *"}))
    assert off is not None
    assert off.default_status == dg.DefaultScheduleStatus.STOPPED


def test_a_catalogue_without_a_schedule_has_none(site: Site):
    assert build_refresh_schedule(site.write()) is None
