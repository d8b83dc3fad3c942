"""Whoever reads what a command prints may stop: its work and its exit code stay the same."""

import os
import subprocess

import pytest

from catalog_pipeline_tests.command import COMMAND
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.processes


def _unread(*arguments: str, with_errors: bool = False) -> tuple[int, str]:
    """The exit code and the standard error of a command whose output nobody reads from the start.

    `with_errors` its standard error is not read either.
    """
    reading, writing = os.pipe()
    os.close(reading)
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.run(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing if with_errors else subprocess.PIPE,
        env=environ,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    os.close(writing)
    return process.returncode, (process.stderr or b"").decode()


def test_a_crawl_goes_on_when_nobody_reads_it_and_ends_with_its_own_code(site: Site, run: Run):
    site.write(last_page=3)
    site.shop.control(faults=["2=404"])
    code, errors = _unread("run", NAME, "--verbose")
    assert code == 1
    assert "Traceback" not in errors
    assert "Broken pipe" not in errors
    counts = run("status", NAME, "--json").json[0]
    assert (counts["done"], counts["failed"], counts["table_rows"]) == (2, 1, 40)
    site.shop.control(faults=[])
    assert _unread("run", NAME, "--json", with_errors=True)[0] == 0
    assert run("status", NAME, "--json").json[0]["done"] == 3


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("status", NAME, "--watch"), 0), (("schema",), 0), (("show", NAME, "--page", "1"), 2)],
)
def test_what_only_shows_something_ends_without_a_word(
    site: Site, arguments: tuple[str, ...], code: int
):
    found, errors = _unread(*arguments)
    assert (found, "Traceback" in errors, "Exception" in errors) == (code, False, False)
