"""What a report is told of builds: of when their pages are, each crawl once."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.orchestration.checkpoints.recorded import read_recorded
from catalog_pipeline.orchestration.checkpoints.table_state import NEWEST_ROW_KEY, ROWS_KEY
from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.names import products_key
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site

MARCH = datetime(2026, 3, 1, tzinfo=timezone.utc)
APRIL = datetime(2026, 4, 1, tzinfo=timezone.utc)


def test_a_build_is_of_when_its_newest_page_was_fetched_and_the_last_of_the_same_pages_counts(
    site: Site, instance: dg.DagsterInstance
) -> None:
    for rows, at in ((1, MARCH), (2, APRIL), (3, APRIL), (4, None)):
        newest = {NEWEST_ROW_KEY: dg.MetadataValue.timestamp(at)} if at is not None else {}
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                products_key(site.catalogue), metadata={ROWS_KEY: rows, **newest}
            )
        )
    first, second, third = read_recorded(instance, site.catalogue).builds
    assert [(build.rows, build.at) for build in (first, second)] == [(1, MARCH), (3, APRIL)]
    assert third.rows == 4
    assert third.at > APRIL, "of a build that did not record it there is only when it was made"


@pytest.mark.processes
def test_a_build_records_when_its_newest_page_was_fetched(
    site: Site, instance: dg.DagsterInstance
) -> None:
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1, 2), None)
    assert build_table_here(instance, catalogue).error is None
    (build,) = read_recorded(instance, catalogue).builds
    newest = pd.read_parquet(site.places.table)["fetched_at"].max()
    assert abs(build.at - newest) < timedelta(milliseconds=1)
