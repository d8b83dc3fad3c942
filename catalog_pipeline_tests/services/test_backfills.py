"""Backfills as the web UI launches and cancels them: only what was not done is downloaded.

They are launched together and looked at one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.conftest import PAGES
from catalog_pipeline_tests.services.downloads import IN_FLIGHT, downloads
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import RunningServices

ALL_PAGES = list(range(1, PAGES + 1))
SCATTERED = list(range(3, 40, 4))
DAEMON_SECONDS = 240.0
CANCELLED_LATENCY_MS = 6_000
"""So slow that the crawl is not over before the daemon sees that its backfill was cancelled."""


@dataclass(frozen=True)
class Launched:
    """What the tests of this module share."""

    client: WebClient
    shop: RunningShop
    quick_shop: RunningShop
    cancelled: str
    overlapping: tuple[str, str]


@pytest.fixture(scope="module")
def launched(
    common_services: RunningServices, common_shop: RunningShop, overlap_shop: RunningShop
) -> Launched:
    client = common_services.client
    common_shop.control(faults=[], latency_ms=1000, reset_hits=True)
    cancelled = client.launch_backfill("relaunch_missing", ALL_PAGES)
    first = client.launch_backfill("overlapping", range(1, 31))
    second = client.launch_backfill("overlapping", range(21, PAGES + 1))
    return Launched(client, common_shop, overlap_shop, cancelled, (first, second))


def wait_for_status(client: WebClient, backfill: str, status: str) -> None:
    wait_for(
        f"a backfill that is {status}",
        lambda: client.backfill_status(backfill) == status,
        DAEMON_SECONDS,
    )


def test_a_cancelled_backfill_keeps_what_was_downloaded(launched: Launched) -> None:
    client = launched.client
    wait_for(
        "a page that is done", lambda: len(downloads(launched.shop)) > IN_FLIGHT, DAEMON_SECONDS
    )
    launched.shop.control(latency_ms=CANCELLED_LATENCY_MS)
    client.cancel_backfill(launched.cancelled)
    assert client.backfill_status(launched.cancelled) == "CANCELED"
    run = client.runs("relaunch_missing")[0]
    assert run["status"] == "CANCELED"
    statuses = client.statuses("relaunch_missing")
    assert statuses.done == sorted(downloads(launched.shop))
    assert statuses.missing == sorted(set(ALL_PAGES) - set(statuses.done))


def test_overlapping_backfills_download_each_page_once(launched: Launched) -> None:
    for backfill in launched.overlapping:
        wait_for_status(launched.client, backfill, "COMPLETED_SUCCESS")
    assert [run["status"] for run in launched.client.runs("overlapping")] == ["SUCCESS"] * 2
    assert downloads(launched.quick_shop) == dict.fromkeys(ALL_PAGES, 1)


def test_missing_and_failed_pages_are_launched_apart_or_together(
    launched: Launched, quick_shop: RunningShop
) -> None:
    """As the dialog's choices send them."""
    client = launched.client
    quick_shop.control(faults=[f"{page}=404" for page in SCATTERED])
    runs = {
        catalogue: client.launch_run(catalogue, 1, 40, max_retries=0)
        for catalogue in ("relaunch_failed", "relaunch_both")
    }
    for catalogue, run in runs.items():
        assert wait_for("the run's end", _end_of(client, run)) == "FAILURE"
        assert client.statuses(catalogue).failed == SCATTERED
        assert client.statuses(catalogue).missing == list(range(41, PAGES + 1))
    missing = client.statuses("relaunch_missing").missing
    assert missing
    quick_shop.control(faults=[], reset_hits=True)
    backfills = [
        client.launch_backfill("relaunch_missing", missing),
        client.launch_backfill("relaunch_failed", SCATTERED),
        client.launch_backfill("relaunch_both", [*SCATTERED, *range(41, PAGES + 1)]),
    ]
    for backfill in backfills:
        wait_for_status(client, backfill, "COMPLETED_SUCCESS")
    assert client.statuses("relaunch_missing").done == ALL_PAGES
    assert client.statuses("relaunch_failed").done == list(range(1, 41))
    assert client.statuses("relaunch_both").done == ALL_PAGES
    assert sum(downloads(quick_shop).values()) == len(missing) + 10 + 20
    for catalogue in ("relaunch_failed", "relaunch_both"):
        ours = [run for run in client.runs(catalogue) if "dagster/backfill" in run["tags"]]
        told = [" ".join(client.messages(run["runId"])) for run in ours]
        assert len(ours) >= len(SCATTERED)
        # Most of them had nothing left to do: another had taken their pages along.
        assert sum("pages to download" in messages for messages in told) < len(ours) / 2


def _end_of(client: WebClient, run: str) -> Callable[[], str]:
    return lambda: client.has_ended(run)
