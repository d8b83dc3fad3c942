"""Crawls of one catalogue on several machines at once, each of other pages."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.hosts import RECORDED_PER_RUN, Host
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.postgres_server import Database, write_postgres_home
from catalog_pipeline_tests.waiting import wait_for

PAGES = 60
PAGE_SIZE = 3
CONCURRENCY = 2
SLOW_MS = 2_000
"""With so much for a page, nobody comes to his end before all have begun."""


@contextmanager
def _slow_shop(folder: Path) -> Iterator[Scene]:
    with Scene(
        folder,
        pages=PAGES,
        page_size=PAGE_SIZE,
        latency_ms=SLOW_MS,
        politeness={"concurrency": CONCURRENCY, "obey_robots": False},
        runs_at_once=3,
    ) as scene:
        write_postgres_home(scene.home)
        yield scene


def _have_begun(scene: Scene, *pages: int) -> None:
    wait_for("each machine's first page", lambda: {*pages} <= set(scene.downloads()))


def _again(scene: Scene) -> int:
    return sum(scene.downloads().values()) - len(scene.downloads())


def test_three_machines_crawl_other_pages_each_and_who_ends_last_builds_the_table(
    tmp_path: Path, database: Database
) -> None:
    with _slow_shop(tmp_path) as scene:
        hosts = [Host(scene, f"host-{number}") for number in range(4)]
        crawls = [hosts[0].crawl("1-20"), hosts[1].execute("21-40"), hosts[2].crawl("41-60")]
        _have_begun(scene, 1, 21, 41)
        status = hosts[3].start("status", scene.site.name, "--json")
        overlapping = hosts[3].crawl("15-25")
        overlapping.until(lambda: "waiting for its end" in overlapping.err, "it waited")
        assert status.wait() == 0, status.err
        (told,) = status.json
        here = socket.gethostname()
        seen = {(each["pages"], each["pid"], each["host"]) for each in told["crawlers"]}
        pages = ["1-20", "21-40", "41-60"]
        assert seen == {(each, crawl.pid, here) for each, crawl in zip(pages, crawls, strict=True)}
        scene.shop.control(latency_ms=0)
        for crawl in [*crawls, overlapping]:
            assert crawl.wait() == 0, crawl.err
        assert scene.downloads() == dict.fromkeys(scene.numbers, 1)
        assert scene.done() == set(scene.numbers)
        tables = [host.places.table for host in hosts if host.places.table.exists()]
        assert max(pq.read_metadata(table).num_rows for table in tables) == PAGES * PAGE_SIZE


def test_pages_of_a_machine_that_stands_still_go_to_another_and_a_third_keeps_its_own(
    tmp_path: Path, database: Database
) -> None:
    with _slow_shop(tmp_path) as scene:
        hosts = [Host(scene, f"host-{number}") for number in range(3)]
        first, second = hosts[0].execute("1-20"), hosts[1].execute("31-60")
        _have_begun(scene, 1, 31)
        with hosts[0].frozen(first):
            scene.shop.control(latency_ms=0)
            taker = hosts[2].execute("11-30")
            assert taker.wait() == 0, taker.err
            assert second.wait() == 0, second.err
            asked, recorded = scene.downloads(), database.rows(RECORDED_PER_RUN)
            assert set(range(11, 61)) <= set(asked)
        assert first.wait() != 0
        wait_for("its workers to end", lambda: not hosts[0].processes())
        assert "has taken over; nothing is recorded from here any more" in _told(first)
        assert f"process {taker.pid} on {socket.gethostname()}" in _told(first)
        assert database.rows(RECORDED_PER_RUN) == recorded
        assert scene.downloads() == asked
        assert _again(scene) <= 2 * CONCURRENCY
        rest = hosts[0].execute("1-20")
        assert rest.wait() == 0, rest.err
        assert scene.done() == set(scene.numbers)


def _told(command: CommandProcess) -> str:
    return " ".join((command.out + command.err).split())
