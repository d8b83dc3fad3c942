"""The ticks of a cron text, as Dagster's scheduler counts them."""

from collections.abc import Iterator
from datetime import datetime, timezone

from dagster._utils.schedules import cron_string_iterator


def ticks_after(instant: datetime, cron: str, zone: str) -> Iterator[datetime]:
    """The ticks after an instant, without an end; UTC."""
    for tick in cron_string_iterator(instant.timestamp(), cron, zone):
        at = tick.astimezone(timezone.utc)
        if at > instant:
            yield at
