"""Listings whose pages crawls find, in the web UI: one click finds them all."""

from __future__ import annotations

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.conftest import PAGES
from catalog_pipeline_tests.services.downloads import downloads, hold_half_way
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for

ALL_PAGES = list(range(1, PAGES + 1))
SEEDED_SECONDS = 240.0
"""The sensor of a table, which makes the first page's partition, looks twice a minute."""


@pytest.mark.parametrize("catalogue", ["found_open", "found_linked"])
def test_materialize_all_of_a_new_catalogue_finds_its_pages_and_terminate_loses_none(
    client: WebClient, slow_shop: RunningShop, catalogue: str
) -> None:
    wait_for("the first page", lambda: client.statuses(catalogue).missing == [1], SEEDED_SECONDS)
    slow_shop.control(latency_ms=100)
    run = client.launch_run(catalogue, 1, 1)
    hold_half_way(slow_shop)
    wait_for("found pages while others come", lambda: client.statuses(catalogue).done)
    client.terminate(run)
    assert wait_for("the run's end", lambda: client.has_ended(run)) == "CANCELED"
    slow_shop.control(latency_ms=0)
    again = client.reexecute(run, "FROM_FAILURE")
    assert wait_for("the run's end", lambda: client.has_ended(again)) == "SUCCESS"
    statuses = client.statuses(catalogue)
    assert (statuses.done, statuses.failed, statuses.missing) == (ALL_PAGES, [], [])
    found = {page: count for page, count in downloads(slow_shop).items() if page <= PAGES}
    assert found == dict.fromkeys(ALL_PAGES, 1)


def test_the_daemon_retries_a_run_over_pages_that_lead_to_each_other_until_all_are_there(
    client: WebClient, quick_shop: RunningShop
) -> None:
    name = "retried_linked"
    wait_for("the first page", lambda: client.statuses(name).missing == [1], SEEDED_SECONDS)
    client.stop(f"{name}_table_sensor")
    quick_shop.control(faults=["7=503"])
    run = client.launch_run(name, 1, 1)
    assert wait_for("the run's end", lambda: client.has_ended(run)) == "FAILURE"
    quick_shop.control(faults=[])
    wait_for("all pages", lambda: client.statuses(name).done == ALL_PAGES)
    (retry,) = [each for each in client.runs(name) if each["parentRunId"] == run]
    assert wait_for("the retry's end", lambda: client.has_ended(retry["runId"])) == "SUCCESS"
    assert client.statuses(name).failed == []
    once = set(ALL_PAGES) - {7, PAGES}
    assert {page: downloads(quick_shop)[page] for page in once} == dict.fromkeys(once, 1)
