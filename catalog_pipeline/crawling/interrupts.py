"""Turns SIGINT and SIGTERM into a wish to stop, so that pages in flight are finished first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopWish:
    """Whether somebody asked the crawl to stop: by a signal, or otherwise by setting `is_set`."""

    def __init__(self) -> None:
        self.is_set = False
        self.by_signal: int | None = None

    def on_signal(self, number: int, frame: FrameType | None) -> None:
        """First signal: a wish. A second Ctrl-C: at once; nothing recorded is lost by that."""
        if self.by_signal is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.is_set = True
        self.by_signal = number


@contextmanager
def stop_on_signals() -> Iterator[StopWish]:
    """Within the block SIGINT and SIGTERM only set the wish; outside the main thread nothing is
    changed, since Python lets only the main thread handle signals."""
    wish = StopWish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return
    before = {
        number: signal.signal(number, wish.on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
