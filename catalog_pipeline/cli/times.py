"""Times as people write them on a command line, and times and counts as they like to read them."""

from __future__ import annotations

import re
from datetime import datetime

from catalog_pipeline.crawling.doneness import is_ahead
from catalog_pipeline.errors import UsageError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_OLDEST_SECONDS = 100 * 365 * 86400


def parse_age(text: str) -> float:
    """Seconds of a text such as `24h`, `7d` or `30m`.

    Raises:
        UsageError: it is no such text, or an age that no page has.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", text)
    if not match:
        raise UsageError(f"{text!r} is no age; write 90s, 30m, 24h, 7d or 2w.")
    seconds = float(match[1]) * _UNITS[match[2]]
    if seconds > _OLDEST_SECONDS:
        raise UsageError(f"{text!r} is longer ago than a hundred years.")
    return seconds


def age_text(instant: datetime, now: datetime) -> str:
    """How long ago `instant` was, roughly: `12 s ago`, `3 h ago`; or when it will be: `in 5 days`,
    unless that is what clocks differ by."""
    seconds = (now - instant).total_seconds()
    if is_ahead(instant, now):
        return f"in {_roughly(-seconds)}"
    return f"{_roughly(max(0.0, seconds))} ago"


def _roughly(seconds: float) -> str:
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86400:.0f} days"


def duration_text(seconds: float) -> str:
    """A duration: `1.9 s`, `2 min 5 s`, `1 h 12 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
