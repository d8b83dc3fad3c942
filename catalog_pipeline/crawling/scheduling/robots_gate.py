"""Asks each host of a crawl for its robots.txt before its first page, by the ordinary retry rules.

What a robots.txt says is read in `catalog_pipeline.fetching.robots`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.ports import Throttle
from catalog_pipeline.crawling.scheduling.retry_policy import next_attempt
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.errors import CrawlStoppedError
from catalog_pipeline.fetching.robots import (
    LONGEST_DELAY_SECONDS,
    MAX_ROBOTS_REDIRECTS,
    RobotsRules,
    robots_address,
)
from catalog_pipeline.fetching.secrets import Secrets

_LONGEST_WAIT_SECONDS = 0.25
"""How long at most a wait goes on without a look at `must_stop`."""
_CAP = "politeness.max_crawl_delay_seconds"
_UNITS = (("days", 86400), ("hours", 3600), ("minutes", 60))


def ask_robots_early(catalogue: Catalogue, pool: WorkerPool) -> None:
    """Send the request for robots.txt before the crawl begins; its `RobotsGate` takes the answer.

    Only for a site without a rate limit: elsewhere each request waits for its turn.
    """
    politeness = catalogue.politeness
    if politeness.obey_robots and politeness.requests_per_second is None:
        address = robots_address(catalogue.page_address(catalogue.first_key))
        pool.submit(messages.FetchRobots(address))
        pool.asked_robots = address


class RobotsGate:
    """The rules of every host that a crawl has asked, and the rate they want.

    `slowed_down` is told what a rate comes to, without `secrets` in it. While the gate waits for a
    robots.txt, `meanwhile` takes the workers' other answers, and is called with None at each look
    at the clock.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        pool: WorkerPool,
        throttle: Throttle,
        *,
        secrets: Secrets,
        slowed_down: Callable[[str], None],
        clock: Callable[[], float],
        must_stop: Callable[[], bool],
        meanwhile: Callable[[messages.Answer | None], None],
    ) -> None:
        self._catalogue = catalogue
        self._politeness = catalogue.politeness
        self._pool = pool
        self._throttle = throttle
        self._secrets = secrets
        self._slowed_down = slowed_down
        self._clock = clock
        self._must_stop = must_stop
        self._meanwhile = meanwhile
        self._rules: dict[str, RobotsRules] = {}
        self._too_slow: dict[str, str] = {}
        self.capacity = pool.capacity
        """Requests that may be under way at a time."""

    def knows(self, url: str) -> bool:
        """Whether the rules for `url` are known, or none are followed."""
        return not self._politeness.obey_robots or robots_address(url) in self._rules

    def ask(self, url: str, pages: int) -> None:
        """Ask the host of `url` for its rules and go as slowly as they want, with all `pages` of
        the crawl; not known after that if the crawl was stopped while it waited."""
        address = robots_address(url)
        rules = self._answered(address)
        if rules is not None:
            self._rules[address] = rules
            self._obey(rules, address, pages)

    def why_not(self, url: str) -> str:
        """One sentence that says why `url`, whose rules are known, may not be fetched; empty if it
        may."""
        if not self._politeness.obey_robots:
            return ""
        address = robots_address(url)
        return self._too_slow.get(address) or self._rules[address].why_not(
            url, self._politeness.agent
        )

    def require_a_pace(self) -> None:
        """Find out before the first page that it cannot be had in time.

        Raises:
            CrawlStoppedError: a host that was asked wants pauses that no crawl can keep.
        """
        for reason in self._too_slow.values():
            raise CrawlStoppedError(f"{self._catalogue.name}: {reason}.")

    def _obey(self, rules: RobotsRules, address: str, pages: int) -> None:
        """Go as slowly as robots.txt asks, and say what that comes to."""
        agent, cap = self._politeness.agent, self._politeness.max_crawl_delay_seconds
        self.capacity = min(self.capacity, rules.max_concurrency(agent) or self.capacity)
        wanted = rules.delay_seconds(agent)
        if wanted is None:
            return
        # Even a number can be one that the site was sent.
        pause = self._secrets.hide(f"{wanted:g}")
        wish = f"{address} asks for {pause} seconds between two requests"
        if cap is None and wanted > LONGEST_DELAY_SECONDS:
            self._too_slow[address] = f"{wish}, which no crawl can keep ({_CAP} caps it)"
            return
        delay = wanted if cap is None else min(wanted, cap)
        rate = self._politeness.requests_per_second
        if rate is not None and 1 / delay >= rate:
            return
        self._throttle.limit_to(1 / delay, self._clock())
        hint = f"{_CAP} caps it" if delay == wanted else f"{_CAP} cuts it to {delay:g}"
        takes = _in_words(delay * pages)
        self._slowed_down(f"{wish} ({hint}): the {pages} pages take about {takes}")

    def _answered(self, address: str) -> RobotsRules | None:
        """The rules of one host; None if the crawl was stopped while it waited."""
        url = address
        started_at = self._clock()
        attempt, redirects = 1, 0
        due_at = started_at
        while True:
            answer = self._ask_once(url, due_at)
            if answer is None:
                return None
            if answer.location is not None and redirects < MAX_ROBOTS_REDIRECTS:
                redirects += 1
                url = answer.location
                continue
            error = answer.error
            if error is not None:
                if error.pushback.slow_down:
                    seconds = error.pushback.retry_after_seconds
                    self._throttle.push_back(self._clock(), seconds)
                again_at = next_attempt(error, attempt, started_at, self._clock(), self._politeness)
                if again_at is not None:
                    attempt, due_at = attempt + 1, again_at
                    continue
            return RobotsRules.from_answer(answer.status, answer.body, str(error) if error else "")

    def _ask_once(self, url: str, due_at: float) -> messages.RobotsAnswered | None:
        is_sent, number, task = self._pool.asked_robots == url, -1, messages.FetchRobots(url)
        while not self._must_stop():
            now = self._clock()
            begins = max(due_at, now + self._throttle.seconds_until_free(now))
            if not is_sent and begins <= now:
                number = self._throttle.take(now, is_page=False)
                task = replace(task, not_after=self._throttle.latest_start(number))
                self._pool.submit(task)
                is_sent = True
            found = None
            # To ask the throttle may have taken a while.
            wait = math.inf if is_sent else begins - self._clock()
            for answer in self._pool.answers(min(wait, _LONGEST_WAIT_SECONDS)):
                if isinstance(answer, messages.RobotsAnswered) and answer.url == url:
                    found = answer
                elif isinstance(answer, messages.WorkerLost):
                    is_sent = is_sent and task not in answer.tasks
                    self._meanwhile(answer)
                else:
                    self._meanwhile(answer)
            if found is not None and found.was_late:
                self._throttle.unused(number)
                is_sent = False
            elif found is not None:
                if found.status is not None:
                    self._throttle.answered(number)
                self._pool.asked_robots = ""
                return found
            self._meanwhile(None)
        return None


def _in_words(seconds: float) -> str:
    """A duration, rounded to what a person plans with."""
    for name, size in _UNITS:
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:,.0f} seconds"
