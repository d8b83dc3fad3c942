"""Turns of several crawls at one site: none too many together, none lost for all, none made up."""

from __future__ import annotations

import math
import random
from functools import partial

import pytest

from catalog_pipeline.crawling.ports import LATENESS_SECONDS, Draw, Wish
from catalog_pipeline.crawling.scheduling.shared_throttle import (
    SECONDS_BETWEEN_LOOKS,
    SharedThrottle,
    throttle_for,
)
from catalog_pipeline.crawling.scheduling.throttle import AdaptiveThrottle
from catalog_pipeline.errors import StorageError
from catalog_pipeline_tests.crawling.played_pace import PlayedPace
from catalog_pipeline_tests.crawling.played_time import PlayedTime


class Played:
    """Crawls that ask whenever they may, in played time; answers take as long as is said."""

    def __init__(self, crawls: int, rate: float | None, *, answer_seconds: float = 0.0) -> None:
        self.now = 0.0
        self.pace = PlayedPace(lambda: self.now)
        self.crawls = [
            SharedThrottle(rate, self.pace, clock=lambda: self.now) for _ in range(crawls)
        ]
        self.asked: list[list[float]] = [[] for _ in range(crawls)]
        self._answer_seconds = answer_seconds
        self._under_way: list[tuple[float, SharedThrottle, int]] = []

    def until(self, end: float, *, idle: frozenset[int] = frozenset()) -> Played:
        """Let time go on; crawls that are `idle` do not ask."""
        while self.now < end:
            for number, throttle in enumerate(self.crawls):
                if number not in idle and throttle.seconds_until_free(self.now) <= 0:
                    turn = throttle.take(self.now)
                    self.asked[number].append(self.now)
                    self._under_way.append((self.now + self._answer_seconds, throttle, turn))
            self.go_on()
        return self

    def go_on(self) -> None:
        """Let a millisecond pass."""
        for at, throttle, turn in self._under_way:
            if at <= self.now:
                throttle.answered(turn)
        self._under_way = [each for each in self._under_way if each[0] > self.now]
        self.now = round(self.now + 0.001, 6)

    @property
    def all(self) -> list[float]:
        return sorted(instant for asked in self.asked for instant in asked)


def most_in_a_second(instants: list[float]) -> int:
    return max(sum(at <= each < at + 1 for each in instants) for at in instants)


@pytest.mark.parametrize(("crawls", "rate"), [(1, 20.0), (3, 20.0), (3, 2.0), (8, 7.5)])
def test_all_together_ask_no_more_than_one_may(crawls: int, rate: float) -> None:
    played = Played(crawls, rate).until(12.0)
    assert most_in_a_second(played.all) <= math.ceil(rate)
    assert len(played.all) >= 0.9 * rate * 11
    assert all(played.asked)


def test_the_others_go_on_at_the_full_rate_when_one_dies() -> None:
    played = Played(3, 10.0).until(5.0)
    before = len(played.all)
    played.until(15.0, idle=frozenset({0}))
    assert len(played.all) - before >= 90


def test_turns_that_were_missed_are_not_made_up_for() -> None:
    played = Played(1, 10.0).until(3.0)
    played.now = 8.0
    played.until(12.0)
    assert most_in_a_second(played.all) <= 10
    assert not [at for at in played.all if 3.0 < at < 8.0]


def test_a_site_that_wants_a_rest_from_one_gets_it_from_all() -> None:
    """Within a quarter of a second, also of turns that had been drawn."""
    played = Played(3, 1.0).until(4.0)
    played.crawls[0].push_back(played.now, 30.0)
    played.until(50.0)
    assert not [at for at in played.all if 4.0 + SECONDS_BETWEEN_LOOKS <= at < 34.0]
    assert [at for at in played.all if at >= 34.0]
    assert most_in_a_second(played.all) <= 1


def test_a_rest_of_days_is_one_of_an_hour_to_others_which_then_ask_the_site_themselves() -> None:
    played = Played(2, 0.1).until(10.0)
    played.crawls[0].push_back(played.now, 86_400.0)
    played.until(20.0)
    played.now = 3_600.0
    played.until(3_640.0)
    assert not [at for at in played.asked[0] if at >= 10.0 + SECONDS_BETWEEN_LOOKS]
    later = [at for at in played.asked[1] if at >= 10.0 + SECONDS_BETWEEN_LOOKS]
    assert later
    assert min(later) >= 3_610.0


def test_crawls_without_a_limit_rest_together_too() -> None:
    played = Played(2, None).until(0.1)
    played.crawls[0].push_back(played.now, 5.0)
    played.until(6.0)
    assert not [at for at in played.asked[1] if 0.1 + SECONDS_BETWEEN_LOOKS <= at < 5.1]
    assert played.asked[1][-1] > 5.1


def test_robots_txt_slows_the_turns_down() -> None:
    played = Played(2, 10.0).until(2.0)
    for throttle in played.crawls:
        throttle.limit_to(1.0, played.now)
    before = len(played.all)
    played.until(12.0)
    late = played.all[before:]
    assert most_in_a_second(late) <= 1
    assert len(late) >= 8


def test_a_turn_may_be_used_a_moment_after_its_beginning_and_no_later() -> None:
    """So it is given back, and the next one drawn."""
    played = Played(1, 10.0).until(1.0)
    (throttle,) = played.crawls
    played.now += throttle.seconds_until_free(played.now)
    number, drawn = throttle.take(played.now), len(played.pace.drawn)
    begun = played.pace.drawn[-1]
    assert throttle.latest_start(number) == pytest.approx(begun + LATENESS_SECONDS)
    throttle.unused(number)
    while throttle.seconds_until_free(played.now) > 0:
        played.go_on()
    assert len(played.pace.drawn) > drawn
    drawn = len(played.pace.drawn)
    played.now += LATENESS_SECONDS
    while throttle.seconds_until_free(played.now) > 0:
        played.go_on()
    assert len(played.pace.drawn) > drawn
    assert throttle.latest_start(throttle.take(played.now)) >= played.now


@pytest.mark.parametrize(("crawls", "rate"), [(1, 20.0), (3, 20.0), (3, 7.5), (3, 1.0)])
def test_whenever_requests_come_to_the_site_before_their_answer_they_are_not_too_many(
    crawls: int, rate: float
) -> None:
    """However long their machines take to send them, and the site to note them."""
    chance = random.Random(7)
    played = Played(crawls, rate)
    noted: list[float] = []
    under_way: list[tuple[float, SharedThrottle, int]] = []
    while played.now < 40.0:
        for throttle in played.crawls:
            if throttle.seconds_until_free(played.now) <= 0:
                turn = throttle.take(played.now)
                sent = played.now + chance.uniform(0, 0.4 if chance.random() < 0.1 else 0.05)
                if sent > throttle.latest_start(turn):
                    throttle.unused(turn)
                    continue
                came = sent + chance.uniform(0, 1.0 if chance.random() < 0.1 else 0.1)
                noted.append(came)
                under_way.append((came + chance.uniform(0, 0.3), throttle, turn))
        for at, throttle, turn in under_way:
            if at <= played.now and chance.random() < 0.95:
                throttle.answered(turn)
        under_way = [each for each in under_way if each[0] > played.now]
        played.go_on()
    noted.sort()
    window = math.ceil(rate) / rate
    most = max(sum(at <= each < at + window for each in noted) for at in noted)
    assert most <= math.ceil(rate)
    assert len(noted) >= 0.5 * rate * 39


@pytest.mark.parametrize(("answer_seconds", "share"), [(0.01, 0.95), (0.1, 0.87), (2.0, 0.42)])
def test_a_turn_that_waits_for_its_answer_is_nobody_elses(
    answer_seconds: float, share: float
) -> None:
    """Which is what it costs: as many turns in a second and the time of an answer."""
    played = Played(3, 20.0, answer_seconds=answer_seconds).until(30.0)
    assert len(played.all) >= share * 20 * 29


def test_after_a_login_an_interval_begins() -> None:
    played = Played(1, 2.0).until(3.0)
    played.crawls[0].space_from(played.now)
    assert played.crawls[0].seconds_until_free(played.now) >= 0.5


def test_turns_are_drawn_ahead_where_the_way_is_far() -> None:
    """So that the way does not slow the crawl down."""

    class Far(PlayedPace):
        def draw(self, wish: Wish) -> Draw:
            played.now = round(played.now + 0.015, 6)
            drawn = super().draw(wish)
            played.now = round(played.now + 0.015, 6)
            return drawn

    played = Played(1, 50.0)
    played.pace = Far(lambda: played.now)
    played.crawls = [SharedThrottle(50.0, played.pace, clock=lambda: played.now)]
    played.until(10.0)
    assert len(played.all) >= 0.75 * 50 * 10
    assert most_in_a_second(played.all) <= 50


class FarPace(PlayedPace):
    """Asked over a way on which time goes by, for each crawl by itself."""

    def __init__(self, time: PlayedTime, way_seconds: float) -> None:
        super().__init__(lambda: time.now)
        self._on_the_way = partial(time.sleep, way_seconds / 2)

    def draw(self, wish: Wish) -> Draw:
        self._on_the_way()
        drawn = super().draw(wish)
        self._on_the_way()
        return drawn

    def rest_seconds(self) -> float:
        self._on_the_way()
        rest = super().rest_seconds()
        self._on_the_way()
        return rest


def asked_from_afar(crawls: int, rate: float, way_seconds: float, seconds: float) -> list[float]:
    """When crawls that are so far from their pace ask the site."""
    time = PlayedTime()
    pace, asked = FarPace(time, way_seconds), list[float]()

    def crawl() -> None:
        throttle = SharedThrottle(rate, pace, clock=lambda: time.now)
        while time.now < seconds:
            now = time.now
            wait = throttle.seconds_until_free(now)
            if wait > 0:
                time.sleep(max(0.001, min(wait - (time.now - now), 0.25)))
                continue
            turn = throttle.take(now)
            if time.now > throttle.latest_start(turn):
                throttle.unused(turn)
                continue
            asked.append(time.now)
            time.sleep(0.01)
            throttle.answered(turn)

    time.play([crawl] * crawls)
    return asked


@pytest.mark.parametrize("rate", [2.0, 10.0])
@pytest.mark.parametrize(("way_seconds", "share"), [(0.15, 0.6), (0.4, 0.3), (1.0, 0.2)])
def test_a_slow_way_to_the_turns_slows_a_crawl_down_and_does_not_stop_it(
    way_seconds: float, share: float, rate: float
) -> None:
    asked = asked_from_afar(1, rate, way_seconds, 40.0)
    assert len(asked) >= share * rate * 39
    assert most_in_a_second(asked) <= rate


@pytest.mark.parametrize("way_seconds", [0.15, 0.4, 1.0])
@pytest.mark.parametrize("rate", [2.0, 10.0])
def test_crawls_far_from_their_turns_ask_no_more_together_than_one_may(
    rate: float, way_seconds: float
) -> None:
    asked = asked_from_afar(3, rate, way_seconds, 60.0)
    assert len(asked) >= 0.2 * rate * 59
    assert most_in_a_second(asked) <= rate


def test_where_no_turn_can_be_used_in_time_that_is_said() -> None:
    with pytest.raises(StorageError, match=r"takes 5\.0 seconds to say when the site may be asked"):
        asked_from_afar(1, 2.0, 5.0, 600.0)


def test_a_crawl_by_itself_has_a_throttle_of_its_own() -> None:
    assert isinstance(throttle_for(2.0, None, lambda: 0.0), AdaptiveThrottle)
