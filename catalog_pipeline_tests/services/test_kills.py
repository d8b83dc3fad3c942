"""Whatever of the services is killed while a run crawls, the crawl completes with no human hand."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pyarrow.parquet as pq
import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.services.downloads import IN_FLIGHT, downloads, hold_half_way
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import Part, RunningServices

PAGES = 50
LATENCY_MS = 500
RECOVERY_SECONDS = 240.0
ROWS = 1000
CATALOGUES = ("worker", "code_server", "both", "daemon", "everything")
"""One catalogue for each way of being killed, each with no page done."""


@pytest.fixture(scope="module")
def shop(open_shop: Callable[..., RunningShop]) -> RunningShop:
    return open_shop(pages=PAGES)


@pytest.fixture(scope="module")
def services(
    tmp_path_factory: pytest.TempPathFactory,
    shop: RunningShop,
    open_shop: Callable[..., RunningShop],
) -> Iterator[RunningServices]:
    # The sandbox, which has a schedule, has a shop that is none of the tests' business.
    services = RunningServices(
        tmp_path_factory.mktemp("services"), open_shop(pages=PAGES).url, forks_runs=False
    )
    for name in CATALOGUES:
        services.add_catalogue(name, shop.url)
    with services:
        yield services


@pytest.fixture
def client(services: RunningServices, shop: RunningShop) -> WebClient:
    """The web UI's client; the shop is slow, and nothing is counted yet."""
    shop.control(reset_hits=True, latency_ms=LATENCY_MS)
    wait_for("the assets", services.client.asset_keys)
    return services.client


def all_done(client: WebClient, catalogue: str) -> bool:
    return len(client.statuses(catalogue).done) == PAGES


def wait_for_recovery(client: WebClient, catalogue: str, dead_run: str, since: float) -> str:
    """Wait until a dead run is failed and its retry on its way; returns the retry's id."""
    wait_for("the dead run's failure", lambda: client.has_ended(dead_run), RECOVERY_SECONDS)
    assert client.run(dead_run)["status"] == "FAILURE"
    retry = wait_for(
        "the retry",
        lambda: [run for run in client.runs(catalogue) if run["parentRunId"] == dead_run],
        RECOVERY_SECONDS,
    )[0]
    wait_for("the retry's start", lambda: client.run(retry["runId"])["startTime"], RECOVERY_SECONDS)
    print(f"recovered {client.run(retry['runId'])['startTime'] - since:.1f} s after the restart")
    return str(retry["runId"])


def check_that_nothing_is_lost_or_done_twice(
    shop: RunningShop, client: WebClient, catalogue: str, killed_at: float, retry: str
) -> None:
    wait_for("all pages", lambda: all_done(client, catalogue))
    wait_for("the retry's end", lambda: client.has_ended(retry) == "SUCCESS")
    counts = downloads(shop)
    assert sorted(counts) == list(range(1, PAGES + 1))
    assert max(counts.values()) <= 2
    # On their way at the kill: one set in exchange with the site, one being parsed and stored.
    assert sum(counts.values()) <= PAGES + 2 * IN_FLIGHT
    retried_at = client.run(retry)["startTime"]
    strays = [when - killed_at for when, _, _ in shop.log() if killed_at + 1 < when < retried_at]
    assert not strays, "a worker of the dead run went on downloading"


def test_a_killed_worker_is_replaced(
    services: RunningServices, shop: RunningShop, client: WebClient
) -> None:
    run = client.launch_run("worker", 1, PAGES)
    hold_half_way(shop)
    services.kill_worker_of(run)
    killed_at = time.time()
    shop.control(latency_ms=0)
    retry = wait_for_recovery(client, "worker", run, killed_at)
    check_that_nothing_is_lost_or_done_twice(shop, client, "worker", killed_at, retry)


def test_a_worker_outlives_its_code_server(
    services: RunningServices, shop: RunningShop, client: WebClient
) -> None:
    """A living run is not failed because nobody answers for it any more."""
    run = client.launch_run("code_server", 1, PAGES)
    hold_half_way(shop)
    services.kill(Part.CODE_SERVER)
    shop.control(latency_ms=0)
    assert wait_for("the run's end", lambda: client.has_ended(run)) == "SUCCESS"
    services.restart()
    assert set(downloads(shop).values()) == {1}
    assert all_done(client, "code_server")


def test_a_worker_killed_together_with_its_code_server_is_found(
    services: RunningServices, shop: RunningShop, client: WebClient
) -> None:
    """Nobody tells Dagster of this death: run monitoring has to find it.

    The daemon finds it while nobody could execute a retry, and gives that up for the time being.
    """
    run = client.launch_run("both", 1, PAGES)
    hold_half_way(shop)
    services.kill(Part.CODE_SERVER)
    services.kill_worker_of(run)
    killed_at = time.time()
    wait_for("the daemon's vain retry", lambda: "Failed to retry run" in client.messages(run))
    shop.control(latency_ms=0)
    restarted_at = services.restart()
    retry = wait_for_recovery(client, "both", run, restarted_at)
    check_that_nothing_is_lost_or_done_twice(shop, client, "both", killed_at, retry)


def test_a_run_goes_on_without_the_daemon_and_after_the_restart(
    services: RunningServices, shop: RunningShop, client: WebClient
) -> None:
    """Without its daemon `dagster dev` ends; the live run is finished or goes on meanwhile."""
    run = client.launch_run("daemon", 1, PAGES)
    hold_half_way(shop)
    services.kill(Part.DAEMON)
    shop.control(latency_ms=0)
    wait_for("the end of the services", services.have_ended)
    services.start()
    wait_for("the run's end", lambda: client.has_ended(run))
    wait_for("all pages", lambda: all_done(client, "daemon"))
    assert set(downloads(shop).values()) == {1}


def test_a_backfill_completes_after_everything_was_killed(
    services: RunningServices, shop: RunningShop, client: WebClient
) -> None:
    """As after a power cut: a backfill, its run, their services, all dead at once."""
    backfill = client.launch_backfill("everything", range(1, PAGES + 1))
    hold_half_way(shop)
    run = client.runs("everything")[-1]["runId"]
    services.kill(Part.EVERYTHING)
    killed_at = time.time()
    assert not services.processes()
    shop.control(latency_ms=0)
    restarted_at = services.restart()
    retry = wait_for_recovery(client, "everything", run, restarted_at)
    check_that_nothing_is_lost_or_done_twice(shop, client, "everything", killed_at, retry)
    assert client.run(retry)["rootRunId"] == run
    _check_that_the_next_run_gets_through(client, "everything")
    status = wait_for("the backfill's end", lambda: _end_of_backfill(client, backfill))
    assert status == "COMPLETED_SUCCESS"


@pytest.mark.parametrize("catalogue", CATALOGUES)
def test_the_table_is_complete_after_all_this(
    services: RunningServices, client: WebClient, catalogue: str
) -> None:
    """Its last build has seen the last page, whatever was killed before."""
    table = services.data / catalogue / "products.parquet"
    wait_for("all rows", lambda: table.exists() and pq.read_metadata(table).num_rows == ROWS)


def _check_that_the_next_run_gets_through(client: WebClient, catalogue: str) -> None:
    run = client.launch_run(catalogue, 1, 1)
    assert wait_for("a run in the same pool", lambda: client.has_ended(run)) == "SUCCESS"


def _end_of_backfill(client: WebClient, backfill: str) -> str:
    status = client.backfill_status(backfill)
    return status if status.startswith("COMPLETED") or status in ("FAILED", "CANCELED") else ""
