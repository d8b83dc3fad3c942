"""What the log of a run tells while its crawl goes on, and at its end."""

import logging
from datetime import datetime, timezone

import dagster as dg
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.runs.run_log import MOST_FAILURES, RunLog
from catalog_pipeline.records import CrawlOutcome, PageFailure, PageRecord, StoredPage
from catalog_pipeline_tests.site import Site

AT = datetime(2026, 1, 31, tzinfo=timezone.utc)


def _stored(number: int, seconds: float = 0.1) -> StoredPage:
    record = PageRecord(
        PageKey(number), f"http://shop.example/{number}", 200, 20, 900, seconds, 1, AT,
        None, None, None, False, "v", "c",
    )  # fmt: skip
    return StoredPage(record, f"{number}.page", "0" * 64)


def _failure(number: int) -> PageFailure:
    message = f"page {number} http://shop.example/{number}: HTTP 404"
    return PageFailure(PageKey(number), "", "status_404_410", message, 404, 1, AT)


class _Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> _Clock:
    return _Clock()


@pytest.fixture
def run_log(clock: _Clock, caplog: pytest.LogCaptureFixture) -> RunLog:
    caplog.set_level(logging.INFO, "a run")
    log = RunLog(logging.getLogger("a run"), clock)
    due = tuple((PageKey(number), None) for number in range(1, 10_001))
    log.planned(CrawlPlan((), (), due, ()))
    return log


def test_a_line_comes_every_ten_seconds_and_says_how_long_it_will_take(
    run_log: RunLog, clock: _Clock, caplog: pytest.LogCaptureFixture
):
    for number in range(1, 1237):
        run_log.page_stored(_stored(number))
    for number in range(2001, 2005):
        run_log.page_failed(_failure(number))
    caplog.clear()
    for clock.now in (104.0, 109.9, 110.0, 110.1, 119.9, 120.0):
        run_log.going_on(0.0)
    assert [record.message for record in caplog.records] == [
        "1,240 of 10,000 pages, 124 a second, 4 failed, about 1 min left",
        "1,240 of 10,000 pages, 62 a second, 4 failed, about 2 min left",
    ]
    assert {record.levelname for record in caplog.records} == {"INFO"}


@pytest.mark.parametrize(
    ("seconds", "line"),
    [
        (10.0, "3 of 10,000 pages, 18 a minute, 0 failed, about 9 h left"),
        (300.0, "3 of 10,000 pages, 36.0 an hour, 0 failed, about 278 h left"),
    ],
)
def test_a_slow_crawl_still_shows_its_pace(
    run_log: RunLog, clock: _Clock, caplog: pytest.LogCaptureFixture, seconds: float, line: str
):
    for number in (1, 2, 3):
        run_log.page_stored(_stored(number))
    clock.now += seconds
    run_log.going_on(0.0)
    assert caplog.messages == [line]


def test_before_the_first_page_nobody_knows_how_long_it_will_take(
    run_log: RunLog, clock: _Clock, caplog: pytest.LogCaptureFixture
):
    clock.now = 115.0
    run_log.going_on(0.0)
    assert caplog.messages == ["0 of 10,000 pages after 15 s"]


def test_a_failed_page_is_a_warning_with_its_sentence_but_not_without_end(
    run_log: RunLog, caplog: pytest.LogCaptureFixture
):
    for number in range(1, 2 * MOST_FAILURES):
        run_log.page_failed(_failure(number))
    assert caplog.messages[0] == "page 1 http://shop.example/1: HTTP 404"
    assert {record.levelname for record in caplog.records} == {"WARNING"}
    assert len(caplog.messages) == MOST_FAILURES + 1
    assert caplog.messages[-1] == "Of further failed pages each partition tells its own reason."


def test_the_summary_counts_what_the_crawl_cost(
    run_log: RunLog, clock: _Clock, caplog: pytest.LogCaptureFixture
):
    for number, seconds in enumerate([0.2, 4.0, 0.1, 1.0, 2.5], start=1):
        run_log.page_stored(_stored(number, seconds))
    run_log.put_off("page 9: HTTP 503", 1.0)
    run_log.going_on(1.5)
    run_log.going_on(2.5)
    clock.now = 160.0
    run_log.finished(CrawlOutcome(4, 1, (_failure(6),), (), was_stopped=False))
    assert caplog.messages == [
        "4 downloads, 1 unchanged (304), 1 retries, 1 failed, 4 s waited for the site's limits, "
        "60 s in all; slowest pages: 2 (4.0 s), 5 (2.5 s), 4 (1.0 s)."
    ]


@pytest.mark.processes
def test_a_real_run_has_its_pace_its_failures_and_its_summary_in_its_log(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=4, politeness={"requests_per_second": 2})
    site.shop.control(faults=["2=404"], robots_txt="User-agent: *\nCrawl-delay: 1\n")
    ended = crawl_here(instance, catalogue, list(catalogue.pages), None)
    entries = [
        (entry.level, entry.user_message)
        for entry in instance.all_logs(ended.run_id)
        if entry.dagster_event is None
    ]
    slow, failed = [text for level, text in entries if level == logging.WARNING]
    assert "asks for 1 seconds between two requests" in slow
    assert "the 4 pages take about 4 seconds" in slow
    assert failed.startswith("page 2 http://127.0.0.1")
    (summary,) = [text for _, text in entries if "slowest pages" in text]
    assert summary.startswith("3 downloads, 0 unchanged (304), 0 retries, 1 failed, ")
    assert " 0 s waited" not in summary


@pytest.mark.processes
def test_a_crawl_that_gives_up_has_its_summary_too(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=6, politeness={"concurrency": 1, "stop_window": 3})
    site.shop.control(faults=[f"{page}=404" for page in range(2, 7)])
    ended = crawl_here(instance, catalogue, list(catalogue.pages), None)
    (summary,) = [
        entry.user_message
        for entry in instance.all_logs(ended.run_id)
        if "slowest pages" in entry.user_message
    ]
    assert summary.startswith("1 pages stored, 0 retries, 3 failed, ")
