"""Crawls of one catalogue on machines that share a database: one waits, and takes over.

The machines have a home and a data folder each, with locks of their own; the folder of the page
files is one, as on a network share.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.hosts import RECORDED_PER_RUN, Host, send, standing_still
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.forked_programs import MODULE
from catalog_pipeline_tests.postgres_server import Database, write_postgres_home
from catalog_pipeline_tests.waiting import wait_for

PAGES = 60
CONCURRENCY = 4


@contextmanager
def _two_hosts(folder: Path) -> Iterator[tuple[Scene, Host]]:
    """A slow shop with a machine, and a second one with the same page files."""
    politeness = {"concurrency": CONCURRENCY}
    with Scene(folder, pages=PAGES, latency_ms=100, politeness=politeness) as scene:
        yield scene, Host(scene, "other")


def _begun(scene: Scene) -> CommandProcess:
    """A crawl that has asked for twelve pages and recorded some."""
    write_postgres_home(scene.home)
    crawl = scene.start("run", scene.site.name)
    return crawl.until(
        lambda: len(scene.downloads()) >= 12 and len(scene.stored()) >= 8, "twelve pages"
    )


def _told(crawl: CommandProcess) -> str:
    return f"run catalog-pipeline run (process {crawl.pid} on {socket.gethostname()})"


def test_a_crawl_on_another_machine_waits_and_takes_over_from_one_that_is_killed(
    tmp_path: Path, database: Database
) -> None:
    with _two_hosts(tmp_path) as (scene, other):
        first = _begun(scene)
        scene.shop.control(latency_ms=60_000)
        second = other.start("run", scene.site.name)
        second.until(lambda: "waiting for its end" in second.err, "it waited")
        assert f"Another crawl of shop is on ({_told(first)})" in second.err
        status = other.start("status", scene.site.name)
        assert status.wait() == 0
        assert f"crawled by {_told(first)}" in " ".join(status.out.split())
        assert not first.has_ended
        send([*set(scene.processes()) - {second.pid}], signal.SIGKILL)
        first.wait()
        scene.shop.control(latency_ms=0)
        assert second.wait() == 0, second.err
        again = {page for page, count in scene.downloads().items() if count > 1}
        assert len(again) <= 2 * CONCURRENCY
        assert set(scene.downloads()) == set(scene.numbers)
        assert scene.done() == set(scene.numbers)


def test_a_machine_that_stood_still_records_nothing_and_asks_for_nothing_once_it_goes_on(
    tmp_path: Path, database: Database
) -> None:
    with _two_hosts(tmp_path) as (scene, other):
        first = _begun(scene)
        with standing_still(scene.processes()):
            assert len(scene.downloads()) < PAGES, "the crawl that was to be stopped is over"
            second = other.start("run", scene.site.name)
            assert second.wait() == 0, second.err
            assert set(scene.downloads()) == set(scene.numbers)
            again = {page for page, count in scene.downloads().items() if count > 1}
            assert len(again) <= 2 * CONCURRENCY
            asked, recorded = scene.downloads(), database.rows(RECORDED_PER_RUN)
        assert first.wait() == 1
        wait_for("its workers to end", lambda: not scene.processes())
        told = " ".join((first.out + first.err).split())
        assert "has taken over; nothing is recorded from here any more" in told
        assert f"process {second.pid} on {socket.gethostname()}" in told
        assert "Traceback" not in told
        assert database.rows(RECORDED_PER_RUN) == recorded
        assert scene.downloads() == asked
        assert scene.done() == set(scene.numbers)


RATE = 15
HOSTS = 3


@pytest.mark.parametrize("latency_ms", [0, 200])
def test_three_machines_together_ask_no_more_of_a_site_in_a_second_than_one_may(
    tmp_path: Path, database: Database, latency_ms: int
) -> None:
    """By the site's own log, however late a busy machine is with what it sends and notes."""
    politeness = {"concurrency": CONCURRENCY, "requests_per_second": RATE}
    with Scene(tmp_path, pages=PAGES, latency_ms=latency_ms, politeness=politeness) as scene:
        crawls = [_paced_crawl(scene, number) for number in range(HOSTS)]
        for crawl in crawls:
            assert crawl.wait() == 0, crawl.err
        assert scene.downloads() == dict.fromkeys(scene.numbers, 1)
        instants = [when for when, _, _ in scene.shop.log()]
        assert max(sum(at <= each < at + 1 for each in instants) for at in instants) <= RATE


def _paced_crawl(scene: Scene, number: int) -> CommandProcess:
    """A crawl of a third of the pages, on a machine of its own."""
    share = PAGES // HOSTS
    return Host(scene, f"host-{number}").start(
        scene.site.name,
        f"{number * share + 1}-{(number + 1) * share}",
        program=[*MODULE, "catalog_pipeline_tests.crash.paced_crawl"],
    )
