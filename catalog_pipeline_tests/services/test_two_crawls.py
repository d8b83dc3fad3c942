"""Command and web UI crawl one catalogue: one waits, and no page is downloaded by both."""

from __future__ import annotations

import json

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.conftest import PAGES
from catalog_pipeline_tests.services.downloads import downloads, hold_half_way
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import RunningServices

COMMAND_SECONDS = 120.0
FOR_LONG_MS = 10_000
"""A command that is held half-way by this goes on for half a minute, in which other runs end."""


@pytest.fixture
def client(cut_short_services: RunningServices) -> WebClient:
    return cut_short_services.client


def test_the_command_leaves_a_live_web_run_its_pages(
    cut_short_services: RunningServices, client: WebClient, slow_shop: RunningShop
) -> None:
    run = client.launch_run("web_first", 1, 40)
    hold_half_way(slow_shop)
    with cut_short_services.command("run", "web_first", "--json") as command:
        slow_shop.control(latency_ms=0)
        output, _ = command.communicate(timeout=COMMAND_SECONDS)
    assert wait_for("the web run", lambda: client.has_ended(run)) == "SUCCESS"
    assert command.returncode == 0, output
    assert downloads(slow_shop) == dict.fromkeys(range(1, PAGES + 1), 1)
    assert client.statuses("web_first").done == list(range(1, PAGES + 1))


def test_a_web_run_waits_for_the_command_and_says_so(
    cut_short_services: RunningServices, client: WebClient, slow_shop: RunningShop
) -> None:
    """Pages that the command downloads from then on are not downloaded by the web run.

    Dagster launches a run whose pool it sees for the first time; it waits for the crawl's lock.
    """
    with cut_short_services.command("run", "command_first", "--json") as command:
        wait_for("the command's first page", lambda: downloads(slow_shop), every=0.02)
        slow_shop.control(latency_ms=6000)
        run = client.launch_run("command_first", 1, PAGES)
        # Pages that land within the run's very creation may fall on either side of it.
        early = set(client.statuses("command_first").done)
        wait_for("its waiting", lambda: _says_that_it_waits(client, run))
        slow_shop.control(latency_ms=0)
        output, _ = command.communicate(timeout=COMMAND_SECONDS)
    assert command.returncode == 0, output
    assert json.loads(output)
    assert wait_for("the web run", lambda: client.has_ended(run)) == "SUCCESS"
    twice = {page for page, count in downloads(slow_shop).items() if count > 1}
    assert twice <= early
    assert len(downloads(slow_shop)) == PAGES


def _says_that_it_waits(client: WebClient, run: str) -> bool:
    return any("Another crawl of this catalogue is on" in text for text in client.messages(run))


def test_a_web_run_of_a_pool_that_dagster_knows_is_queued_until_the_command_ends(
    cut_short_services: RunningServices, client: WebClient, quick_shop: RunningShop
) -> None:
    first = client.launch_run("command_again", 1, 1)
    assert wait_for("the run's end", lambda: client.has_ended(first)) == "SUCCESS"
    quick_shop.control(latency_ms=500)
    with cut_short_services.command("run", "command_again", "--json") as command:
        hold_half_way(quick_shop, FOR_LONG_MS)
        run = client.launch_run("command_again", 1, PAGES)
        early = set(client.statuses("command_again").done)
        # Dagster has looked at its queue once a run that came later is through.
        later = client.launch_table("command_again")
        wait_for("a run that needs no pool", lambda: client.has_ended(later))
        assert client.run(run)["status"] == "QUEUED"
        quick_shop.control(latency_ms=0)
        output, _ = command.communicate(timeout=COMMAND_SECONDS)
    assert command.returncode == 0, output
    assert wait_for("the web run", lambda: client.has_ended(run)) == "SUCCESS"
    (of_command,) = [
        each["runId"] for each in client.runs("command_again") if each["runId"] not in (first, run)
    ]
    assert client.run(run)["startTime"] >= client.run(of_command)["endTime"]
    twice = {page for page, count in downloads(quick_shop).items() if count > 1}
    assert twice <= early
    assert len(downloads(quick_shop)) == PAGES


def test_a_run_of_the_command_is_re_executed_by_the_web_ui(
    cut_short_services: RunningServices, client: WebClient, quick_shop: RunningShop
) -> None:
    quick_shop.control(faults=["3=404"])
    with cut_short_services.command("run", "command_failed", "--json") as command:
        command.communicate(timeout=COMMAND_SECONDS)
    assert command.returncode == 1
    assert client.statuses("command_failed").failed == [3]
    quick_shop.control(faults=[], reset_hits=True)
    run = client.runs("command_failed")[0]["runId"]
    again = client.reexecute(run, "FROM_FAILURE")
    assert wait_for("the run's end", lambda: client.has_ended(again)) == "SUCCESS"
    assert downloads(quick_shop) == {3: 1}
