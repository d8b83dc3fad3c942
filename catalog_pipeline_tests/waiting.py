"""Waiting, with a deadline, for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_LOOKING = 0.25
"""The most of the time that is spent on looking: whoever is asked has something else to do."""
_LONGEST_PAUSE_SECONDS = 1.0


def wait_for(what: str, look: Callable[[], T], seconds: float = 120.0, every: float = 0.05) -> T:
    """What `look` gives as soon as it is true.

    Raises:
        AssertionError: it was not within the time.
    """
    deadline = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        found = look()
        if found:
            return found
        ended = time.monotonic()
        if ended > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}; last seen: {found!r}")
        pause = (ended - began) * (1 / _LOOKING - 1)
        time.sleep(max(every, min(pause, _LONGEST_PAUSE_SECONDS)))
