"""Pages that workers have before their turn: never too many at the site, and taken back in time."""

import os
import signal
import time
from collections import Counter

import dagster as dg
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.scheduling.prefetch import Prefetch
from catalog_pipeline.crawling.scheduling.throttle import AdaptiveThrottle
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline_tests.command import running
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes

CONCURRENCY = 16
LATENCY_MS = 400
LATENCY = LATENCY_MS / 1000


@pytest.fixture
def slow_site(site: Site) -> Site:
    """A slow shop of many pages, whose answers alone limit the crawl."""
    site.shop.control(pages=300, latency_ms=LATENCY_MS)
    site.write(last_page=300, politeness={"concurrency": CONCURRENCY})
    return site


def _arrivals(site: Site) -> list[float]:
    return sorted(when for when, path, _ in site.shop.log() if path.startswith("/products?"))


def _answers(pool: WorkerPool, count: int) -> Counter[str]:
    """The kinds of the next answers."""
    kinds: list[str] = []

    def take() -> bool:
        kinds.extend(type(answer).__name__ for answer in pool.answers(0.2))
        return len(kinds) >= count

    wait_for(f"{count} answers", take)
    return Counter(kinds)


def test_the_site_never_has_more_requests_than_its_concurrency(
    slow_site: Site, instance: dg.DagsterInstance
):
    crawl_here(instance, slow_site.catalogue, keys(*range(1, 101)), None)
    times = _arrivals(slow_site)
    assert len(times) == 100
    # Each request is at the site for its latency, counted from its arrival. The shop's event loop
    # counts in whole milliseconds, so that an answer may be one early.
    at_site = LATENCY - 0.002
    at_once = [sum(start <= when < start + at_site for when in times) for start in times]
    assert max(at_once) <= CONCURRENCY
    assert max(at_once) > CONCURRENCY / 2


def test_a_pause_that_one_page_is_asked_for_is_kept_by_all_processes(
    slow_site: Site, instance: dg.DagsterInstance
):
    slow_site.shop.control(faults=["40=429(3):1"], latency_ms=800)
    crawl_here(instance, slow_site.catalogue, keys(*range(1, 81)), None)
    (asked,) = [when for when, _, status in slow_site.shop.log() if status == 429]
    answered = asked + 0.8
    # What the other processes sent before they could hear of it counts as on its way; what waited
    # behind that would come 0.8 s later.
    late = [when for when in _arrivals(slow_site) if answered + 1.0 < when < answered + 3.0]
    assert late == []
    assert set(slow_site.downloads()) == set(range(1, 81))
    assert {page for page, count in slow_site.downloads().items() if count > 1} == {40}


def test_after_a_ctrl_c_no_page_begins_that_a_worker_had_waiting(slow_site: Site):
    slow_site.shop.control(latency_ms=3000)
    with running("run", NAME) as process:
        wait_for("a second round", lambda: len(slow_site.downloads()) >= 2 * CONCURRENCY)
        before = max(_arrivals(slow_site))
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    # The next round would begin three seconds after the one that has just begun.
    assert [when for when in _arrivals(slow_site) if when > before + 2.0] == []


def test_pages_of_a_wave_that_is_held_come_back_unasked(slow_site: Site):
    slow_site.shop.control(latency_ms=0)
    slow_site.places.pages.mkdir(parents=True)
    with WorkerPool(slow_site.catalogue, slow_site.places) as pool:
        for _ in pool.pids:
            pool.submit(messages.FetchRobots(f"{slow_site.shop.url}/robots.txt"))
        _answers(pool, len(pool.pids))
        slow_site.shop.control(latency_ms=3000)
        prefetch = Prefetch(slow_site.catalogue, pool, AdaptiveThrottle(None, clock=time.monotonic))
        for page in range(1, 2 * CONCURRENCY + 1):
            url = slow_site.catalogue.page_address(PageKey(page))
            pool.submit(
                messages.FetchPage(PageKey(page), url, 1, wave=prefetch.wave, is_ahead=True)
            )
        wait_for("all slots are taken", lambda: len(_arrivals(slow_site)) == CONCURRENCY)
        prefetch.take_back()
        assert _answers(pool, 2 * CONCURRENCY) == {
            "PageStored": CONCURRENCY,
            "PageHeld": CONCURRENCY,
        }
        assert len(_arrivals(slow_site)) == CONCURRENCY
        again = 2 * CONCURRENCY
        url = slow_site.catalogue.page_address(PageKey(again))
        pool.submit(messages.FetchPage(PageKey(again), url, 1, wave=prefetch.wave, is_ahead=True))
        assert _answers(pool, 1)["PageStored"] == 1


def test_one_complaint_takes_back_one_wave(slow_site: Site):
    with WorkerPool(slow_site.catalogue, slow_site.places) as pool:
        prefetch = Prefetch(slow_site.catalogue, pool, AdaptiveThrottle(None, clock=time.monotonic))
        prefetch.take_back(0)
        prefetch.take_back(0)
        assert prefetch.wave == 1
        prefetch.take_back(1)
        assert prefetch.wave == 2


def test_only_a_slow_site_without_rate_and_login_is_read_ahead_of(slow_site: Site):
    members = slow_site.write(like="sandbox_members")
    public = slow_site.write()
    unlimited, limited = (
        AdaptiveThrottle(None, clock=time.monotonic),
        AdaptiveThrottle(20.0, clock=time.monotonic),
    )
    with WorkerPool(public, slow_site.places) as pool:
        cases = [(public, unlimited), (public, limited), (members, unlimited)]
        prefetches = [Prefetch(catalogue, pool, throttle) for catalogue, throttle in cases]
        assert not any(prefetch.is_allowed for prefetch in prefetches)
        for prefetch in prefetches:
            prefetch.page_came(0.1)
        assert [prefetch.is_allowed for prefetch in prefetches] == [True, False, False]
        prefetches[0].page_came(0.001)
        assert not prefetches[0].is_allowed
