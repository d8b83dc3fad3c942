"""Terminate and re-execute: only what was not done is downloaded. Not here: backfills."""

from __future__ import annotations

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.conftest import PAGES
from catalog_pipeline_tests.services.downloads import downloads, hold_half_way
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import RunningServices

ALL_PAGES = list(range(1, PAGES + 1))


@pytest.fixture
def client(cut_short_services: RunningServices) -> WebClient:
    return cut_short_services.client


def end_of_run(client: WebClient, run: str) -> str:
    return wait_for("the run's end", lambda: client.has_ended(run))


@pytest.mark.parametrize(
    ("catalogue", "strategy"),
    [("terminated", "FROM_FAILURE"), ("terminated_all_steps", "ALL_STEPS")],
)
def test_a_terminated_run_is_re_executed_from_where_it_was(
    client: WebClient, slow_shop: RunningShop, catalogue: str, strategy: str
) -> None:
    run = client.launch_run(catalogue, 1, PAGES)
    hold_half_way(slow_shop)
    client.terminate(run)
    assert end_of_run(client, run) == "CANCELED"
    done = client.statuses(catalogue).done
    assert done == sorted(downloads(slow_shop)), "a page that was in flight was not recorded"
    assert len(done) < PAGES
    slow_shop.control(latency_ms=0)
    again = client.reexecute(run, strategy)
    assert end_of_run(client, again) == "SUCCESS"
    assert client.statuses(catalogue).done == ALL_PAGES
    assert set(downloads(slow_shop).values()) == {1}


def test_a_run_that_failed_by_one_page_is_re_executed_for_that_page(
    client: WebClient, quick_shop: RunningShop
) -> None:
    quick_shop.control(faults=["3=404"])
    run = client.launch_run("one_broken", 1, PAGES, max_retries=0)
    assert end_of_run(client, run) == "FAILURE"
    assert client.statuses("one_broken").failed == [3]
    quick_shop.control(faults=[], reset_hits=True)
    again = client.reexecute(run, "FROM_FAILURE")
    assert end_of_run(client, again) == "SUCCESS"
    assert client.statuses("one_broken").done == ALL_PAGES
    assert downloads(quick_shop) == {3: 1}
