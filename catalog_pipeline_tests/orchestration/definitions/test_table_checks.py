"""Dagster's own checks of the table are answered after a build by the command, too."""

from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.orchestration.names import plain_products_key
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes


def _passed(instance: dg.DagsterInstance, name: str) -> bool:
    key = dg.AssetCheckKey(plain_products_key(NAME), name)
    (latest,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    return latest.status.value == "SUCCEEDED"


def _crawled(site: Site, run: Run, **changes: Any) -> None:
    site.write(last_page=2, **changes)
    assert run("run", NAME, "--refresh").code == 0


def test_a_table_of_as_many_rows_as_expected_passes(
    site: Site, run: Run, instance: dg.DagsterInstance
):
    _crawled(site, run, coverage={"minimum_rows": 40, "maximum_rows": 40})
    assert _passed(instance, "dagster_row_count_bounds_check")


@pytest.mark.parametrize("coverage", [{"minimum_rows": 41}, {"maximum_rows": 39}])
def test_a_table_of_too_few_or_too_many_rows_is_warned_of(
    site: Site, run: Run, instance: dg.DagsterInstance, coverage: dict[str, int]
):
    _crawled(site, run, coverage=coverage)
    assert not _passed(instance, "dagster_row_count_bounds_check")


def test_a_change_of_the_columns_is_warned_of(site: Site, run: Run, instance: dg.DagsterInstance):
    _crawled(site, run)
    _crawled(site, run)
    assert _passed(instance, "column_schema_change")
    fields = dict(
        list(site.catalogue.model_dump(mode="json", exclude_unset=True)["fields"].items())[:-1]
    )
    _crawled(site, run, fields=fields)
    assert not _passed(instance, "column_schema_change")


def test_bounds_that_no_table_can_keep_are_refused(site: Site):
    with pytest.raises(CatalogueError, match=r"maximum_rows \(1\) is less than minimum_rows \(2\)"):
        site.write(coverage={"minimum_rows": 2, "maximum_rows": 1})
