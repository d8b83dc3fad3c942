"""Waiting, with a deadline, for what other processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE_SECONDS = 300.0
"""How long a test waits for what has to come: a busy machine may do nothing for many seconds."""

_LONGEST_PAUSE_SECONDS = 0.5


def wait_for(
    what: str,
    look: Callable[[], T],
    seconds: float = PATIENCE_SECONDS,
    every: float = 0.05,
    pauses: float = 0.0,
) -> T:
    """What `look` gives as soon as it is true.

    With `pauses` half a second may pass until the next look, if that many looks take as long.

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
        time.sleep(max(every, min(pauses * (ended - began), _LONGEST_PAUSE_SECONDS)))
