"""Crawls whose instance is in PostgreSQL: killed, gone on with, and without their server."""

from __future__ import annotations

import signal
from pathlib import Path

from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.invariants import Deaths, complaints
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.forked_programs import MODULE
from catalog_pipeline_tests.postgres_server import (
    PASSWORD,
    Database,
    PostgresServer,
    write_postgres_home,
)

PAGES = 40


IMPATIENT = [*MODULE, "catalog_pipeline_tests.crash.impatient"]


def begun(scene: Scene, program: list[str] | None = None) -> CommandProcess:
    """A crawl into PostgreSQL that has asked for twelve pages."""
    write_postgres_home(scene.home)
    crawl = scene.start("run", scene.site.name, program=program)
    return crawl.until(lambda: len(scene.downloads()) >= 12, "twelve pages were asked for")


def test_a_crawl_in_postgresql_is_killed_gone_on_with_and_refreshed(
    tmp_path: Path, database: Database
) -> None:
    with Scene(tmp_path, pages=PAGES, latency_ms=100) as scene:
        deaths = Deaths(scene)
        crawl = begun(scene)
        scene.kill(crawl, "all")
        deaths.note()
        assert scene.crawl_here().code == 0
        assert complaints(scene, deaths) == []
        assert not (scene.home / "history").exists(), "nothing of it is in files"

        scene.forget_downloads()
        scene.shop.control(latency_ms=0)
        assert scene.crawl_here("--refresh").code == 0
        assert set(scene.downloads()) == set(range(1, PAGES + 1))
        told = scene.run("status", scene.site.name)
        assert (told.code, "Traceback" in told.err) == (0, False)
        ((events,),) = database.rows(
            "SELECT count(*) FROM event_logs WHERE dagster_event_type = 'ASSET_MATERIALIZATION' "
            "AND partition IS NOT NULL"
        )
        assert isinstance(events, int)
        assert events >= 2 * PAGES


def test_a_crawl_whose_server_stops_for_long_says_so_and_goes_on_once_it_is_back(
    tmp_path: Path, postgres: PostgresServer, database: Database
) -> None:
    with Scene(tmp_path, pages=PAGES, latency_ms=100) as scene:
        deaths = Deaths(scene)
        crawl = begun(scene, IMPATIENT)
        postgres.stop(signal.SIGQUIT)
        try:
            assert crawl.wait() != 0
        finally:
            postgres.start()
        deaths.note()
        told = crawl.out + crawl.err
        assert "Cannot use Dagster's storage in PostgreSQL" in told
        assert "run again once the server is there" in told
        assert "Traceback" not in told
        assert PASSWORD not in told
        assert scene.crawl_here().code == 0
        assert complaints(scene, deaths) == []
