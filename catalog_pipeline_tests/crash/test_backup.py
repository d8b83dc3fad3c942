"""A backup that was made while a crawl was on, brought back to another database and folder."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from catalog_pipeline_tests.crash.command_process import CommandProcess
from catalog_pipeline_tests.crash.scene import Scene
from catalog_pipeline_tests.object_server import Bucket
from catalog_pipeline_tests.postgres_server import (
    Database,
    PostgresServer,
    write_postgres_home,
)

PAGES = 30


def _tar(*arguments: str | Path, may_change: bool = False) -> None:
    """Of a folder that may change meanwhile tar says by a 1 that it has."""
    ended = subprocess.run(["tar", *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode in ((0, 1) if may_change else (0,)), ended.stderr


def test_a_backup_of_a_crawl_that_is_on_is_brought_back_and_gone_on_with(
    tmp_path: Path,
    postgres: PostgresServer,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Scene(tmp_path, pages=PAGES, latency_ms=150) as scene:
        crawl = _begun(scene)
        # First the database, then the folder, which has all that the database speaks of.
        dump = tmp_path / "dagster.dump"
        postgres.uses("pg_dump", f"--dbname={database.name}", "--format=custom", f"--file={dump}")
        archive = tmp_path / "data.tar"
        created = ("--create", "--exclude=*/.*", "--file", archive)
        _tar(*created, "--directory", scene.data, ".", may_change=True)
        _check_is_on(crawl)
        scene.kill(crawl, "all")

        shutil.rmtree(scene.data)
        scene.data.mkdir()
        _tar("--extract", "--file", archive, "--directory", scene.data)
        names = (path.name for path in scene.places.pages.iterdir())
        copied = {int(name.split("-")[0]) for name in names if name[0].isdigit()}
        _restore(postgres, dump, monkeypatch)
        _check_gone_on_with(scene, copied)


def test_so_is_one_whose_pages_are_in_a_bucket(
    tmp_path: Path,
    postgres: PostgresServer,
    database: Database,
    bucket: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with Scene(tmp_path, pages=PAGES, latency_ms=150, address=bucket.address) as scene:
        crawl = _begun(scene)
        dump = tmp_path / "dagster.dump"
        postgres.uses("pg_dump", f"--dbname={database.name}", "--format=custom", f"--file={dump}")
        copies = {name: bucket.get(name) for name in bucket.names}
        _check_is_on(crawl)
        scene.kill(crawl, "all")

        for name in bucket.names:
            bucket.remove(name)
        shutil.rmtree(scene.data)
        for name, content in copies.items():
            bucket.put(name, content)
        pages = [Path(name).name for name in copies if "/pages/" in name]
        _restore(postgres, dump, monkeypatch)
        _check_gone_on_with(scene, {int(name.split("-")[0]) for name in pages})


def _begun(scene: Scene) -> CommandProcess:
    write_postgres_home(scene.home)
    crawl = scene.start("run", scene.site.name)
    crawl.until(lambda: len(scene.downloads()) >= 12, "twelve pages were asked for")
    # Those on their way are still stored; the next ones are waited for longer than a backup takes.
    scene.shop.control(latency_ms=60_000)
    return crawl


def _check_is_on(crawl: CommandProcess) -> None:
    assert not crawl.has_ended, crawl.err


def _restore(server: PostgresServer, dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into an empty database, which the environment names from here."""
    new = server.new_database()
    server.uses("pg_restore", f"--dbname={new.name}", "--no-owner", "--exit-on-error", dump)
    for name, value in new.environ.items():
        monkeypatch.setenv(name, value)


def _check_gone_on_with(scene: Scene, copied: set[int]) -> None:
    assert copied, "some pages were in the backup"
    assert copied < set(scene.numbers), "the crawl had not come to its end"
    scene.forget_downloads()
    scene.shop.control(latency_ms=0)
    gone_on = scene.run("run", scene.site.name, "--json")
    assert gone_on.code == 0, gone_on.err
    assert gone_on.json["done"] == PAGES
    assert set(scene.downloads()) == set(range(1, PAGES + 1)) - copied
