"""SIGINT and SIGTERM: as a wish to stop, so that pages in flight are finished, and as a fact."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def signals_noticed() -> Iterator[Callable[[], bool]]:
    """Yields a function that tells whether SIGINT or SIGTERM came since the block was entered.

    It hears of them whatever handlers are set within the block, and although those may let a
    signal go unheeded. In the main thread only; in another it always says no.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    noticed = bytearray()

    def has_come() -> bool:
        with suppress(BlockingIOError):
            noticed.extend(os.read(reader, 4096))
        return signal.SIGINT in noticed or signal.SIGTERM in noticed

    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield has_come
    finally:
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)
