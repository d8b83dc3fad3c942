"""A `Pace` without a server, for crawls whose time is played."""

from __future__ import annotations

from collections.abc import Callable


class PlayedPace:
    """Turns for all who are given it, by one clock; `drawn` are those that it gave."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next_at = 0.0
        self._rests_until = 0.0
        self.drawn: list[float] = []

    def draw(self, interval_seconds: float, count: int) -> float:
        first = max(self._next_at, self._rests_until, self._clock())
        self._next_at = first + interval_seconds * count
        self.drawn += [first + interval_seconds * number for number in range(count)]
        return first - self._clock()

    def rest(self, seconds: float) -> None:
        self._rests_until = max(self._rests_until, self._clock() + seconds)

    def rest_seconds(self) -> float:
        return max(0.0, self._rests_until - self._clock())
