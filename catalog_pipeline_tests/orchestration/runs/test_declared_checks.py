"""Checks that the YAML declares, as a build records them and the automation heeds them."""

from typing import Any

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.definitions.sensor import build_table_sensor
from catalog_pipeline.orchestration.names import MAX_RETRIES_TAG, REFUSED_TAG, plain_products_key
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

SUCCESS, FAILURE = dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE
PRICED = {"price": {"minimum": 1, "maximum": 5000}}


def _evaluations(instance: dg.DagsterInstance, run_id: str) -> dict[str, dg.AssetCheckEvaluation]:
    kind = dg.DagsterEventType.ASSET_CHECK_EVALUATION
    found = [
        entry.get_dagster_event().asset_check_evaluation_data
        for entry in instance.all_logs(run_id, of_type=kind)
    ]
    return {each.check_name: each for each in found}


def _refresh(instance: dg.DagsterInstance, catalogue: Catalogue) -> dg.DagsterRun:
    """Download all pages and build the table; the run of the build."""
    crawl_here(instance, catalogue, catalogue.pages, None)
    run_id = build_table_here(instance, catalogue).run_id
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run


def _shown(instance: dg.DagsterInstance, name: str) -> str:
    """What the web UI says of a check."""
    key = dg.AssetCheckKey(plain_products_key(NAME), name)
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    return record.status.value


def test_each_check_says_what_was_seen_what_is_allowed_and_examples(
    site: Site, instance: dg.DagsterInstance
):
    checks: dict[str, Any] = {
        "rows": {"minimum": 60, "drop": "10%"},
        "filled": {"old_price": "99%"},
        "price": {"maximum": 100},
        "columns": "frozen",
    }
    run = _refresh(instance, site.write(last_page=3, checks=checks))
    assert run.status == SUCCESS, "without on_failure they warn"
    found = _evaluations(instance, run.run_id)
    assert found["rows_are_as_many_as_demanded"].passed
    assert found["rows_have_not_dropped"].passed
    assert found["columns_are_frozen"].passed
    filled, prices = found["columns_are_filled"], found["values_of_price"]
    assert not filled.passed
    assert filled.metadata["allowed"].value == {"old_price": 0.99}
    assert not prices.passed
    assert prices.severity == dg.AssetCheckSeverity.WARN
    table = pd.read_parquet(site.places.table)
    dear = table[table["price"] > 100]
    seen: Any = prices.metadata["seen"].value
    assert seen["broken"] == len(dear)
    examples: Any = prices.metadata["examples"].value
    assert len(examples) == min(20, len(dear))
    assert examples[0]["product_id"] == str(dear["product_id"].iloc[0])


def test_a_drop_is_held_against_complete_crawls_and_not_against_its_own_pages(
    site: Site, instance: dg.DagsterInstance, run: Run
):
    checks = {"rows": {"drop": "20%"}, "on_failure": "keep_old_table"}
    site.shop.control(pages=4)
    catalogue = site.write(checks=checks, pages={"kind": "open", "shrink": "90%"})
    assert run("run", NAME).code == 0
    again = build_table_here(instance, catalogue)
    assert "no earlier build" in str(
        _evaluations(instance, again.run_id)["rows_have_not_dropped"].description
    )
    site.shop.control(pages=2)
    assert run("run", NAME, "--refresh").code == 1
    (latest,) = instance.get_runs(limit=1)
    told = _evaluations(instance, latest.run_id)["rows_have_not_dropped"]
    assert "50% fewer" in str(told.description)
    assert told.severity == dg.AssetCheckSeverity.ERROR
    assert _shown(instance, "rows_have_not_dropped") == "FAILED"
    assert len(pd.read_parquet(site.places.table)) == 80


def test_a_table_that_is_refused_stays_out_until_the_yaml_or_the_shop_is_mended(
    site: Site, instance: dg.DagsterInstance, run: Run
):
    site.write(last_page=2, checks={**PRICED, "on_failure": "keep_old_table"})
    assert run("run", NAME).code == 0
    before = site.places.table.read_bytes()
    checks = {"price": {"minimum": 10**6}, "on_failure": "keep_old_table"}
    catalogue = site.write(last_page=2, checks=checks)
    refused = run("run", NAME, "--refresh", "--json")
    assert refused.code == 1
    assert "price: 40 of 40 values break a rule (minimum: 40)" in refused.json["table_error"]
    assert site.places.table.read_bytes() == before
    (latest,) = instance.get_runs(limit=1)
    told = " ".join(run("status", NAME).out.split())
    assert "the table is not of today: pages have landed since it was built, and run " in told
    assert f"and run {latest.run_id[:8]}, which was to build it, failed; " in told
    assert latest.tags[MAX_RETRIES_TAG] == "0"
    assert REFUSED_TAG in latest.tags
    assert "was refused" in _look(instance, catalogue), "nothing is new: no red run each minute"
    assert _shown(instance, "values_of_price") == "FAILED"
    for check in ("pages_are_complete", "rows_are_fresh", "stored_pages_are_intact"):
        assert _shown(instance, check) == "SUCCEEDED", "it speaks of the table that is there"

    runs = instance.get_runs_count()
    again = run("run", NAME, "--json")
    assert (again.code, again.json["downloads"]) == (1, 0)
    assert instance.get_runs_count() == runs, "it was not built again of the same pages"
    assert again.json["table_error"].startswith(refused.json["table_error"])
    assert (
        f"\nNothing is new since it was refused (run {latest.run_id[:8]}"
        in again.json["table_error"]
    )
    assert again.json["table_error"].endswith(f"or by: catalog-pipeline run {NAME} --reparse")
    mended = site.write(last_page=2, checks={**PRICED, "on_failure": "keep_old_table"})
    assert _look(instance, mended) == "asked"
    assert run("run", NAME, "--json").code == 0
    assert "not of today" not in run("status", NAME).out
    assert _shown(instance, "values_of_price") == "SUCCEEDED"


def _look(instance: dg.DagsterInstance, catalogue: Catalogue) -> str:
    """What the automation says, as if the last build were long ago."""
    from catalog_pipeline.orchestration.definitions import sensor

    waits = sensor.SECONDS_AFTER_A_FAILURE
    sensor.SECONDS_AFTER_A_FAILURE = 0.0
    try:
        with dg.build_sensor_context(instance) as context:
            found = build_table_sensor(catalogue)(context)
    finally:
        sensor.SECONDS_AFTER_A_FAILURE = waits
    return str(found.skip_message) if isinstance(found, dg.SkipReason) else "asked"
