"""A `Pace` without a server, for crawls whose time is played."""

from __future__ import annotations

from collections.abc import Callable

from catalog_pipeline.crawling.ports import (
    HORIZON_SECONDS,
    WAY_SECONDS,
    Draw,
    Wish,
)


class PlayedPace:
    """Turns for all who are given it, by one clock; `drawn` are those that it gave."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._next_at = 0.0
        self._rests_until = 0.0
        self._busy_until: dict[int, float] = {}
        self.drawn: list[float] = []

    def draw(self, wish: Wish) -> Draw:
        now = self._clock()
        for name in wish.unused:
            self._busy_until.pop(name, None)
        for name, ago in wish.answered.items():
            if name in self._busy_until:
                ends = now - ago + wish.window_seconds
                self._busy_until[name] = min(self._busy_until[name], ends)
        self._busy_until = {name: until for name, until in self._busy_until.items() if until > now}
        first = max(self._next_at, self._rests_until, now)
        if wish.most is not None:
            too_many = len(self._busy_until) + wish.count - wish.most
            instants = sorted(self._busy_until.values())
            first = max(first, instants[too_many - 1]) if too_many > 0 else first
        if first > now + HORIZON_SECONDS:
            return Draw(first - now - HORIZON_SECONDS)
        names = []
        for number in range(wish.count):
            begins = first + wish.interval_seconds * number
            names.append(len(self.drawn))
            self.drawn.append(begins)
            self._busy_until[names[-1]] = (
                begins + wish.lateness_seconds + WAY_SECONDS + wish.window_seconds
            )
        self._next_at = first + wish.interval_seconds * wish.count
        return Draw(first - now, names)

    def rest(self, seconds: float) -> None:
        self._rests_until = max(self._rests_until, self._clock() + seconds)

    def rest_seconds(self) -> float:
        return max(0.0, self._rests_until - self._clock())
