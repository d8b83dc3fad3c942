"""What a thread is reading, and until when it may: known to the thread, and to who watches it.

A reader says here how long a page may take and which field it reads. What a page is given up for
is decided by `values.patterns`, which looks at the time itself, and from outside the process
(`catalog_pipeline.crawling.working`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_WITHOUT_END = float("inf")


class _OfThread(threading.local):
    """What is known of the calling thread."""

    ends_at = _WITHOUT_END
    seconds = _WITHOUT_END
    field = ""
    tell: Callable[[int], None] | None = None


_here = _OfThread()


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Whatever the thread reads within has that time together."""
    before = _here.ends_at, _here.seconds
    _here.ends_at, _here.seconds = time.monotonic() + seconds, seconds
    try:
        yield
    finally:
        _here.ends_at, _here.seconds = before
        _here.field = ""


@contextmanager
def watched(tell: Callable[[int], None]) -> Iterator[None]:
    """Tell somebody which field the thread reads, by its number from 1 on."""
    _here.tell = tell
    try:
        yield
    finally:
        _here.tell = None


def field_begins(number: int, name: str) -> None:
    """The thread reads that field now."""
    _here.field = name
    if _here.tell is not None:
        _here.tell(number)


def field_now() -> str:
    """The name of the field that the thread reads; empty if it reads none."""
    return _here.field


def seconds_allowed() -> float:
    """The time that the thread was given; infinite if it was given none."""
    return _here.seconds


def seconds_left() -> float:
    """What is left of it."""
    return _here.ends_at - time.monotonic()
