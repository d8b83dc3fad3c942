"""A partition wiped in the UI is missing again, and the others are as they were."""

from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value
from dagster._core.workspace.load_target import PythonFileTarget
from dagster_graphql.schema import create_schema

from catalog_pipeline_tests.orchestration import launched_jobs
from catalog_pipeline_tests.orchestration.code_server import code_server
from catalog_pipeline_tests.orchestration.histories import JOB, KINDS, PAGES, Clock, RunHistory

PARTITIONS = dg.StaticPartitionsDefinition([str(page) for page in range(1, 6)])
WIPE = """
mutation Wipe($ranges: [PartitionsByAssetSelector!]!) {
  wipeAssets(assetPartitionRanges: $ranges) {
    __typename
    ... on PythonError { message }
    ... on UnsupportedOperationError { message }
  }
}
"""


def _crawled(instance: dg.DagsterInstance) -> RunHistory:
    """Pages 1 to 4 done, 5 failed."""
    run = RunHistory(Clock())
    instance.add_run(DagsterRun(JOB, run_id=run.run_id))
    for kind in (KINDS.RUN_START, KINDS.RUN_FAILURE):
        event = dg.DagsterEvent(kind.value, JOB, message="it begins, and ends")
        instance.run_storage.handle_run_event(run.run_id, event, None)
    storage = instance.event_log_storage
    storage.store_event_batch(run.planned(PAGES, "1", "2", "3", "4", "5"))
    storage.store_event_batch([run.materialized(PAGES, page, f"v{page}") for page in "1234"])
    return run


def _status(instance: dg.DagsterInstance) -> tuple[set[str], set[str]]:
    """Materialized and failed pages, as the partition grid shows them."""
    cached = get_and_update_asset_status_cache_value(instance, PAGES, PARTITIONS)
    if cached is None:
        return set(), set()
    done = cached.deserialize_materialized_partition_subsets(PARTITIONS).get_partition_keys()
    failed = cached.deserialize_failed_partition_subsets(PARTITIONS).get_partition_keys()
    return set(done), set(failed)


@pytest.mark.parametrize("wiped", [["2"], ["4"], ["5"], ["3", "4", "5"], ["1", "2", "3", "4", "5"]])
def test_a_wiped_partition_is_missing_again(instance: dg.DagsterInstance, wiped: list[str]) -> None:
    _crawled(instance)
    assert _status(instance) == ({"1", "2", "3", "4"}, {"5"})
    instance.wipe_asset_partitions(PAGES, wiped)
    assert _status(instance) == ({"1", "2", "3", "4"} - set(wiped), {"5"} - set(wiped))
    assert instance.has_asset_key(PAGES)


@pytest.mark.parametrize("instant", ["before the wipe", "before it is recorded", "after it"])
@pytest.mark.parametrize("is_whole", [False, True])
def test_a_status_found_out_before_a_wipe_does_not_outlive_it(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, instant: str, is_whole: bool
) -> None:
    """Two look at the partition grid and wipe at the same time, in each order there is."""
    _crawled(instance)
    storage = instance.event_log_storage
    old = get_and_update_asset_status_cache_value(instance, PAGES, PARTITIONS)
    assert old is not None

    def keep_old() -> None:
        storage.update_asset_cached_status_data(PAGES, old)

    if instant == "before the wipe":
        keep_old()
    elif instant == "before it is recorded":
        record = instance.report_dagster_event

        def keep_and_record(*event: Any, **more: Any) -> None:
            keep_old()
            record(*event, **more)

        monkeypatch.setattr(instance, "report_dagster_event", keep_and_record)
    if is_whole:
        instance.wipe_assets([PAGES])
    else:
        instance.wipe_asset_partitions(PAGES, ["2"])
    if instant == "after it":
        keep_old()
    monkeypatch.undo()
    assert _status(instance) == ((set(), set()) if is_whole else ({"1", "3", "4"}, {"5"}))


def test_the_latest_materialization_of_the_asset_is_one_that_is_left(
    instance: dg.DagsterInstance,
) -> None:
    _crawled(instance)
    instance.wipe_asset_partitions(PAGES, ["3", "4"])
    latest = instance.get_latest_materialization_event(PAGES)
    assert latest is not None
    assert latest.asset_materialization is not None
    assert latest.asset_materialization.partition == "2"
    instance.wipe_asset_partitions(PAGES, ["1", "2"])
    assert instance.get_latest_materialization_event(PAGES) is None


def test_the_logs_of_the_run_keep_what_was_wiped(instance: dg.DagsterInstance) -> None:
    run = _crawled(instance)
    instance.wipe_asset_partitions(PAGES, ["1"])
    logged = instance.all_logs(run.run_id, of_type=KINDS.ASSET_MATERIALIZATION)
    assert len(logged) == 4


def test_tags_of_a_wiped_partition_are_gone(instance: dg.DagsterInstance) -> None:
    _crawled(instance)
    instance.wipe_asset_partitions(PAGES, ["4"])
    tags = instance.event_log_storage.get_event_tags_for_asset(PAGES)
    assert [tag["dagster/data_version"] for tag in tags] == ["v1", "v2", "v3"]


def test_a_page_recorded_after_a_wipe_is_behind_no_cursor(instance: dg.DagsterInstance) -> None:
    """SQLite would give the id of a deleted last event once more."""
    run = _crawled(instance)
    last = instance.event_log_storage.get_maximum_record_id()
    instance.wipe_asset_partitions(PAGES, ["3", "4"])
    instance.event_log_storage.store_event(run.materialized(PAGES, "4", "new"))
    seen = instance.event_log_storage.get_materialized_partitions(PAGES, after_cursor=last)
    assert seen == {"4"}


@pytest.mark.processes
@pytest.mark.parametrize("engine_home", ["home"], indirect=True)
def test_the_ui_wipes_a_range_of_pages(instance: dg.DagsterInstance) -> None:
    """By the mutation that the asset page's dialog sends."""
    _crawled(instance)
    target = PythonFileTarget(str(launched_jobs.__file__), None, None, "shop")
    pages = {"path": list(PAGES.path)}
    wiped = {"assetKey": pages, "partitions": {"range": {"start": "2", "end": "3"}}}
    with code_server(instance, target) as context:
        result = create_schema().execute(
            WIPE,
            variables={"ranges": [wiped]},
            context=context.create_request_context(),
        )
    assert result.errors is None
    assert result.data["wipeAssets"]["__typename"] == "AssetWipeSuccess"
    assert _status(instance) == ({"1", "4"}, {"5"})
