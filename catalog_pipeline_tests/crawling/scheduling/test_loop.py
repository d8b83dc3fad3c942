"""Whole crawls by real workers of a shop that misbehaves; the shop's own log is the judge."""

import os
import signal

import dagster as dg
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints, read_failures
from catalog_pipeline.orchestration.commands.in_process import LocalRun, crawl_here
from catalog_pipeline_tests.command import run_process, running
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.waiting import wait_for

pytestmark = pytest.mark.processes

SUCCESS = dg.DagsterRunStatus.SUCCESS


def _crawl(site: Site, instance: dg.DagsterInstance) -> LocalRun:
    return crawl_here(instance, site.catalogue, list(site.catalogue.pages), None)


def _listing_times(site: Site) -> list[float]:
    return [when for when, path, _ in site.shop.log() if path.startswith("/products?")]


def test_passing_troubles_are_tried_again_and_permanent_ones_are_not(
    site: Site, instance: dg.DagsterInstance
):
    site.write(last_page=8)
    site.shop.control(
        faults=["1=503:2", "2=reset:1", "3=truncated:1", "4=500", "5=404", "6=410", "7=wrong-type"]
    )
    _crawl(site, instance)
    assert site.downloads() == {1: 3, 2: 2, 3: 2, 4: 4, 5: 1, 6: 1, 7: 1, 8: 1}
    stored = read_checkpoints(instance, site.catalogue, site.catalogue.pages)
    assert {page.number: each.record.attempts for page, each in stored.items()} == {
        1: 3,
        2: 2,
        3: 2,
        8: 1,
    }
    failures = read_failures(instance, site.catalogue, site.catalogue.pages)
    assert {page.number: each.attempts for page, each in failures.items()} == {
        4: 4,
        5: 1,
        6: 1,
        7: 1,
    }
    assert all(each.url in each.message for each in failures.values())


def test_a_retry_after_holds_up_the_whole_crawl(site: Site, instance: dg.DagsterInstance):
    site.write(last_page=30)
    site.shop.control(faults=["9=429(3):1"], latency_ms=30)
    assert _crawl(site, instance).status == SUCCESS
    (asked,) = [when for when, _, status in site.shop.log() if status == 429]
    in_the_pause = [when for when in _listing_times(site) if asked + 1.0 < when < asked + 3.0]
    assert in_the_pause == []
    assert max(_listing_times(site)) > asked + 3.0


def test_no_second_holds_more_requests_than_allowed_even_across_a_kill(site: Site):
    site.write(last_page=40, politeness={"requests_per_second": 20, "concurrency": 8})
    with running("run", NAME) as process:
        wait_for("a dozen pages", lambda: len(site.downloads()) >= 12)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert run_process("run", NAME).code == 0
    times = sorted(when for when, _, _ in site.shop.log())
    assert len(times) >= 41
    # They are counted where they arrive: some may have been held up for a fifth of a second.
    fullest = max(sum(start <= when < start + 0.8 for when in times) for start in times)
    assert fullest <= 20
    crawls = _pages_after_each_robots_txt(site)
    assert len(crawls) == 2
    for robots, *pages in crawls:
        assert all(when >= robots + k / 20 for k, when in enumerate(pages))
    assert max(site.downloads().values()) <= 2


def _pages_after_each_robots_txt(site: Site) -> list[list[float]]:
    """For each crawl when robots.txt was asked for, and then its pages."""
    crawls: list[list[float]] = []
    for when, path, _ in sorted(site.shop.log()):
        if path == "/robots.txt":
            crawls.append([])
        crawls[-1].append(when)
    return crawls


def test_a_redirect_to_another_site_is_not_followed(site: Site, instance: dg.DagsterInstance):
    site.write(last_page=2)
    site.shop.control(faults=["2=redirect"])
    _crawl(site, instance)
    failure = read_failures(instance, site.catalogue, keys(2))[PageKey(2)]
    assert failure.kind == "redirect_refused"
    assert failure.attempts == 1


def test_a_dead_site_is_given_up_early_and_the_rest_stays_due(site: Site, run: Run):
    site.shop.control(faults=[f"{page}=503" for page in range(1, 51)])
    site.write(last_page=50, politeness={"stop_window": 10, "max_attempts": 1})
    answer = run("run", NAME, "--json")
    assert answer.code == 1
    assert "the site seems to be blocked, down or changed" in answer.json["crawl_error"]
    assert len(site.downloads()) < 20


def test_a_refresh_downloads_only_what_changed(site: Site, run: Run):
    site.write(last_page=50)
    run("run", NAME)
    site.shop.control(revise=[3, 14, 15, 26, 50], reset_hits=True)
    answer = run("run", NAME, "--refresh", "--json")
    assert (answer.code, answer.json["downloads"], answer.json["not_modified"]) == (0, 5, 45)
    hits = site.shop.hits()
    assert set(hits["pages"]) == {"3", "14", "15", "26", "50"}
    assert sum(hits["not_modified"].values()) == 45


def test_an_unchanged_page_keeps_its_data_version_and_a_changed_one_gets_another(
    site: Site, instance: dg.DagsterInstance
):
    site.write(last_page=2)
    _crawl(site, instance)
    before = read_checkpoints(instance, site.catalogue, keys(1, 2))
    site.shop.control(revise=[2])
    _crawl(site, instance)
    after = read_checkpoints(instance, site.catalogue, keys(1, 2))
    assert after[PageKey(1)].record.not_modified
    assert after[PageKey(1)].record.data_version == before[PageKey(1)].record.data_version
    assert after[PageKey(2)].record.data_version != before[PageKey(2)].record.data_version


def test_a_304_for_a_page_whose_body_is_gone_is_not_asked_for(
    site: Site, instance: dg.DagsterInstance
):
    site.write(last_page=2)
    _crawl(site, instance)
    site.page_file(2).unlink()
    site.shop.control(reset_hits=True)
    _crawl(site, instance)
    hits = site.shop.hits()
    assert (hits["pages"], hits["not_modified"]) == ({"2": 1}, {"1": 1})


def test_requests_are_spread_over_time_by_the_rate(site: Site, instance: dg.DagsterInstance):
    site.write(last_page=8, politeness={"requests_per_second": 10, "concurrency": 4})
    _crawl(site, instance)
    robots = site.shop.log()[0][0]
    assert all(when >= robots + 0.1 * k for k, when in enumerate(_listing_times(site)))
