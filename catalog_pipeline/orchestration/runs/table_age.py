"""How old the table may become before it is told to be stale, by its schedule or by its YAML.

The rule is that of `definitions.freshness`, which Dagster evaluates by itself.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import dagster as dg

from catalog_pipeline.catalogue.conditions import TableIsStale
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.notices.of_failures import rules_about
from catalog_pipeline.orchestration.instance.cron_ticks import ticks_after
from catalog_pipeline.orchestration.names import products_key


def next_stale_at(instance: dg.DagsterInstance, catalogue: Catalogue) -> datetime | None:
    """When the table that there is comes to be stale; None if nobody wants to know, or none is."""
    if not rules_about(catalogue, TableIsStale):
        return None
    built = last_built(instance, catalogue)
    return stale_at(catalogue, built)[0] if built is not None else None


def last_built(instance: dg.DagsterInstance, catalogue: Catalogue) -> datetime | None:
    """When the table was built last; None if it never was."""
    event = instance.get_latest_materialization_event(products_key(catalogue))
    return datetime.fromtimestamp(event.timestamp, tz=timezone.utc) if event is not None else None


def stale_at(catalogue: Catalogue, built: datetime) -> tuple[datetime, str]:
    """When a table comes to be stale, as `definitions.freshness` has it, and what is allowed."""
    schedule = catalogue.schedule
    if schedule is not None and schedule.enabled:
        ticks = ticks_after(built, schedule.cron, schedule.timezone)
        next(ticks)
        return next(ticks), f"its schedule is {schedule.cron} ({schedule.timezone})"
    hours = catalogue.coverage.stale_after_hours
    allowed = f"it may be {hours:g} hours old (coverage.stale_after_hours)"
    return built + timedelta(hours=hours), allowed
