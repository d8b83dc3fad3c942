"""A catalogue whose key is another than when it was crawled: told, and nothing is lost."""

import dagster as dg
import pytest
from dagster._core.code_pointer import CodePointer
from dagster._core.definitions.reconstruct import initialize_repository_def_from_pointer
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value

from catalog_pipeline.orchestration.checkpoints.other_history import tell_other_history
from catalog_pipeline.orchestration.names import pages_key, plain_pages_key, products_key
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

PREFIX = ["eu", "shops"]


def _of_the_shop(run: Run) -> dict:
    return next(each for each in run("status", NAME, "--json").json if each["catalogue"] == NAME)


def test_the_command_and_the_location_see_one_history_under_the_prefix(
    site: Site, run: Run, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3, key_prefix=PREFIX)
    site.shop.control(faults=["2=404"])
    assert run("run", NAME).code == 1
    found = _of_the_shop(run)
    assert (found["done"], found["failed_pages"], found["table_rows"]) == (2, "2", 40)
    assert set(instance.all_asset_keys()) == {pages_key(catalogue), products_key(catalogue)}

    pointer = CodePointer.from_module("catalog_pipeline.definitions", "defs", None)
    location = initialize_repository_def_from_pointer(pointer)
    partitions = location.asset_graph.get(pages_key(catalogue)).partitions_def
    assert partitions is not None
    shown = get_and_update_asset_status_cache_value(instance, pages_key(catalogue), partitions)
    assert shown is not None
    assert shown.deserialize_materialized_partition_subsets(partitions).get_partition_keys() == {
        "1",
        "3",
    }
    context = dg.build_sensor_context(instance, repository_def=location)
    sensor = location.get_sensor_def("eu__shops__shop_table_sensor")
    assert "holds all pages" in str(sensor.evaluate_tick(context).skip_message)

    site.shop.control(faults=[], reset_hits=True)
    assert run("run", NAME).code == 0
    assert site.downloads() == {2: 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [([], PREFIX), (PREFIX, []), (["eu"], PREFIX)],
    ids=["set", "gone", "other"],
)
def test_pages_of_another_key_are_told_and_taken_over_without_a_download(
    site: Site, run: Run, instance: dg.DagsterInstance, before: list[str], after: list[str]
):
    old = pages_key(site.write(last_page=3, key_prefix=before))
    assert run("run", NAME).code == 0
    instance.wipe_asset_partitions(old, ["2"])
    site.shop.control(reset_hits=True)
    site.write(last_page=3, key_prefix=after)

    shown = _of_the_shop(run)
    assert shown["missing"] == 3
    assert f"pages 1,3 are recorded under the key {'/'.join(old.path)}" in shown["other_history"]
    assert f"set key_prefix to [{', '.join(before)}]" in shown["other_history"]
    answer = run("run", NAME)
    assert answer.code == 0
    assert "are recorded under the key" in answer.err.replace("\n", " ")
    assert site.downloads() == {2: 1}, "what was wiped under the old key stays wiped"

    shown = _of_the_shop(run)
    assert (shown["done"], shown["table_rows"], shown["other_history"]) == (3, 60, None)


def test_an_asset_of_somebody_else_is_no_history(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(key_prefix=PREFIX)
    for partition in (None, "1"):
        theirs = dg.AssetMaterialization(plain_pages_key(NAME), partition=partition)
        instance.report_runless_asset_event(theirs)
    assert tell_other_history(instance, catalogue) is None
