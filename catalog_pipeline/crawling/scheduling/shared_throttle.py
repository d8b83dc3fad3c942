"""The throttle of a crawl whose site other machines ask too: turns are drawn from one place.

What this crawl has learnt of the site (rates that gave way, robots.txt) is its own throttle's
affair; when its next turn is, and whether the site wants a rest, is said for all machines by a
`Pace`. A turn is used soon after its beginning or not at all, and is in use until a second after
its answer: whenever in between the request came to the site, no second there has more of them than
there are turns. A turn that was missed is dropped, so that none are made up for in a burst. Where
the way to the place that gives turns is far, how late one may be used is longer by twice that way:
its beginning is known no better, and a look whether the site wants a rest may come in between.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from catalog_pipeline.crawling.ports import (
    LATENESS_SECONDS,
    LONGEST_LATENESS_SECONDS,
    Draw,
    Pace,
    Throttle,
    Wish,
)
from catalog_pipeline.crawling.scheduling.throttle import RESERVE_SECONDS, AdaptiveThrottle
from catalog_pipeline.errors import StorageError

SECONDS_BETWEEN_LOOKS = 0.25
"""How long a turn, or a rate without a limit, counts without a look whether the site wants rest."""
_MOST_AHEAD = 10
"""Turns drawn at once where the way to the place that gives them takes longer than an interval."""
_MOST_IN_VAIN = 10
"""Draws one after the other of whose turns none could be used when it was told."""
_MOST_SHARED_REST_SECONDS = 3600.0
"""A crawl that is asked for more stops. One that begins an hour later asks once, and is told again:
else it would wait for days without a word."""
_UNEVENNESS = 0.2
"""Which part of an interval, at random, one waits before it asks again: else the same would always
be the first."""


def throttle_for(
    requests_per_second: float | None, pace: Pace | None, clock: Callable[[], float]
) -> Throttle:
    """The throttle of a crawl; with a pace, of one among several machines."""
    if pace is None:
        return AdaptiveThrottle(requests_per_second, clock=clock)
    return SharedThrottle(requests_per_second, pace, clock=clock)


class _Turn(NamedTuple):
    """A turn that was drawn: its name, from when on and until when it may be used."""

    name: int
    begins: float
    ends: float


class SharedThrottle:
    """A `Throttle` of one crawl that keeps the pace of all. Times are monotonic seconds."""

    def __init__(
        self, requests_per_second: float | None, pace: Pace, *, clock: Callable[[], float]
    ) -> None:
        self._own = AdaptiveThrottle(requests_per_second, clock=clock, is_spaced=False)
        self._pace, self._clock = pace, clock
        self._turns: deque[_Turn] = deque()
        self._turn_of: dict[int, _Turn] = {}
        self._answered: dict[int, float] = {}
        self._unused: list[int] = []
        self._looked_at = -math.inf
        self._rests_until = -math.inf
        self._draws_at = -math.inf
        self._way_seconds = 0.0
        self._in_vain = 0
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
        """How long to wait until a request may start; a turn is drawn for it if there is none.

        Raises:
            StorageError: turns cannot be drawn, or take so long that none can be used.
        """
        wait = max(self._own.seconds_until_free(now), self._not_before - now)
        if wait > 0:
            self._tell(now)
            return min(wait, SECONDS_BETWEEN_LOOKS) if self._answered else wait
        self._look(now)
        if self._rests_until > now:
            return self._rests_until - now
        return 0.0 if self.requests_per_second is None else self._seconds_until_turn(now)

    def take(self, now: float, *, is_page: bool = True) -> int:
        """Count a request that starts now; return its number, for what becomes of it.

        Raises:
            ValueError: `seconds_until_free(now)` is not 0.
            StorageError: as there.
        """
        if self.seconds_until_free(now) > 0:
            raise ValueError("a request was started before its turn")
        number = self._own.take(now, is_page=is_page)
        if self._turns:
            self._turn_of[number] = self._turns.popleft()
        return number

    def latest_start(self, number: int) -> float:
        """A moment after its turn began."""
        turn = self._turn_of.get(number)
        return math.inf if turn is None else turn.ends

    def sent(self, number: int, at: float) -> None:
        """Note when a request really left."""
        self._own.sent(number, at)

    def answered(self, number: int) -> None:
        """Let its turn be somebody's again, a window's length from now."""
        turn = self._turn_of.pop(number, None)
        if turn is not None:
            self._answered[turn.name] = self._clock()

    def unused(self, number: int) -> None:
        """Give its turn back: nobody was asked."""
        turn = self._turn_of.pop(number, None)
        if turn is not None:
            self._unused.append(turn.name)

    def space_from(self, now: float) -> None:
        """Begin an interval at `now`, after requests that somebody else has spaced (a login)."""
        self._own.space_from(now)
        self._give_back()
        self._not_before = now + self.interval_seconds

    def limit_to(self, requests_per_second: float, now: float) -> None:
        """Lower the limit for good, as robots.txt asks; a higher one changes nothing."""
        before = self.interval_seconds
        self._own.limit_to(requests_per_second, now)
        if self.interval_seconds != before:
            self._give_back()
            self._not_before = now + self.interval_seconds

    def push_back(
        self, now: float, retry_after_seconds: float | None, *, started_at: float | None = None
    ) -> None:
        """Give way to a site that asks for less, and let all others do so too."""
        self._own.push_back(now, retry_after_seconds, started_at=started_at)
        self._give_back()
        rest = self._own.rest_seconds(now)
        if rest > 0:
            self._pace.rest(min(rest, _MOST_SHARED_REST_SECONDS))

    def succeeded(self, now: float) -> None:
        """Count a good answer."""
        self._own.succeeded(now)

    def _give_back(self) -> None:
        """Those that were not used yet."""
        self._unused += [turn.name for turn in self._turns]
        self._turns.clear()

    def _look(self, now: float) -> None:
        """Find out a few times a second whether the site has asked another machine for a rest."""
        if now - self._looked_at < SECONDS_BETWEEN_LOOKS:
            return
        rest = self._pace.rest_seconds()
        self._looked_at = self._clock()
        if rest > 0:
            self._rests_until = self._looked_at + rest
            self._give_back()

    def _tell(self, now: float) -> None:
        """Let others know of answers, where they would not soon by the next draw."""
        if now - min(self._answered.values(), default=now) >= SECONDS_BETWEEN_LOOKS:
            self._ask(0)

    def _seconds_until_turn(self, now: float) -> float:
        """Until the next turn that was not missed; if none was to be had, until it is asked for."""
        while self._turns and self._turns[0].ends < now + RESERVE_SECONDS:
            self._unused.append(self._turns.popleft().name)
        if not self._turns and now >= self._draws_at:
            self._draw()
        return max(0.0, (self._turns[0].begins if self._turns else self._draws_at) - now)

    def _draw(self) -> None:
        asked_at, ahead = self._clock(), int(self._way_seconds / self.interval_seconds)
        wish, drawn = self._ask(min(_MOST_AHEAD, 1 + ahead))
        told_at = self._clock()
        self._way_seconds = told_at - asked_at
        self._looked_at = told_at
        for number, name in enumerate(drawn.turns):
            # Between the two is the instant that was meant.
            later = drawn.seconds + wish.interval_seconds * number
            turn = _Turn(name, told_at + later, asked_at + later + wish.lateness_seconds)
            self._turns.append(turn)
        if drawn.turns:
            self._require_use(self._turns[0])
        if not drawn.turns:
            soon = min(drawn.seconds, SECONDS_BETWEEN_LOOKS)
            uneven = _UNEVENNESS * random.random()  # noqa: S311 - it hides nothing
            self._draws_at = told_at + soon + uneven * wish.interval_seconds

    def _require_use(self, turn: _Turn) -> None:
        """A turn that was over when it was told is dropped, but not for ever."""
        self._in_vain = self._in_vain + 1 if turn.ends < turn.begins + RESERVE_SECONDS else 0
        if self._in_vain >= _MOST_IN_VAIN:
            raise StorageError(
                f"The place that machines share takes {self._way_seconds:.1f} seconds to say when "
                f"the site may be asked, so that it is too late each time. Nothing recorded is "
                f"lost; run again from a machine that is nearer to it."
            )

    def _ask(self, count: int) -> tuple[Wish, Draw]:
        """Draw so many turns, or fewer, and tell what has become of others."""
        limit, now = self._own.limit, self._clock()
        wish = Wish(self.interval_seconds, count)
        if limit is not None:
            most = math.ceil(limit)
            interval = 1 / (self.requests_per_second or limit)
            wish = Wish(interval, min(count, most), most, most / limit)
        lateness = min(LATENESS_SECONDS + 2 * self._way_seconds, LONGEST_LATENESS_SECONDS)
        answered = {name: now - at for name, at in self._answered.items()}
        wish = replace(wish, lateness_seconds=lateness, answered=answered, unused=self._unused)
        drawn = self._pace.draw(wish)
        self._answered, self._unused = {}, []
        return wish, drawn
