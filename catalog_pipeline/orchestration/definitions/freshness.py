"""How old a catalogue's table may be before Dagster calls it stale, from what the YAML says."""

from bisect import bisect_left
from datetime import timedelta
from functools import cache

import dagster as dg
from dagster_shared.check import CheckError

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.upkeep import Schedule

_INTERVALS = (
    *(timedelta(minutes=minutes) for minutes in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *(timedelta(hours=hours) for hours in (1, 2, 3, 4, 6, 8, 12)),
    *(timedelta(days=days) for days in (1, 2, 3, 4, 5, 7, 14, 28, 30, 31, 365, 366)),
)


def freshness_policy(catalogue: Catalogue) -> dg.FreshnessPolicy:
    """At each tick of the schedule the refresh of the tick before must have landed.

    Without a schedule that runs it is `coverage.stale_after_hours` that counts.
    """
    schedule = catalogue.schedule
    if schedule is not None and schedule.enabled:
        return _by_ticks(schedule)
    window = timedelta(hours=catalogue.coverage.stale_after_hours)
    return dg.FreshnessPolicy.time_window(fail_window=max(window, _INTERVALS[0]))


@cache
def _by_ticks(schedule: Schedule) -> dg.FreshnessPolicy:
    # Dagster takes no time longer than from one tick to the next, and tells nobody which that is.
    accepted = bisect_left(
        _INTERVALS, True, key=lambda interval: _policy(schedule, interval) is None
    )
    return _cron(schedule, _INTERVALS[max(accepted - 1, 0)])


def _policy(schedule: Schedule, interval: timedelta) -> dg.FreshnessPolicy | None:
    try:
        return _cron(schedule, interval)
    except CheckError:
        return None


def _cron(schedule: Schedule, interval: timedelta) -> dg.FreshnessPolicy:
    return dg.FreshnessPolicy.cron(
        deadline_cron=schedule.cron, lower_bound_delta=interval, timezone=schedule.timezone
    )
