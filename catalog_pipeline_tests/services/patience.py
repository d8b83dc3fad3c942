"""Waiting for what services do, which is done the later the more often they are asked about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from catalog_pipeline_tests import waiting

T = TypeVar("T")

_PAUSES = 3.0


def wait_for(
    what: str,
    look: Callable[[], T],
    seconds: float = waiting.PATIENCE_SECONDS,
    every: float | None = None,
) -> T:
    """What `look` gives as soon as it is true; with `every`, as soon as anywhere else.

    Raises:
        AssertionError: it was not within the time.
    """
    if every is not None:
        return waiting.wait_for(what, look, seconds, every)
    return waiting.wait_for(what, look, seconds, pauses=_PAUSES)
