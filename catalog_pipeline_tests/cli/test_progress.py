"""The progress of a run, on a terminal and elsewhere."""

import os
import pty
import subprocess

import pytest

from catalog_pipeline_tests.command import COMMAND
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site, bundled_attributes

pytestmark = pytest.mark.processes

ESCAPE = "\x1b"


def test_elsewhere_than_on_a_terminal_there_are_lines_instead_of_bars(site: Site, run: Run):
    site.write(last_page=3)
    site.shop.control(faults=["2=404"])
    answer = run("run", NAME)
    assert ESCAPE not in answer.err + answer.out
    assert "\r" not in answer.err
    assert answer.err.splitlines()[0] == "Crawling shop: 3 pages are due."
    (failed,) = [line for line in answer.err.splitlines() if line.startswith("Failed: ")]
    assert failed.startswith("Failed: page 2 ")


@pytest.mark.parametrize(
    ("pages", "told"),
    [
        ("open", "further ones are asked for as long as the site goes on"),
        (
            {"kind": "told", "last": {"select": ".pager a:last-child"}},
            "the first page tells how many there are",
        ),
        (
            {"kind": "linked", "next": {"select": "a[rel=next]"}},
            "each page leads to the next one as long as there is one",
        ),
    ],
)
def test_where_crawls_find_the_pages_the_first_line_says_how(
    site: Site, run: Run, pages: object, told: str
):
    site.shop.control(pages=3)
    site.write(pages=pages)
    line = run("run", NAME).err.splitlines()[0]
    assert line == f"Crawling shop: 1 page is due, and {told}."
    assert run("run", NAME, "--pages", "1", "--refresh").err.splitlines()[0] == (
        "Crawling shop: 1 page is due."
    )


def test_pages_that_are_only_parsed_again_are_told_apart_from_those_that_are_due(
    site: Site, run: Run
):
    site.write(last_page=3)
    site.shop.control(faults=["2=404"])
    run("run", NAME)
    site.shop.control(faults=[])
    site.write(last_page=3, fields={**bundled_attributes("sandbox")["fields"], "whole": "."})
    line = run("run", NAME).err.splitlines()[0]
    assert line == "Crawling shop: 1 page is due, and 2 stored pages are parsed again."
    line = run("run", NAME, "--reparse").err.splitlines()[0]
    assert line == "Parsing again shop: 3 stored pages, no download."


def test_json_is_all_that_is_printed_for_machines(site: Site, run: Run):
    site.write(last_page=3)
    site.shop.control(faults=["2=404"])
    answer = run("run", NAME, "--json")
    assert answer.err == ""
    assert answer.json["failed_pages"] == "2"
    assert answer.json["failures"][0]["http_status"] == 404
    assert answer.json["exit_code"] == answer.code == 1


def test_a_page_whose_file_was_damaged_is_named_as_it_is_downloaded_again(site: Site, run: Run):
    site.write(last_page=2)
    run("run", NAME)
    site.page_file(2).write_bytes(b"torn")
    answer = run("run", NAME)
    assert answer.code == 0
    assert "Downloading again: page 2" in answer.err
    assert site.downloads() == {1: 1, 2: 2}


def test_on_a_terminal_a_bar_shows_pages_and_the_rate(site: Site):
    site.shop.control(latency_ms=60)
    ours, theirs = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(
        [*COMMAND, "run", NAME], env=environ, stdin=theirs, stdout=theirs, stderr=theirs
    ) as process:
        os.close(theirs)
        shown = _everything(ours)
    assert process.returncode == 0
    assert "Crawling shop" in shown
    assert "/12" in shown
    assert "pages/s" in shown
    assert "pages 12 done, 0 failed, 0 missing" in shown.split("Crawling")[-1]


def _everything(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()
