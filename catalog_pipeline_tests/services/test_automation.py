"""What happens by itself: the table after pages landed, the refresh at its time."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.storing.page_file import FileName
from catalog_pipeline_tests.services.conftest import PAGES
from catalog_pipeline_tests.services.downloads import downloads
from catalog_pipeline_tests.services.graphql import WebClient
from catalog_pipeline_tests.services.running_services import RunningServices
from catalog_pipeline_tests.waiting import wait_for

PAGE_SIZE = 20


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
    """The build is held up by a pipe in the place of its last page's file."""
    builds = len(client.table_builds("table"))
    with HeldUpFile(_file_of_page(table.parent, PAGES)) as held_up:
        client.launch_table("table")
        wait_for("a build that reads the last page", held_up.has_reader, every=0.02)
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


def _file_of_page(folder: Path, page: int) -> Path:
    names = [FileName.parse(path.name) for path in (folder / "pages").iterdir()]
    found = [str(name) for name in names if name is not None and name.page == page]
    assert len(found) == 1
    return folder / "pages" / found[0]


class HeldUpFile:
    """Puts a pipe in the place of a file: who reads it waits until it is let go."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._content = path.read_bytes()
        self._writer = -1

    def __enter__(self) -> HeldUpFile:
        self._path.unlink()
        os.mkfifo(self._path)
        return self

    def __exit__(self, *error: object) -> None:
        self.let_go()

    def has_reader(self) -> bool:
        """Whether somebody is reading it, and waiting."""
        try:
            self._writer = os.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            return False
        return True

    def let_go(self) -> None:
        """Give the reader the content, and put the file back."""
        if self._path.is_fifo():
            whole = self._path.with_suffix(".whole")
            whole.write_bytes(self._content)
            whole.replace(self._path)
        if self._writer >= 0:
            os.set_blocking(self._writer, True)
            with open(self._writer, "wb") as writer:
                writer.write(self._content)
            self._writer = -1


def test_the_refresh_is_launched_at_its_time(
    client: WebClient, scheduled_shop: RunningShop
) -> None:
    """The practice shop's own is on too, but its time is early in the morning."""
    on = client.instigators()
    assert on["sandbox_refresh_schedule"] == "RUNNING"
    assert on["books_toscrape_refresh_schedule"] == "STOPPED"
    runs = wait_for("a scheduled run", lambda: client.runs("every_minute"), 75.0)
    assert runs[0]["tags"]["dagster/schedule_name"] == "every_minute_refresh_schedule"
    wait_for("its end", lambda: client.has_ended(runs[0]["runId"]) == "SUCCESS")
    # A later tick's run may have begun meanwhile, whose pages are in progress.
    wait_for("all pages", lambda: client.statuses("every_minute").done == [1, 2, 3, 4, 5])
    assert downloads(scheduled_shop) == dict.fromkeys(range(1, 6), 1)
