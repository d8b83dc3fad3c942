"""The throttle of a crawl whose site other machines ask too: turns are drawn from one place.

What this crawl has learnt of the site (rates that gave way, robots.txt, requests that left late) is
its own throttle's affair; when its next turn is, and whether the site wants a rest, is said for all
machines by a `Pace`. A turn that was missed is dropped, so that none are made up for in a burst.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from catalog_pipeline.crawling.ports import Pace, Throttle
from catalog_pipeline.crawling.scheduling.throttle import RESERVE_SECONDS, AdaptiveThrottle

SECONDS_BETWEEN_LOOKS = 0.25
"""How long a turn, or a rate without a limit, counts without a look whether the site wants rest."""
_MOST_AHEAD = 10
"""Turns drawn at once where the way to the place that gives them takes longer than an interval."""


def throttle_for(
    requests_per_second: float | None, pace: Pace | None, clock: Callable[[], float]
) -> Throttle:
    """The throttle of a crawl; with a pace, of one among several machines."""
    if pace is None:
        return AdaptiveThrottle(requests_per_second, clock=clock)
    return SharedThrottle(requests_per_second, pace, clock=clock)


class SharedThrottle:
    """A `Throttle` of one crawl that keeps the pace of all. Times are monotonic seconds."""

    def __init__(
        self, requests_per_second: float | None, pace: Pace, *, clock: Callable[[], float]
    ) -> None:
        self._own = AdaptiveThrottle(requests_per_second, clock=clock, is_spaced=False)
        self._pace, self._clock = pace, clock
        self._turns: deque[float] = deque()
        self._looked_at = -math.inf
        self._rests_until = -math.inf
        self._turn_of: dict[int, float] = {}
        self._way_seconds = 0.0
        # Whoever asked just before, as for the listings, is not known to the pace.
        self._not_before = clock() + self.interval_seconds

    @property
    def requests_per_second(self) -> float | None:
        """The rate at present, None without a limit."""
        return self._own.requests_per_second

    @property
    def interval_seconds(self) -> float:
        """Time from one start to the next, at the present rate; 0 without a limit."""
        return self._own.interval_seconds

    def seconds_until_free(self, now: float) -> float:
        """How long to wait until a request may start; a turn is drawn for it if there is none."""
        wait = max(self._own.seconds_until_free(now), self._not_before - now)
        if wait > 0:
            return wait
        self._look(now)
        if self._rests_until > now:
            return self._rests_until - now
        return 0.0 if self.requests_per_second is None else max(0.0, self._turn(now) - now)

    def take(self, now: float, *, is_page: bool = True) -> int:
        """Count a request that starts now; return its number, for `sent`.

        Raises:
            ValueError: `seconds_until_free(now)` is not 0.
        """
        if self.seconds_until_free(now) > 0:
            raise ValueError("a request was started before its turn")
        turn = self._turns.popleft() if self._turns else now
        number = self._own.take(now, is_page=is_page)
        if is_page:
            self._turn_of[number] = turn
        return number

    def sent(self, number: int, at: float) -> None:
        """Note when a request really left; one that left late takes the turns that it is in the way
        of, too."""
        self._own.sent(number, at)
        late = at - self._turn_of.pop(number, at) - RESERVE_SECONDS
        interval = self.interval_seconds
        if late > 0 and interval:
            self._pace.draw(interval, min(_MOST_AHEAD, math.ceil(late / interval)))

    def space_from(self, now: float) -> None:
        """Begin an interval at `now`, after requests that somebody else has spaced (a login)."""
        self._own.space_from(now)
        self._turns.clear()
        self._not_before = now + self.interval_seconds

    def limit_to(self, requests_per_second: float, now: float) -> None:
        """Lower the limit for good, as robots.txt asks; a higher one changes nothing."""
        before = self.interval_seconds
        self._own.limit_to(requests_per_second, now)
        if self.interval_seconds != before:
            self._turns.clear()
            self._not_before = now + self.interval_seconds

    def push_back(
        self, now: float, retry_after_seconds: float | None, *, started_at: float | None = None
    ) -> None:
        """Give way to a site that asks for less, and let all others do so too."""
        self._own.push_back(now, retry_after_seconds, started_at=started_at)
        self._turns.clear()
        rest = self._own.rest_seconds(now)
        if rest > 0:
            self._pace.rest(rest)

    def succeeded(self, now: float) -> None:
        """Count a good answer."""
        self._own.succeeded(now)

    def _look(self, now: float) -> None:
        """Find out a few times a second whether the site has asked another machine for a rest."""
        if now - self._looked_at < SECONDS_BETWEEN_LOOKS:
            return
        rest = self._pace.rest_seconds()
        self._looked_at = now
        if rest > 0:
            self._rests_until = now + rest
            self._turns.clear()

    def _turn(self, now: float) -> float:
        """When the next turn is, of those that were not missed."""
        while self._turns and self._turns[0] < now - RESERVE_SECONDS:
            self._turns.popleft()
        if not self._turns:
            asked_at, interval = self._clock(), self.interval_seconds
            count = min(_MOST_AHEAD, 1 + int(self._way_seconds / interval))
            first = self._pace.draw(interval, count)
            told_at = self._clock()
            self._way_seconds = told_at - asked_at
            self._looked_at = now
            self._turns.extend(told_at + first + interval * number for number in range(count))
        return self._turns[0]
