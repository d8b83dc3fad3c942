"""Time that several threads play: it goes on when all of them sleep, to whoever wakes first."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


class PlayedTime:
    """One thread runs at a time, so that what is played is the same each time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._sleepers: list[tuple[float, int]] = []
        self._awake = -1

    def play(self, parts: Sequence[Callable[[], None]]) -> None:
        """Let all parts run to their end; what one of them raises is raised."""
        numbers = [self._to_wake_at(self.now) for _ in parts]
        with ThreadPoolExecutor(len(parts)) as pool:
            played = [
                pool.submit(self._play, part, number)
                for part, number in zip(parts, numbers, strict=True)
            ]
            with self._changed:
                self._wake_next()
        for part in played:
            part.result()

    def sleep(self, seconds: float) -> None:
        """Let time go on, in a part that is played."""
        with self._changed:
            number = self._to_wake_at(self.now + seconds)
            self._wake_next()
            self._changed.wait_for(lambda: self._awake == number)

    def _play(self, part: Callable[[], None], number: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._awake == number)
        try:
            part()
        finally:
            with self._changed:
                self._wake_next()

    def _to_wake_at(self, instant: float) -> int:
        number = next(self._numbers)
        heapq.heappush(self._sleepers, (instant, number))
        return number

    def _wake_next(self) -> None:
        if self._sleepers:
            self.now, self._awake = heapq.heappop(self._sleepers)
            self._changed.notify_all()
