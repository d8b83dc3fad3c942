"""Asks a site's robots.txt before its first page, once per crawl, by the ordinary retry rules."""

from __future__ import annotations

from collections.abc import Callable

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.scheduling.retry_policy import next_attempt
from catalog_pipeline.crawling.scheduling.throttle import Throttle
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.errors import FetchError
from catalog_pipeline.fetching.robots import MAX_ROBOTS_REDIRECTS, RobotsRules, robots_address

_LONGEST_WAIT_SECONDS = 0.25
"""How long at most a wait goes on without a look at `must_stop`."""


def ask_robots_early(catalogue: Catalogue, pool: WorkerPool) -> None:
    """Send the request for robots.txt before the crawl begins; `ask_robots` takes its answer.

    Only for a site without a rate limit: elsewhere each request waits for its turn.
    """
    politeness = catalogue.politeness
    if politeness.obey_robots and politeness.requests_per_second is None:
        pool.submit(messages.FetchRobots(robots_address(catalogue.base_url)))
        pool.is_robots_asked = True


def ask_robots(
    catalogue: Catalogue,
    pool: WorkerPool,
    throttle: Throttle,
    *,
    clock: Callable[[], float],
    must_stop: Callable[[], bool],
) -> RobotsRules | None:
    """The site's rules for crawlers; None if the crawl was stopped while it waited."""
    url = robots_address(catalogue.base_url)
    started_at = clock()
    attempt, redirects = 1, 0
    due_at = started_at
    while True:
        answer = _ask_once(url, pool, throttle, due_at, clock=clock, must_stop=must_stop)
        if answer is None:
            return None
        if answer.location is not None and redirects < MAX_ROBOTS_REDIRECTS:
            redirects += 1
            url = answer.location
            continue
        if answer.kind:
            pushback = answer.pushback
            if pushback.slow_down:
                throttle.push_back(clock(), pushback.retry_after_seconds)
            error = FetchError(answer.message, kind=answer.kind, url=url, pushback=pushback)
            again_at = next_attempt(error, attempt, started_at, clock(), catalogue.politeness)
            if again_at is not None:
                attempt, due_at = attempt + 1, again_at
                continue
        return RobotsRules.from_answer(answer.status, answer.body, answer.message)


def _ask_once(
    url: str,
    pool: WorkerPool,
    throttle: Throttle,
    due_at: float,
    *,
    clock: Callable[[], float],
    must_stop: Callable[[], bool],
) -> messages.RobotsAnswered | None:
    is_sent, pool.is_robots_asked = pool.is_robots_asked, False
    while not must_stop():
        now = clock()
        wait = max(due_at - now, throttle.seconds_until_free(now))
        if not is_sent and wait <= 0:
            throttle.take(now)
            pool.submit(messages.FetchRobots(url))
            is_sent = True
        for answer in pool.answers(
            _LONGEST_WAIT_SECONDS if is_sent else min(wait, _LONGEST_WAIT_SECONDS)
        ):
            if isinstance(answer, messages.RobotsAnswered):
                return answer
            messages.raise_if_fatal(answer)
    return None
