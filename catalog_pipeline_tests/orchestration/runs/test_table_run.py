"""The step that builds the table: what it demands, and what it tells the web UI."""

from datetime import datetime, timedelta, timezone

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.names import MAX_RETRIES_TAG, plain_products_key
from catalog_pipeline.orchestration.runs.completeness import measure
from catalog_pipeline_tests.orchestration.made_runs import create_run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS


def _metadata(instance: dg.DagsterInstance) -> dict[str, object]:
    event = instance.get_latest_materialization_event(plain_products_key(NAME))
    assert event is not None
    assert event.asset_materialization is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def _checks(instance: dg.DagsterInstance, run_id: str) -> dict[str, dg.AssetCheckSeverity | None]:
    """Names of the checks of a build; None if passed, else how severe it is."""
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    found = [
        entry.get_dagster_event().asset_check_evaluation_data
        for entry in instance.all_logs(run_id, of_type=kind)
    ]
    return {check.check_name: None if check.passed else check.severity for check in found}


def test_the_web_ui_is_told_how_complete_the_table_is(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=6)
    site.shop.control(faults=["2=404"])
    crawl_here(instance, catalogue, keys(1, 2, 3), None)
    build = build_table_here(instance, catalogue)
    found = _metadata(instance)
    assert found["dagster/row_count"] == 40
    counts = {name: found[f"pages_{name}"] for name in ("used", "done", "failed", "missing")}
    assert counts == {"used": 2, "done": 2, "failed": 1, "missing": 3}
    assert (found["pages_stale"], found["duplicates"], found["coverage"]) == (0, 0, 0.3333)
    stored = read_checkpoints(instance, catalogue, catalogue.pages).values()
    assert found["oldest_row"] == min(each.record.fetched_at for each in stored).timestamp()
    assert found["path"] == site.places.told(site.places.table)
    assert "Silver Ceramic Scarf" in str(found["preview"])
    assert "USD" in str(found["price_range"])
    schema = found["dagster/column_schema"]
    assert isinstance(schema, dg.TableSchema)
    assert [column.name for column in schema.columns] == list(
        pd.read_parquet(site.places.table).columns
    )
    assert _checks(instance, build.run_id) == {
        "pages_are_complete": dg.AssetCheckSeverity.WARN,
        "rows_are_fresh": None,
        "stored_pages_are_intact": None,
        "listing_ends_with_the_last_page": None,
        "columns_are_filled_as_before": None,
        "product_keys_are_unique": None,
        "dagster_row_count_bounds_check": None,
        "column_schema_change": None,
    }


def test_the_check_of_the_pages_names_each_failed_page_with_its_reason(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    site.shop.control(faults=["2=404"])
    crawl_here(instance, catalogue, keys(1, 2, 3), None)
    build = build_table_here(instance, catalogue)
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    evaluations = [
        entry.get_dagster_event().asset_check_evaluation_data
        for entry in instance.all_logs(build.run_id, of_type=kind)
    ]
    (pages,) = [check for check in evaluations if check.check_name == "pages_are_complete"]
    reason = f"page 2 {site.shop.url}/products?page=2: the server answered 404"
    assert pages.description == reason
    assert pages.metadata["reasons"].value == [reason]


def test_a_whole_catalogue_passes_its_checks(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    site.shop.control(pages=2)
    crawl_here(instance, catalogue, keys(1, 2), None)
    build = build_table_here(instance, catalogue)
    assert set(_checks(instance, build.run_id).values()) == {None}


def test_a_damaged_page_is_reported_and_never_built_in(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=3)
    crawl_here(instance, catalogue, keys(1, 2, 3), None)
    altered = site.page_file(2)
    altered.write_bytes(altered.read_bytes().replace(b"\x00", b"\x01", 1) + b"x")
    build = build_table_here(instance, catalogue)
    assert build.status == SUCCESS
    assert sorted(pd.read_parquet(site.places.table)["page"].unique()) == [1, 3]
    assert _metadata(instance)["pages_damaged"] == 1
    assert _checks(instance, build.run_id)["stored_pages_are_intact"] == dg.AssetCheckSeverity.ERROR


def test_below_the_minimum_coverage_the_old_table_stays(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    crawl_here(instance, catalogue, keys(1, 2), None)
    build_table_here(instance, catalogue)
    before = site.places.table.read_bytes()
    demanding = site.write(last_page=4, coverage={"minimum": 0.75})
    build = build_table_here(instance, demanding)
    assert build.status == FAILURE
    assert build.error is not None
    assert "2 of 4 pages are done and sound (50%), and its coverage.minimum is 75%" in build.error
    assert site.places.table.read_bytes() == before
    crawl_here(instance, demanding, keys(3), None)
    assert build_table_here(instance, demanding).status == SUCCESS


def test_without_any_page_the_error_is_clear_and_is_not_retried(
    site: Site, instance: dg.DagsterInstance
):
    build = build_table_here(instance, site.catalogue)
    assert build.status == FAILURE
    assert build.error is not None
    assert "shop: no page is done, so there is nothing to build a table from." in build.error
    run = instance.get_run_by_id(build.run_id)
    assert run is not None
    assert run.tags[MAX_RETRIES_TAG] == "0"
    assert not site.places.table.exists()


def test_old_pages_are_used_and_counted_as_stale(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2, coverage={"stale_after_hours": 1e-9})
    crawl_here(instance, catalogue, keys(1, 2), None)
    checkpoints = read_checkpoints(instance, catalogue, catalogue.pages)
    completeness = measure(
        catalogue, checkpoints, read_statuses(instance, catalogue, catalogue.pages)
    )
    assert (len(completeness.ages.stale), completeness.used, completeness.total) == (2, 2, 2)
    fresh = site.write(last_page=2)
    oldest = min(stored.record.fetched_at for stored in checkpoints.values())
    assert datetime.now(timezone.utc) - oldest < timedelta(hours=1)
    assert (
        measure(fresh, checkpoints, read_statuses(instance, catalogue, keys(1, 2))).ages.stale == ()
    )


def test_a_table_that_is_built_between_two_retries_says_what_is_in_progress(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    crawl_here(instance, catalogue, keys(1, 2), None)
    create_run(instance, catalogue, 1, 3)
    build = build_table_here(instance, catalogue)
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    (pages,) = [
        check
        for entry in instance.all_logs(build.run_id, of_type=kind)
        for check in [entry.get_dagster_event().asset_check_evaluation_data]
        if check.check_name == "pages_are_complete"
    ]
    names = ("done", "failed", "in_progress", "missing", "total")
    assert [pages.metadata[name].value for name in names] == [0, 0, 3, 0, 3]
    assert pages.description == "3 pages are in a run that has not ended, or not begun, yet"


def test_damaged_pages_do_not_count_towards_the_minimum_coverage(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=2, coverage={"minimum": 0.75})
    crawl_here(instance, catalogue, keys(1, 2), None)
    build_table_here(instance, catalogue)
    before = site.places.table.read_bytes()
    site.page_file(2).unlink()
    build = build_table_here(instance, catalogue)
    assert build.status == FAILURE
    assert build.error is not None
    assert "1 of 2 pages are done and sound (50%)" in build.error
    assert site.places.table.read_bytes() == before
