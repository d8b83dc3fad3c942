"""Which pages a command counts as too old: the instant that its options come to."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from catalog_pipeline.cli.times import duration_text, parse_age
from catalog_pipeline.crawling.plan import parse_cutoff
from catalog_pipeline.errors import UsageError

_CLOCKS_APART = timedelta(minutes=1)
"""By how much the clock of a machine that names an instant may be ahead of this one's."""


def cutoff_of(refresh: bool, stale_after: str | None, cutoff: str | None) -> datetime | None:
    """The instant before which a done page counts as due; None if done pages stay done.

    Raises:
        UsageError: several are given, one is no time, or lies ahead: no page could be newer.
    """
    if sum((refresh, stale_after is not None, cutoff is not None)) > 1:
        raise UsageError("Give one of --refresh, --stale-after and --cutoff.")
    now = datetime.now(timezone.utc)
    if refresh:
        return now
    if stale_after is not None:
        return now - timedelta(seconds=parse_age(stale_after))
    if cutoff is None:
        return None
    instant = parse_cutoff(cutoff)
    if instant - now > _CLOCKS_APART:
        ahead = duration_text((instant - now).total_seconds())
        raise UsageError(
            f"--cutoff {cutoff} is {ahead} from now, and no page could be newer: each run would "
            f"download all pages. To have all of them anew, once: --refresh."
        )
    return not_ahead(instant)


def not_ahead(instant: datetime) -> datetime:
    """The instant, or now where it lies ahead, as after the clock was set back."""
    return min(instant, datetime.now(timezone.utc))
