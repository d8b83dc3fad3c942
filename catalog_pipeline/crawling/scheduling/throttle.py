"""When the next request of a crawl may start: even spacing, pauses, and a rate that gives way.

The policy only: plain values in and out, nothing here sleeps, reads a clock twice or sends
anything. Whether a page is tried again belongs in `retry_policy`.

The promise: no window of one second (of `ceil(r) / r` seconds, where the rate r is no whole
number) holds more than `ceil(r)` requests by the server's clock. Three things keep it: requests
are spaced evenly, with a reserve for the way to the server; a request that left its worker late
is counted from when it left, once `sent` has told so; and a new crawl lets one interval pass
before its first request, because a crawl killed just before may have sent its last one right then.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyrate_limiter import GCRA, Rate


RESERVE_SECONDS = 0.04
"""By how much two requests may come closer to each other on their way to the server."""

PAUSE_SECONDS = 1.0
"""Pause after an answer that asks for less without saying for how long."""

SLOWEST_RATE = 1 / 60
"""Requests per second below which the rate is not cut."""

SUCCESSES_PER_STEP = 10
RECOVERY_FACTOR = 1.25
"""After that many good answers in a row a rate that was cut rises by this factor."""

_REMEMBERED = 64
_LONGEST_WINDOW_SECONDS = 2.0
_TICKS_PER_SECOND = 1_000_000


class AdaptiveThrottle:
    """A `Throttle` of one crawl. Times are monotonic seconds; rates are requests per second.

    Where it `is_spaced` by somebody else (False), it keeps to its windows and pauses alone.
    """

    def __init__(
        self,
        requests_per_second: float | None,
        *,
        clock: Callable[[], float],
        is_spaced: bool = True,
    ) -> None:
        self._is_spaced = is_spaced
        self._limit = requests_per_second
        self._rate = requests_per_second
        self._recovered_at = requests_per_second
        self._not_before = -math.inf
        self._last_start: float | None = None
        self._last_complaint = -math.inf
        self._has_complaint = False
        self._successes = 0
        self._starts: deque[float] = deque()
        self._first_number = 0
        self._first_page_number = 0
        self._spacing: GCRA | None = None
        self._rates: list[Rate] = []
        self._state: tuple[float, ...] = (0,)
        self._room_at = -math.inf
        self._apply_rate(clock())

    @property
    def requests_per_second(self) -> float | None:
        """The rate at present, None without a limit."""
        return self._rate

    @property
    def limit(self) -> float | None:
        """The rate that it is never more than, None without a limit."""
        return self._limit

    def seconds_until_free(self, now: float) -> float:
        """How long to wait until a request may start; 0 means that it may start now."""
        wait = max(self.rest_seconds(now), self._room_at - now)
        if self._spacing is not None:
            _, decision = self._spacing.step(self._rates, self._state, _ticks(now), 1)
            wait = max(wait, (decision.retry_after_ms or 0) / _TICKS_PER_SECOND)
        return wait

    def take(self, now: float, *, is_page: bool = True) -> int:
        """Count a request that starts now; return its number, for `sent`.

        A crawl waits for what is no page (robots.txt, a login): the rate that a crawl without a
        limit really has is that of the pages since then.

        Raises:
            ValueError: `seconds_until_free(now)` is not 0.
        """
        if self.seconds_until_free(now) > 0:
            raise ValueError("a request was started before the throttle allowed one")
        if self._spacing is not None:
            self._state, _ = self._spacing.step(self._rates, self._state, _ticks(now), 1)
        self._last_start = now
        self._starts.append(now)
        self._forget(now)
        self._find_room()
        number = self._first_number + len(self._starts) - 1
        if not is_page:
            self._first_page_number = number + 1
        return number

    def latest_start(self, number: int) -> float:
        """Whenever it is: it is counted from when it left."""
        return math.inf

    def answered(self, number: int) -> None:
        """It is counted from when it left."""

    def unused(self, number: int) -> None:
        """It is counted as one that left: rather too few than too many."""

    def sent(self, number: int, at: float) -> None:
        """Note when a request really left for the server, if that was later than its start."""
        index = number - self._first_number
        if 0 <= index < len(self._starts) and at > self._starts[index]:
            self._starts[index] = at
            self._find_room()

    @property
    def interval_seconds(self) -> float:
        """Time from one start to the next, at the present rate; 0 without a limit."""
        return self._rates[0].interval / _TICKS_PER_SECOND if self._rates else 0.0

    def space_from(self, now: float) -> None:
        """Begin an interval at `now`, after requests that somebody else has spaced (a login)."""
        self._last_start = now
        self._apply_rate(now)

    def limit_to(self, requests_per_second: float, now: float) -> None:
        """Lower the limit for good, as robots.txt asks; a higher one changes nothing."""
        if self._limit is not None and self._limit <= requests_per_second:
            return
        self._limit = self._recovered_at = requests_per_second
        if self._rate is None or self._rate > requests_per_second:
            self._rate = requests_per_second
            self._apply_rate(now if self._last_start is None else self._last_start)

    def push_back(
        self, now: float, retry_after_seconds: float | None, *, started_at: float | None = None
    ) -> None:
        """Give way to a 429 or 503: wait as long as it says, or halve the rate and pause a little.

        A site that complains again before ten good answers in a row gets half the rate in any
        case. Answers to requests that had started before the last complaint (`started_at`; without
        it, answers within the pause) are part of that complaint and do not cut the rate again.
        """
        if started_at is None:
            is_the_same = now < self._not_before
        else:
            is_the_same = started_at <= self._last_complaint
        if retry_after_seconds is not None:
            self._not_before = max(self._not_before, now + retry_after_seconds)
        if is_the_same:
            return
        self._successes = 0
        self._last_complaint = now
        if retry_after_seconds is None:
            self._not_before = max(self._not_before, now + PAUSE_SECONDS)
        if retry_after_seconds is None or self._has_complaint:
            self._halve(now)
        self._has_complaint = True

    def rest_seconds(self, now: float) -> float:
        """For how long the site wants to be left alone."""
        return max(0.0, self._not_before - now)

    def succeeded(self, now: float) -> None:
        """Count a good answer; a rate that was cut rises step by step back to the limit."""
        if not self._has_complaint and self._rate == self._limit:
            return
        self._successes += 1
        if self._successes < SUCCESSES_PER_STEP:
            return
        self._successes = 0
        self._has_complaint = False
        if self._rate is None or self._rate == self._limit:
            return
        self._rate *= RECOVERY_FACTOR
        if self._rate >= (self._recovered_at or 0):
            self._rate = self._recovered_at = self._limit
        self._apply_rate(now if self._last_start is None else self._last_start)

    def _halve(self, now: float) -> None:
        if self._rate is None:
            self._recovered_at = self._recent_rate(now)
        before = self._rate or self._recovered_at or 1.0
        self._rate = max(before / 2, min(before, SLOWEST_RATE))
        self._apply_rate(now)

    def _apply_rate(self, since: float) -> None:
        """Space the requests by the present rate, the next one counted from `since`."""
        self._rates, self._spacing = [], None
        if self._rate is None:
            self._room_at = -math.inf
            return
        interval = 1 / self._rate + RESERVE_SECONDS / math.ceil(self._rate)
        # Only a crawl with a limit pays for the import of the limiter.
        from pyrate_limiter import GCRA, Rate

        self._rates = [Rate(1, max(1, math.ceil(interval * _TICKS_PER_SECOND)))]
        if self._is_spaced:
            self._spacing = GCRA()
            self._state, _ = self._spacing.step(self._rates, (0,), _ticks(since), 1)
        self._find_room()

    def _find_room(self) -> None:
        """Find out when the window that holds the latest requests has room for another one."""
        self._room_at = -math.inf
        if self._rate is None:
            return
        most = math.ceil(self._rate)
        if len(self._starts) >= most:
            oldest = sorted(self._starts)[-most]
            self._room_at = oldest + most / self._rate + RESERVE_SECONDS / 2

    def _forget(self, now: float) -> None:
        """Drop what no window reaches any more, keeping a few to measure the rate by."""
        while len(self._starts) > _REMEMBERED and (
            self._rate is None or self._starts[0] < now - _LONGEST_WINDOW_SECONDS
        ):
            self._starts.popleft()
            self._first_number += 1

    def _recent_rate(self, now: float) -> float:
        """The rate of the latest requests, for a crawl without a limit."""
        starts = list(self._starts)[max(0, self._first_page_number - self._first_number) :]
        if len(starts) < 2:
            return 1.0
        return (len(starts) - 1) / max(now - starts[0], 0.001)


def _ticks(seconds: float) -> int:
    """Microseconds, the unit of time given to the limiter (which counts in whole units)."""
    return int(seconds * _TICKS_PER_SECOND)
