"""A clock of this machine that goes on while it sleeps, the same for all its processes."""

from __future__ import annotations

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def seconds_since_boot() -> float:
    """Seconds that have passed, those in which the machine was suspended too."""
    return time.clock_gettime(_CLOCK)
