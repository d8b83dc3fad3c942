"""Whether a worker process gets on, by what can be seen of it from outside.

A process that is stopped, or waits for something that never comes, ends by itself as little as one
that hangs at a page, and no page has to do with it. What counts is time in which whoever looks ran
itself: when all processes were suspended, or the machine has no time for any, none is to blame.
"""

from __future__ import annotations

from typing import Generic, TypeVar

LONGEST_SILENCE_SECONDS = 30.0
"""How long the board of a worker may show no new beat, of which there are two a second."""
LONGEST_START_SECONDS = 120.0
"""How long it may show none at all."""
_MOST_BETWEEN_LOOKS = 1.0
"""Looks are a quarter of a second apart, unless whoever looks was kept from it."""

_Value = TypeVar("_Value")


class OwnTime:
    """A clock of seconds that stands still while whoever reads it does not run."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._looked_at: float | None = None

    def at(self, now: float) -> float:
        """Its time at that `time.monotonic()`."""
        if self._looked_at is not None:
            self._seconds += min(now - self._looked_at, _MOST_BETWEEN_LOOKS)
        self._looked_at = now
        return self._seconds


class SignsOfLife:
    """What was seen of one worker, and since when it is the same. Times are those of `OwnTime`."""

    def __init__(self) -> None:
        self._beats: _Unchanged[int] = _Unchanged(0)
        self._steps: _Unchanged[tuple[int, ...]] = _Unchanged(())

    def reads(self, own: float) -> None:
        """It reads a page, and how long it may do so is another matter."""
        self._beats.since = self._steps.since = own

    def stands_still(
        self, own: float, beats: int, steps: tuple[int, ...], longest_step_seconds: float
    ) -> bool:
        """Whether it is to be replaced, having shown so many beats and taken these steps.

        Whoever has nothing to do needs not get on, but has to live.
        """
        longest = LONGEST_SILENCE_SECONDS if beats else LONGEST_START_SECONDS
        is_silent = self._beats.seconds(beats, own) > longest
        return self._steps.seconds(steps, own) > longest_step_seconds or is_silent


class _Unchanged(Generic[_Value]):
    """A value, and since when it is that one."""

    def __init__(self, value: _Value) -> None:
        self._value = value
        self.since: float | None = None

    def seconds(self, value: _Value, own: float) -> float:
        """How long the value has been that one."""
        if self.since is None or value != self._value:
            self._value, self.since = value, own
        return own - self.since
