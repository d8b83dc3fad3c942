"""Terminate, cancel, and every way to launch again: only what was not done is downloaded."""

from __future__ import annotations

from functools import partial

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.conftest import PAGES
from catalog_pipeline_tests.services.downloads import downloads, wait_until_half_way
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.waiting import wait_for

ALL_PAGES = list(range(1, PAGES + 1))
BACKFILL_SECONDS = 90.0
"""The daemon looks at backfills twice a minute."""


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
    wait_until_half_way(slow_shop)
    client.terminate(run)
    assert end_of_run(client, run) == "CANCELED"
    done = client.statuses(catalogue).done
    assert done == sorted(downloads(slow_shop)), "a page that was in flight was not recorded"
    assert len(done) < PAGES
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


@pytest.fixture(scope="module")
def cancelled_backfill(common_shop: RunningShop, client_of_module: WebClient) -> str:
    """A backfill of all pages of `relaunch_missing` that was cancelled half-way."""
    client = client_of_module
    common_shop.control(faults=[], latency_ms=500, reset_hits=True)
    backfill = client.launch_backfill("relaunch_missing", ALL_PAGES)
    wait_until_half_way(common_shop)
    client.cancel_backfill(backfill)
    return backfill


@pytest.fixture(scope="module")
def client_of_module(common_services: object) -> WebClient:
    return common_services.client  # type: ignore[attr-defined, no-any-return]


def test_a_cancelled_backfill_keeps_what_was_downloaded(
    client: WebClient, common_shop: RunningShop, cancelled_backfill: str
) -> None:
    wait_for(
        "the backfill's end",
        lambda: client.backfill_status(cancelled_backfill) == "CANCELED",
        BACKFILL_SECONDS,
    )
    assert client.runs("relaunch_missing")[0]["status"] == "CANCELED"
    statuses = client.statuses("relaunch_missing")
    assert statuses.done == sorted(downloads(common_shop))
    assert statuses.missing == sorted(set(ALL_PAGES) - set(statuses.done))


def test_missing_and_failed_pages_are_launched_apart_or_together(
    client: WebClient, quick_shop: RunningShop, cancelled_backfill: str
) -> None:
    """As the dialog's choices send them; three backfills at once, as the daemon is slow to look."""
    quick_shop.control(faults=["7=404"])
    for catalogue in ("relaunch_failed", "relaunch_both"):
        run = client.launch_run(catalogue, 1, 40, max_retries=0)
        assert end_of_run(client, run) == "FAILURE"
        assert client.statuses(catalogue).failed == [7]
        assert client.statuses(catalogue).missing == list(range(41, PAGES + 1))
    missing = client.statuses("relaunch_missing").missing
    quick_shop.control(faults=[], reset_hits=True)
    backfills = [
        client.launch_backfill("relaunch_missing", missing),
        client.launch_backfill("relaunch_failed", [7]),
        client.launch_backfill("relaunch_both", [7, *range(41, PAGES + 1)]),
    ]
    for backfill in backfills:
        wait_for("the backfill's end", partial(_is_complete, client, backfill), BACKFILL_SECONDS)
    assert client.statuses("relaunch_missing").done == ALL_PAGES
    assert client.statuses("relaunch_failed").done == list(range(1, 41))
    assert client.statuses("relaunch_both").done == ALL_PAGES
    assert sum(downloads(quick_shop).values()) == len(missing) + 1 + 11


def _is_complete(client: WebClient, backfill: str) -> bool:
    return client.backfill_status(backfill) == "COMPLETED_SUCCESS"
