"""Whether a worker gets on: judged by time in which whoever looks ran itself."""

from collections.abc import Iterable

import pytest

from catalog_pipeline.crawling.working.signs_of_life import (
    LONGEST_SILENCE_SECONDS,
    LONGEST_START_SECONDS,
    OwnTime,
    SignsOfLife,
)

WITHOUT_END = float("inf")


def test_time_in_which_nobody_looked_does_not_count():
    """As after Ctrl-Z and `fg`, a frozen container, or seconds in which the log was written."""
    own = OwnTime()
    assert [own.at(now) for now in (50.0, 50.25, 50.5, 9000.5, 9000.75)] == [
        0, 0.25, 0.5, 1.5, 1.75,
    ]  # fmt: skip


def _is_replaced_at(
    beats: Iterable[int], steps: Iterable[int], longest_step_seconds: float = WITHOUT_END
) -> int | None:
    """The second in which a worker that shows these, one a second, is found to stand still."""
    life = SignsOfLife()
    for second, (beat, step) in enumerate(zip(beats, steps, strict=False)):
        if life.stands_still(float(second), beat, (step,), longest_step_seconds):
            return second
    return None


AT_WORK = range(1000)
STILL = [7] * 1000


@pytest.mark.parametrize(
    ("beats", "steps", "longest_step_seconds", "second"),
    [
        (AT_WORK, AT_WORK, 100, None),
        # Without a task it needs not get on.
        (AT_WORK, STILL, WITHOUT_END, None),
        (AT_WORK, STILL, 100, 101),
        (STILL, AT_WORK, 100, int(LONGEST_SILENCE_SECONDS) + 1),
        ([1, 2, 3, *STILL], AT_WORK, 100, int(LONGEST_SILENCE_SECONDS) + 4),
        ([0] * 1000, AT_WORK, 100, int(LONGEST_START_SECONDS) + 1),
        # The last that was seen of it is from before it was silent for long, again and again.
        ([beat // 25 for beat in range(25, 1000)], AT_WORK, 100, None),
    ],
)
def test_it_stands_still_if_it_shows_nothing_new_for_too_long(
    beats: Iterable[int], steps: Iterable[int], longest_step_seconds: float, second: int | None
):
    assert _is_replaced_at(beats, steps, longest_step_seconds) == second


def test_while_it_reads_a_page_it_may_be_silent():
    """What Python does in one piece, as a search for a pattern, lets no other thread run."""
    life = SignsOfLife()
    assert not life.stands_still(0.0, 1, (1,), 5.0)
    life.reads(500.0)
    assert not life.stands_still(500.25, 1, (1,), 5.0)
    assert life.stands_still(505.5, 1, (1,), 5.0)
