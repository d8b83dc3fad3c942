"""What a page that fails costs on the disk: in the run's own file and in the index together."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.orchestration.checkpoints.statuses import explain_failures, read_statuses
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site

pytestmark = [
    pytest.mark.processes,
    pytest.mark.embedded("is about SQLite's files"),
]

PAGES = 300
MAX_BYTES = 4096
"""Four rows, two in each file: of Dagster's plan and of the failure, and their indexes; and the
lines in the run's log, which the first hundred pages have."""


def test_a_failed_page_costs_little_and_tells_all(site: Site, instance: dg.DagsterInstance) -> None:
    catalogue = site.write(
        last_page=PAGES + 1,
        page_url="/products?page={page}&filler=" + 200 * "x",
        politeness={"stop_window": PAGES + 2},
    )
    site.shop.control(faults=[f"{page}=404" for page in range(1, PAGES + 2)])
    one, many = keys(1), keys(*range(2, PAGES + 2))
    sizes = []
    for pages in (one, many):
        run_id = crawl_here(instance, catalogue, pages, None).run_id
        folder = Path(instance.root_directory, "history", "runs")
        sizes.append((_size(folder / "index.db"), _size(folder / f"{run_id}.db")))
    (index_before, run_of_one), (index, run_of_many) = sizes
    each = (index - index_before + run_of_many - run_of_one) / PAGES
    assert 1024 < each <= MAX_BYTES

    statuses = read_statuses(instance, catalogue, catalogue.pages)
    told = explain_failures(instance, catalogue, statuses, catalogue.pages)
    assert {failure.message for failure in told.values()} == {
        f"page {page} {failure.url}: the server answered 404" for page, failure in told.items()
    }
    assert len(told) == PAGES + 1


def _size(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size
