"""How old the table may be comes from the schedule, or from the YAML where none runs."""

from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.orchestration.definitions.products_asset import build_products_asset
from catalog_pipeline_tests.site import Site


def _policy(site: Site, **changes: Any) -> Any:
    (spec,) = build_products_asset(site.write(**changes)).specs
    return spec.freshness_policy


@pytest.mark.parametrize(
    ("cron", "zone", "interval"),
    [
        ("0 6 * * *", "UTC", timedelta(days=1)),
        ("0 6 * * *", "Europe/London", timedelta(days=1)),
        ("30 5 * * 1", "UTC", timedelta(days=7)),
        ("0 6 * * 1-5", "UTC", timedelta(days=1)),
        ("0 * * * *", "UTC", timedelta(hours=1)),
        ("*/5 6-9 * * MON", "UTC", timedelta(minutes=5)),
        ("* * * * *", "UTC", timedelta(minutes=1)),
        ("0 0 1 * *", "UTC", timedelta(days=28)),
    ],
)
def test_the_refresh_of_a_tick_is_due_by_the_next_one(
    site: Site, cron: str, zone: str, interval: timedelta
):
    policy = _policy(site, schedule={"cron": cron, "timezone": zone, "enabled": True})
    assert policy == dg.FreshnessPolicy.cron(cron, interval, zone)


@pytest.mark.parametrize("schedule", [None, {"cron": "0 6 * * *", "enabled": False}])
def test_where_no_schedule_runs_the_age_of_the_yaml_counts(
    site: Site, schedule: dict[str, Any] | None
):
    policy = _policy(site, schedule=schedule, coverage={"stale_after_hours": 36})
    assert policy == dg.FreshnessPolicy.time_window(timedelta(hours=36))
    tiny = _policy(site, schedule=schedule, coverage={"stale_after_hours": 0.001})
    assert tiny == dg.FreshnessPolicy.time_window(timedelta(minutes=1))
