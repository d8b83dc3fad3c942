"""`run` over several catalogues: in turn on one site, one summary, the worst exit code."""

import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.project import PROJECT_VARIABLE
from catalog_pipeline.crawling.lock import holder_of
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.command import run_process, running
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.forked_programs import COMMAND
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes


@pytest.fixture
def shops(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A project whose only catalogues are `first` and `second`, both of the running shop."""
    text = 'directory_type = "project"\n[project]\nroot_module = "shops"\n'
    (tmp_path / "dg.toml").write_text(text)
    (tmp_path / "shops").mkdir()
    (tmp_path / "shops" / "defs").symlink_to(site.folder)
    monkeypatch.setenv(PROJECT_VARIABLE, str(tmp_path))
    monkeypatch.delenv("CATALOG_PIPELINE_DEFS")
    (site.folder / site.name / "defs.yaml").unlink()
    for name in ("first", "second"):
        site.write(name=name, last_page=3)
    return site


def _pages_asked_for(shop: RunningShop) -> list[str]:
    return [path for _, path, _ in shop.log() if path.startswith("/products?page=")]


def _children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def test_all_catalogues_of_a_site_are_crawled_one_after_the_other(
    run: Run, shops: Site, shop: RunningShop
):
    answer = run("run", "--all", "--json")
    assert answer.code == 0
    found = [(each["catalogue"], each["done"], each["exit_code"]) for each in answer.json]
    assert found == [("first", 3, 0), ("second", 3, 0)]
    pages = [path.rsplit("=", 1)[1] for path in _pages_asked_for(shop)]
    assert (sorted(pages[:3]), sorted(pages[3:])) == (["1", "2", "3"], ["1", "2", "3"])


def test_the_exit_code_is_the_worst_and_the_others_are_done(run: Run, shops: Site):
    path = shops.folder / "first" / "defs.yaml"
    path.write_text(path.read_text().replace("last_page", "lastpage"))
    answer = run_process("run", "second", "first")
    assert answer.code == 2
    assert "second: pages 3 done, 0 failed, 0 missing; 3 downloads; " in answer.out
    assert "first: it could not be crawled, as said above" in answer.out
    assert "there is no such key; did you mean last_page" in answer.err


def test_the_json_says_what_kept_a_catalogue_from_being_crawled(run: Run, shops: Site):
    path = shops.folder / "first" / "defs.yaml"
    path.write_text(path.read_text().replace("last_page", "lastpage"))
    answer = run("run", "second", "first", "--json")
    assert [each["exit_code"] for each in answer.json] == [0, 2]
    assert "there is no such key; did you mean last_page" in answer.json[1]["error"]


def test_failed_pages_are_named_in_the_summary(run: Run, shops: Site, shop: RunningShop):
    shop.control(faults=["2=404"])
    answer = run("run", "first", "second")
    assert answer.code == 1
    assert answer.out.count("2 done, 1 failed") == 2
    assert answer.out.count("the server answered 404") == 2
    lines = [line.strip() for line in answer.out.splitlines()]
    for name in ("first", "second"):
        show, again = f"show {name} --page 2", f"try {name} --stored 2"
        assert f"see catalog-pipeline {show}; catalog-pipeline {again}" in lines
        assert f"To try what is left: catalog-pipeline run {name}" in lines


def test_an_interruption_ends_all_in_order_and_begins_no_other(shops: Site, shop: RunningShop):
    shop.control(latency_ms=300)
    shops.write(name="first", last_page=40, politeness={"concurrency": 1})
    with running("run", "--all", "--json") as process:
        wait_for("the first pages", lambda: len(_pages_asked_for(shop)) > 1)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    first, second = json.loads(output)
    assert (first["catalogue"], first["interrupted"], first["exit_code"]) == ("first", True, 130)
    assert second == {
        "catalogue": "second",
        "error": "it was not begun",
        "interrupted": True,
        "resume": "catalog-pipeline run second",
        "exit_code": 130,
    }


def test_a_crawl_that_is_killed_is_told_with_what_goes_on_with_it(
    shops: Site, shop: RunningShop, tmp_path: Path
):
    shop.control(latency_ms=300)
    shops.write(name="first", last_page=40, politeness={"concurrency": 1})
    folder = catalogue_places("first").folder
    with running("run", "--all", "--json") as process:
        wait_for("the first pages", lambda: len(_pages_asked_for(shop)) > 1)
        told = holder_of(folder)
        assert told is not None
        os.kill(int(re.findall(r"\d+", told)[-1]), signal.SIGKILL)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 137
    first, second = json.loads(output)
    assert "was killed (SIGKILL)" in first["error"]
    assert (first["resume"], first["exit_code"]) == ("catalog-pipeline run first", 137)
    assert (second["done"], second["exit_code"]) == (3, 0)


def test_a_ctrl_c_while_a_crawl_begins_is_no_mistake_of_it(shops: Site, shop: RunningShop):
    """It comes before the program of the catalogue's command stands."""
    with running("run", "--all", "--json") as process:
        child = wait_for("its process", lambda: _children_of(process.pid))[0]
        os.kill(child, signal.SIGINT)
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    first, second = json.loads(output)
    assert (first["interrupted"], first["exit_code"]) == (True, 130)
    assert first["resume"].startswith("catalog-pipeline run first")
    assert second["done"] == 3
    assert "Traceback" not in errors


def test_what_cannot_be_told_holds_up_no_crawl(shops: Site, shop: RunningShop):
    """More than a pipe holds, for an end that takes nothing."""
    shops.write(name="first", last_page=900, politeness={"stop_window": 2000})
    shop.control(pages=2, latency_ms=0)
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            [*COMMAND, "run", "--all", "--json", "--verbose"],
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
        )
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert [each["catalogue"] for each in json.loads(output)] == ["first", "second"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_what_it_started_ends_with_it(
    run: Run, shops: Site, shop: RunningShop, number: signal.Signals
):
    shop.control(latency_ms=300)
    shops.write(name="first", last_page=40, politeness={"concurrency": 1})
    with running("run", "--all") as process:
        wait_for("the first pages", lambda: len(_pages_asked_for(shop)) > 1)
        process.send_signal(number)
        process.wait(PATIENCE_SECONDS)
    folder = catalogue_places("first").folder
    wait_for("the end of the crawl", lambda: holder_of(folder) is None)
    (status,) = run("status", "first", "--json").json
    assert 0 < status["done"] == len(_pages_asked_for(shop)) < 40


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--all", "first"], "Give names or --all"),
        (["first", "second", "--base-url", "http://x.example"], "address of one catalogue"),
        (["first", "nowhere"], "There is no catalogue 'nowhere'"),
        (["first", "second", "--stale-after", "soon"], "soon"),
    ],
)
def test_a_mistake_is_told_before_anything_is_crawled(
    run: Run, shops: Site, shop: RunningShop, arguments: list[str], sentence: str
):
    answer = run("run", *arguments)
    assert (answer.code, answer.out) == (2, "")
    assert sentence in answer.err
    assert not _pages_asked_for(shop)


def test_names_are_completed_by_the_shell(shops: Site):
    environ = {
        "_CATALOG_PIPELINE_COMPLETE": "bash_complete",
        "COMP_WORDS": "catalog-pipeline run fi",
        "COMP_CWORD": "2",
    }
    answer = run_process(environ=environ)
    assert (answer.code, answer.out) == (0, "plain,first\n")
