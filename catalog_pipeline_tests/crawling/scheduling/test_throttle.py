"""The throttle, driven by a simulated clock and checked by a simulated server's clock."""

import heapq
import math
import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_pipeline.crawling.scheduling.throttle import (
    PAUSE_SECONDS,
    RECOVERY_FACTOR,
    RESERVE_SECONDS,
    SLOWEST_RATE,
    SUCCESSES_PER_STEP,
    AdaptiveThrottle,
)

RATES = st.floats(0.05, 200)


class Crawl:
    """A crawl on a simulated clock; `arrivals` are the server's times, after each way there."""

    def __init__(self, rate: float | None, begins_at: float = 1000.0) -> None:
        self.now = begins_at
        self.throttle = AdaptiveThrottle(rate, clock=lambda: self.now)
        self.starts: list[float] = []
        self.arrivals: list[float] = []
        self._on_the_way: list[tuple[float, int]] = []

    def request(self, late: float = 0.0, way: float = 0.0, is_reported: bool = False) -> None:
        """Start one request as soon as allowed plus `late`; it reaches the server after `way`."""
        self.wait(late)
        number = self.throttle.take(self.now)
        self.starts.append(self.now)
        self.arrivals.append(self.now + way)
        if is_reported:
            heapq.heappush(self._on_the_way, (self.now + way, number))

    def wait(self, late: float = 0.0) -> None:
        """Let the clock run until a request may start, telling of what arrives meanwhile."""
        while True:
            wait = self.throttle.seconds_until_free(self.now)
            if wait == 0 and late == 0:
                return
            until, late = (self.now + wait, late) if wait > 0 else (self.now + late, 0.0)
            while self._on_the_way and self._on_the_way[0][0] <= until:
                at, number = heapq.heappop(self._on_the_way)
                self.throttle.sent(number, at)
            self.now = until

    def request_many(self, count: int) -> None:
        for _ in range(count):
            self.request()

    def rate_of_the_last(self, count: int) -> float:
        times = self.starts[-count - 1 :]
        return count / (times[-1] - times[0])


def most_in_a_window(times: list[float], seconds: float) -> int:
    """The largest number of `times` within any window of that length, whose end is open."""
    times = sorted(times)
    most, first = 0, 0
    for index, at in enumerate(times):
        while at - times[first] >= seconds:
            first += 1
        most = max(most, index - first + 1)
    return most


def window_of(rate: float) -> float:
    return math.ceil(rate) / rate


@settings(max_examples=60)
@given(rate=RATES, seed=st.integers(0, 2**32))
def test_no_second_has_too_many_requests_in_spite_of_jitter(rate: float, seed: int) -> None:
    """Late starts and unequal ways to the server, as long as they stay within the reserve."""
    chance = random.Random(seed)
    crawl = Crawl(rate)
    for _ in range(min(300, 4 * math.ceil(rate) + 20)):
        late = chance.choice((0.0, 0.0, chance.uniform(0, 0.1), chance.uniform(0, 1.5)))
        crawl.request(late, chance.uniform(0, RESERVE_SECONDS * 0.99))
    assert most_in_a_window(crawl.arrivals, window_of(rate)) <= math.ceil(rate)


@settings(max_examples=60)
@given(rate=st.floats(0.5, 60), seed=st.integers(0, 2**32))
def test_requests_that_left_late_and_said_so_do_not_crowd_a_second(rate: float, seed: int) -> None:
    """Delays far beyond the reserve, as of a busy machine, once they are known."""
    chance = random.Random(seed)
    crawl = Crawl(rate)
    for _ in range(min(200, 4 * math.ceil(rate) + 20)):
        way = chance.choice((0.0, 0.01, chance.uniform(0, 0.9)))
        crawl.request(chance.choice((0.0, 0.05)), way, is_reported=True)
    assert most_in_a_window(crawl.arrivals, min(1.0, window_of(rate))) <= math.ceil(rate)


def test_twenty_requests_a_second_are_twenty_in_any_second_and_hardly_fewer() -> None:
    crawl = Crawl(20)
    crawl.request_many(200)
    assert most_in_a_window(crawl.arrivals, 1.0) == 20
    assert crawl.rate_of_the_last(199) > 19


@pytest.mark.parametrize("rate", [0.1, 0.5, 1, 2.5, 20, 500])
def test_requests_are_spaced_evenly(rate: float) -> None:
    crawl = Crawl(rate)
    crawl.request_many(30)
    gaps = [after - before for before, after in pairwise(crawl.starts)]
    assert min(gaps) >= 1 / rate
    assert max(gaps) <= 1 / rate + RESERVE_SECONDS + 0.001


def test_a_late_start_shifts_the_following_ones() -> None:
    """What was not used is lost: no burst catches up after a standstill."""
    crawl = Crawl(10)
    crawl.request()
    crawl.request(late=5)
    crawl.request()
    assert crawl.starts[2] - crawl.starts[1] >= 0.1


@settings(max_examples=40)
@given(rate=RATES, killed_after=st.integers(1, 60), dead_seconds=st.floats(0, 1.5))
def test_a_restarted_crawl_does_not_crowd_the_second_of_the_killed_one(
    rate: float, killed_after: int, dead_seconds: float
) -> None:
    before = Crawl(rate)
    before.request_many(killed_after)
    after = Crawl(rate, begins_at=before.now + dead_seconds)
    after.request_many(60)
    assert most_in_a_window(before.arrivals + after.arrivals, window_of(rate)) <= math.ceil(rate)


def test_without_a_limit_nothing_ever_waits() -> None:
    crawl = Crawl(None)
    for _ in range(1000):
        assert crawl.throttle.seconds_until_free(crawl.now) == 0
        crawl.throttle.take(crawl.now)
        crawl.throttle.succeeded(crawl.now)
    assert crawl.throttle.requests_per_second is None


@pytest.mark.parametrize("rate", [None, 20])
def test_nothing_starts_before_retry_after_has_passed(rate: float | None) -> None:
    crawl = Crawl(rate)
    crawl.request_many(5)
    asked_at = crawl.now
    crawl.throttle.push_back(asked_at, 2.0)
    crawl.throttle.push_back(asked_at + 0.1, None)
    crawl.throttle.push_back(asked_at + 0.2, 0.5)
    crawl.request()
    assert crawl.starts[-1] >= asked_at + 2


def test_a_longer_retry_after_replaces_a_shorter_one() -> None:
    crawl = Crawl(None)
    crawl.throttle.push_back(crawl.now, 2.0)
    crawl.throttle.push_back(crawl.now, 30.0)
    assert crawl.throttle.seconds_until_free(crawl.now) == pytest.approx(30)


def test_after_retry_after_the_rate_is_as_before() -> None:
    crawl = Crawl(20)
    crawl.throttle.push_back(crawl.now, 2.0)
    assert crawl.throttle.requests_per_second == 20


def test_a_site_that_asks_to_wait_again_and_again_gets_half_the_rate() -> None:
    crawl = Crawl(20)
    for _ in range(2):
        crawl.throttle.push_back(crawl.now, 2.0)
        crawl.request()
    assert crawl.throttle.requests_per_second == 10


def test_without_retry_after_the_rate_is_halved_after_a_pause() -> None:
    crawl = Crawl(20)
    crawl.request_many(20)
    asked_at = crawl.now
    crawl.throttle.push_back(asked_at, None)
    crawl.request_many(31)
    assert crawl.starts[20] >= asked_at + PAUSE_SECONDS
    assert crawl.rate_of_the_last(30) == pytest.approx(10, rel=0.05)


def test_a_crawl_without_a_limit_is_halved_from_its_recent_rate() -> None:
    crawl = Crawl(None)
    for _ in range(100):
        crawl.request(late=0.01)
    crawl.throttle.push_back(crawl.now, None)
    assert crawl.throttle.requests_per_second == pytest.approx(50, rel=0.05)


def test_the_time_that_robots_txt_took_is_no_part_of_the_recent_rate() -> None:
    crawl = Crawl(None)
    crawl.throttle.take(crawl.now, is_page=False)
    crawl.now += 60
    for _ in range(100):
        crawl.request(late=0.01)
    crawl.throttle.push_back(crawl.now, None)
    assert crawl.throttle.requests_per_second == pytest.approx(50, rel=0.05)


def test_a_second_request_for_what_is_no_page_begins_the_measure_again() -> None:
    crawl = Crawl(None)
    for _ in range(100):
        crawl.request(late=0.01)
    crawl.throttle.take(crawl.now, is_page=False)
    crawl.now += 60
    for _ in range(20):
        crawl.request(late=0.1)
    crawl.throttle.push_back(crawl.now, None)
    assert crawl.throttle.requests_per_second == pytest.approx(5, rel=0.1)


def test_answers_to_requests_from_before_the_cut_do_not_cut_again() -> None:
    """Eight requests in flight meet the same overload: one complaint, not eight."""
    crawl = Crawl(20)
    crawl.request_many(8)
    for started_at in crawl.starts:
        crawl.now += 0.3
        crawl.throttle.push_back(crawl.now, None, started_at=started_at)
    assert crawl.throttle.requests_per_second == 10


def test_a_complaint_about_a_later_request_cuts_again() -> None:
    crawl = Crawl(20)
    for _ in range(2):
        crawl.request()
        crawl.throttle.push_back(crawl.now, None, started_at=crawl.starts[-1])
    assert crawl.throttle.requests_per_second == 5


def test_the_rate_is_never_cut_to_nothing() -> None:
    crawl = Crawl(1)
    for _ in range(20):
        crawl.request()
        crawl.throttle.push_back(crawl.now, None)
    assert crawl.throttle.requests_per_second == pytest.approx(SLOWEST_RATE)


@pytest.mark.parametrize("rate", [None, 20])
def test_the_rate_recovers_step_by_step_up_to_the_limit(rate: float | None) -> None:
    crawl = Crawl(rate)
    for _ in range(100):
        crawl.request(late=0.05)
    crawl.throttle.push_back(crawl.now, None)
    seen = [crawl.throttle.requests_per_second]
    for _ in range(SUCCESSES_PER_STEP * 5):
        crawl.request()
        crawl.throttle.succeeded(crawl.now)
        if crawl.throttle.requests_per_second != seen[-1]:
            seen.append(crawl.throttle.requests_per_second)
    assert seen[-1] == rate
    cut = [step for step in seen if step is not None and step != rate]
    assert len(cut) >= 3
    for slower, faster in pairwise(cut):
        assert faster == pytest.approx(slower * RECOVERY_FACTOR)


def test_robots_txt_can_lower_the_limit_but_not_raise_it() -> None:
    crawl = Crawl(20)
    crawl.request()
    crawl.throttle.limit_to(0.5, crawl.now)
    crawl.throttle.limit_to(5, crawl.now)
    crawl.request()
    assert crawl.starts[1] - crawl.starts[0] >= 2
    assert crawl.throttle.requests_per_second == 0.5


def test_a_rate_that_was_cut_recovers_only_to_what_robots_txt_allows() -> None:
    crawl = Crawl(20)
    crawl.throttle.push_back(crawl.now, None)
    crawl.throttle.limit_to(12, crawl.now)
    for _ in range(SUCCESSES_PER_STEP * 5):
        crawl.throttle.succeeded(crawl.now)
        assert (crawl.throttle.requests_per_second or math.inf) <= 12
    assert crawl.throttle.requests_per_second == 12


def test_a_login_that_spaced_its_own_requests_is_followed_by_an_interval() -> None:
    crawl = Crawl(2)
    crawl.request()
    crawl.now += 3
    crawl.throttle.space_from(crawl.now)
    assert crawl.throttle.seconds_until_free(crawl.now) == pytest.approx(
        crawl.throttle.interval_seconds, abs=0.001
    )


def test_starting_before_the_pace_allows_it_is_refused() -> None:
    crawl = Crawl(1)
    crawl.request()
    with pytest.raises(ValueError, match="before the throttle allowed"):
        crawl.throttle.take(crawl.now)
