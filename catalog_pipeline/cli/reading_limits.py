"""What one page may cost a command that reads it itself: no longer, and no more, than in a crawl.

A crawl ends the process of a worker for that (`catalog_pipeline.crawling.working.handle`). Which
products a page has, and what is wrong with it, is found elsewhere.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.cli.exit_codes import EXIT_FAILED
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import ParseLimitError
from catalog_pipeline.reading.read_places import read_place
from catalog_pipeline.reading.watch import watched
from catalog_pipeline.system.processes import resident_bytes

_SECONDS_TO_NOTICE = 1.0
_SECONDS_BETWEEN_LOOKS = 0.1


@contextmanager
def within_limits(catalogue: Catalogue, page: PageKey | None = None) -> Iterator[None]:
    """Read pages in here, in the main thread; too long, or too much memory, ends the command.

    Without a page they are those of a login.

    What Python itself does, such as a search for a pattern, hears of a signal. A library in C hears
    of nothing: a thread says what is amiss and ends the process.

    Raises:
        ParseLimitError: it takes too long, and Python heard of that.
    """
    limits = catalogue.limits
    seconds, most_bytes = limits.parse_seconds, limits.parse_memory
    too_long = f"reading it took longer than {seconds:g} s (limits.parse_seconds)"
    too_much = f"reading it took more than {most_bytes / 2**20:,.0f} MiB (limits.parse_memory)"
    places: list[int] = []
    has_ended = threading.Event()
    began, before = time.monotonic(), resident_bytes(os.getpid())

    def error_of(problem: str, kind: str) -> ParseLimitError:
        place = read_place(catalogue, places[-1], page) if places else None
        if place is None:
            return ParseLimitError(problem, kind=kind)
        return ParseLimitError(
            problem, kind=kind, field=place.field, pattern=place.pattern, place=str(place)
        )

    def end(problem: str, kind: str) -> None:
        say(f"Error: {error_of(problem, kind)}", err=True)
        sys.stdout.flush()
        os._exit(EXIT_FAILED)

    def look() -> None:
        while not has_ended.wait(_SECONDS_BETWEEN_LOOKS):
            if time.monotonic() - began > seconds + 2 * _SECONDS_TO_NOTICE:
                end(too_long, "parse_seconds")
            if resident_bytes(os.getpid()) - before > most_bytes:
                end(too_much, "parse_memory")

    def hear(signal_number: int, frame: FrameType | None) -> None:
        raise error_of(too_long, "parse_seconds")

    handled = signal.signal(signal.SIGALRM, hear)
    threading.Thread(target=look, daemon=True).start()
    signal.setitimer(signal.ITIMER_REAL, seconds + _SECONDS_TO_NOTICE)
    try:
        with watched(places.append):
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handled)
        has_ended.set()
