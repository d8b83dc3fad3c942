"""What happens by itself: the table after pages landed, the refresh at its time."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from catalog_pipeline.crawling.lock import TABLE_LOCK
from catalog_pipeline.sandbox.products import CATEGORIES
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.system.locked_file import is_locked, read_values
from catalog_pipeline_tests.receivers import Webhook
from catalog_pipeline_tests.services.conftest import DISCOVERED, EXPORTED, NOTICED, PAGES
from catalog_pipeline_tests.services.downloads import downloads
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.services.running_services import RunningServices

PAGE_SIZE = 20
SCHEDULE_SECONDS = 240.0


def rows(table: Path) -> int:
    return int(pq.read_metadata(table).num_rows) if table.exists() else 0


@pytest.fixture(scope="module")
def table(common_services: RunningServices, common_shop: RunningShop) -> Path:
    """The table that the sensor builds by itself after a crawl of all pages."""
    common_shop.control(faults=[], latency_ms=0, reset_hits=True)
    client = common_services.client
    table = common_services.data / "table" / "products.parquet"
    run = client.launch_run("table", 1, PAGES)
    assert wait_for("the run's end", lambda: client.has_ended(run)) == "SUCCESS"
    wait_for("the table", lambda: client.table_builds("table"))
    assert rows(table) == PAGES * PAGE_SIZE
    return table


def test_a_page_that_lands_during_a_build_causes_one_more(table: Path, client: WebClient) -> None:
    """The build is held up by stopping its process."""
    with HeldUpBuild(table) as held_up:
        builds = _held_up(client, held_up)
        run = client.launch_run("table", 1, 1)
        assert wait_for("the late page", lambda: client.has_ended(run)) == "SUCCESS"
        began_at = client.run(run)["startTime"]
        held_up.let_go()
        wait_for("the held up build", lambda: len(client.table_builds("table")) > builds)
    wait_for("one more build", lambda: len(client.table_builds("table")) > builds + 1)
    wait_for(
        "the late page in the table",
        lambda: _first_row(table)["fetched_at"].timestamp() >= began_at,
    )
    assert _first_row(table)["page"] == 1


def _held_up(client: WebClient, held_up: HeldUpBuild) -> int:
    """Launch builds until one is held up; returns how many there were before it."""
    for _ in range(10):
        builds = len(client.table_builds("table"))
        client.launch_table("table")
        if held_up.catch():
            return builds
        wait_for("the end of a build", lambda: len(client.table_builds("table")) > builds)  # noqa: B023
    raise AssertionError("no build could be held up")


def _first_row(table: Path) -> dict[str, Any]:
    with table.open("rb") as file:
        rows = pq.read_table(file, columns=["page", "fetched_at"]).slice(0, 1)
    return rows.to_pylist()[0]


def test_wiping_a_page_makes_it_missing_and_takes_its_rows_from_the_table(
    table: Path, client: WebClient
) -> None:
    client.wipe("table", 7, 7)
    assert client.statuses("table").missing == [7]
    assert len(client.statuses("table").done) == PAGES - 1
    wait_for("the table without the page", lambda: rows(table) == (PAGES - 1) * PAGE_SIZE)


def test_exports_are_written_after_a_build_and_one_that_fails_holds_up_nothing(
    common_services: RunningServices, quick_shop: RunningShop, client: WebClient
) -> None:
    written = common_services.kept(EXPORTED, "exports", "products.csv")
    run = client.launch_run(EXPORTED, 1, 2)
    assert wait_for("the run's end", lambda: client.has_ended(run)) == "SUCCESS"
    wait_for("the table", lambda: client.table_builds(EXPORTED))
    wait_for("the export", written.exists)
    assert len(written.read_text().splitlines()) == 1 + 2 * PAGE_SIZE


def test_notices_are_sent_after_a_crawl_that_failed_and_after_a_build(
    common_services: RunningServices,
    quick_shop: RunningShop,
    client: WebClient,
    received: Webhook,
) -> None:
    quick_shop.control(faults=["1=404"])
    # A retry of the daemon would fail too, or not, as the fault is there for longer or not.
    run = client.launch_run(NOTICED, 1, 1, max_retries=0)
    assert wait_for("the run's end", lambda: client.has_ended(run)) == "FAILURE"
    wait_for("the notice of the crawl", lambda: len(received.bodies) == 1)
    quick_shop.control(faults=[])
    run = client.launch_run(NOTICED, 1, 1)
    assert wait_for("the run's end", lambda: client.has_ended(run)) == "SUCCESS"
    wait_for("the notice of the build", lambda: len(received.bodies) == 2)
    assert [title.split(" (")[0] for title in received.titles] == [
        "noticed: crawl fails",
        "noticed: check values_of_price fails",
    ]
    assert "a-secret" not in common_services.log.read_text()


class HeldUpBuild:
    """Stops the process of a build in its midst: it has seen what is done, and no table yet."""

    def __init__(self, table: Path) -> None:
        self._table = table
        self._lock = table.with_name(TABLE_LOCK)
        self._pid: int | None = None

    def __enter__(self) -> HeldUpBuild:
        return self

    def __exit__(self, *error: object) -> None:
        self.let_go()

    def catch(self) -> bool:
        """Wait for the next build and stop it; False if it was over too soon."""
        wait_for("a build", lambda: is_locked(self._lock), every=0.005)
        while is_locked(self._lock):
            if self._has_begun_to_write() and self._stop():
                return True
        return False

    def let_go(self) -> None:
        """Let the build go on."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGCONT)
            self._pid = None

    def _stop(self) -> bool:
        self._pid = read_values(self._lock).get("pid")
        if self._pid is None:
            return False
        os.kill(self._pid, signal.SIGSTOP)
        if self._has_begun_to_write():
            return True
        self.let_go()
        return False

    def _has_begun_to_write(self) -> bool:
        return any(self._table.parent.glob(f".{self._table.name}.building-*"))


def test_the_refresh_is_launched_at_its_time(
    client: WebClient, scheduled_shop: RunningShop
) -> None:
    """The practice shop's own is on too, but its time is early in the morning."""
    on = client.instigators()
    assert on["sandbox_refresh_schedule"] == "RUNNING"
    assert on["books_toscrape_refresh_schedule"] == "STOPPED"
    runs = wait_for("a scheduled run", lambda: client.runs("every_minute"), SCHEDULE_SECONDS)
    assert runs[0]["tags"]["dagster/schedule_name"] == "every_minute_refresh_schedule"
    wait_for("its end", lambda: client.has_ended(runs[0]["runId"]) == "SUCCESS")
    # A later tick's run may have begun meanwhile, whose pages are in progress.
    wait_for("all pages", lambda: client.statuses("every_minute").done == [1, 2, 3, 4, 5])
    assert downloads(scheduled_shop) == dict.fromkeys(range(1, 6), 1)
    client.stop("every_minute_refresh_schedule")


def test_a_tick_discovers_the_listings_of_a_new_catalogue_and_crawls_them(
    client: WebClient,
) -> None:
    wait_for("a scheduled run", lambda: client.runs(DISCOVERED), SCHEDULE_SECONDS)
    client.stop(f"{DISCOVERED}_refresh_schedule")
    first_pages = {f"{category.replace('-', '_')}-1" for category in CATEGORIES}
    wait_for("all", lambda: client.partitions(DISCOVERED)["materialized"] == first_pages)
    assert client.partitions(DISCOVERED)["unmaterialized"] == set()
