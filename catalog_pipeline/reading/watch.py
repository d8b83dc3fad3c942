"""What a thread is reading, and until when it may: known to the thread, and to who watches it.

A reader says here how long a page may take and which place of the YAML it evaluates. What a page
is given up for is decided by `values.patterns`, which looks at the time itself, and from outside
the process (`catalog_pipeline.crawling.working`). What the numbers of places stand for in a
catalogue is in `read_places`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum

_WITHOUT_END = float("inf")


class Place(IntEnum):
    """Places of a YAML that are evaluated on a page besides its fields, which count from 1."""

    NONE = 0
    PRODUCTS = -1
    TOTAL = -2
    TELLING = -3
    LOGIN_FORM = -4
    LOGGED_IN = -5
    LOGIN_ERROR = -6
    DISCOVER = -7


class _OfThread(threading.local):
    """What is known of the calling thread."""

    ends_at = _WITHOUT_END
    seconds = _WITHOUT_END
    field = ""
    place = Place.NONE
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
        place_begins(Place.NONE)


@contextmanager
def watched(tell: Callable[[int], None]) -> Iterator[None]:
    """Tell somebody which field or `Place` the thread reads, by its number."""
    before, _here.tell = _here.tell, tell
    try:
        yield
    finally:
        _here.tell = before


def field_begins(number: int, name: str) -> None:
    """The thread reads that field now."""
    _here.field, _here.place = name, Place.NONE
    if _here.tell is not None:
        _here.tell(number)


def place_begins(place: Place) -> None:
    """The thread evaluates what the YAML says at that place now, or no place any more."""
    field_begins(place, "")
    _here.place = place


@contextmanager
def evaluating(place: Place) -> Iterator[None]:
    """The thread evaluates what the YAML says at that place for as long as this is open."""
    place_begins(place)
    try:
        yield
    finally:
        place_begins(Place.NONE)


def is_at(place: Place) -> bool:
    """Whether the thread evaluates what the YAML says at that place."""
    return _here.place is place


def field_now() -> str:
    """The name of the field that the thread reads; empty if it reads none."""
    return _here.field


def seconds_allowed() -> float:
    """The time that the thread was given; infinite if it was given none."""
    return _here.seconds


def seconds_left() -> float:
    """What is left of it."""
    return _here.ends_at - time.monotonic()
