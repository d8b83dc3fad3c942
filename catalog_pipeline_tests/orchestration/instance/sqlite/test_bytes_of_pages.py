"""What the refresh of a page costs on the disk: in the run's own file and in the index together."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.written_site import listing, written_site

pytestmark = [
    pytest.mark.processes,
    pytest.mark.embedded("is about SQLite's files"),
]

PAGES = 300
MAX_BYTES = 4096
"""With all that a run costs however many pages it has, which these are few for."""


def test_the_refresh_of_a_page_costs_little_and_tells_all(
    site: Site, instance: dg.DagsterInstance
) -> None:
    with written_site() as shop:
        shop.write({page: listing(page, "a") for page in range(1, PAGES + 1)})
        shop.headers["ETag"] = '"0123456789abcdef0123456789abcdef"'
        catalogue = shop.describe(site, {})
        _refresh_and_look(instance, catalogue)


def _refresh_and_look(instance: dg.DagsterInstance, catalogue: Catalogue) -> None:
    # The second one finds the room that the announcements of the first one have left.
    sizes = [_size_after_refresh(instance, catalogue) for _ in range(3)]
    each = [(after - before) / PAGES for before, after in itertools.pairwise(sizes)]
    assert min(each) > 1024
    assert max(each) <= MAX_BYTES

    checkpoints = read_checkpoints(instance, catalogue, catalogue.pages)
    assert len(checkpoints) == PAGES
    event = instance.get_latest_materialization_event(pages_key(catalogue))
    assert event is not None
    assert event.asset_materialization is not None
    stored = checkpoints[catalogue.pages[int(str(event.asset_materialization.partition)) - 1]]
    told = {label: value.value for label, value in event.asset_materialization.metadata.items()}
    assert told["sha256"] == stored.sha256
    assert told["not_modified"] is stored.record.not_modified
    assert str(told["url"]).endswith(f"page={event.asset_materialization.partition}")


def _size_after_refresh(instance: dg.DagsterInstance, catalogue: Catalogue) -> int:
    crawl_here(instance, catalogue, catalogue.pages, datetime.now(timezone.utc))
    folder = Path(instance.root_directory, "history", "runs")
    return sum(_size(path) for path in folder.glob("*.db"))


def _size(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size
