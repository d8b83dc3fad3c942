"""What the recorder leans on in Dagster, and that other storages get the same events."""

import inspect
from pathlib import Path

import dagster as dg
import pytest
import yaml
from dagster._core.events import (
    AssetMaterializationPlannedData,
    AssetObservationData,
    DagsterEvent,
    DagsterEventBatchMetadata,
    StepMaterializationData,
    generate_event_batch_id,
)

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import read_checkpoints, read_failures
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.sqlite.event_log import BatchedSqliteEventLogStorage
from catalog_pipeline.orchestration.names import DATA_VERSION_TAG, plain_pages_key
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

CHANGED = "Dagster changed what EventRecorder leans on; look at event_recorder.py before widening"


def test_dagster_still_takes_events_in_batches():
    report = inspect.signature(dg.DagsterInstance.report_dagster_event).parameters
    assert list(report)[:4] == ["self", "dagster_event", "run_id", "log_level"], CHANGED
    assert "batch_metadata" in report, CHANGED
    assert list(inspect.signature(DagsterEventBatchMetadata).parameters) == ["id", "is_end"], (
        CHANGED
    )
    assert isinstance(generate_event_batch_id(), str), CHANGED


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (
            DagsterEvent,
            {
                "event_type_value", "job_name", "step_handle", "node_handle", "step_kind_value",
                "logging_tags", "event_specific_data", "message", "pid",
            },
        ),
        (StepMaterializationData, {"materialization"}),
        (AssetObservationData, {"asset_observation"}),
        (AssetMaterializationPlannedData, {"asset_key", "partition"}),
    ],
)  # fmt: skip
def test_events_still_have_the_fields_that_are_filled(kind: type, names: set[str]):
    assert names <= set(inspect.signature(kind).parameters), CHANGED


@pytest.fixture(params=["ours", "stock"])
def storage_instance(request: pytest.FixtureRequest, home: Path):
    """An instance with the project's event log storage, and one with Dagster's own."""
    settings = yaml.safe_load(
        (Path(__file__).parents[3] / "dagster_home" / "dagster.yaml").read_text()
    )
    if request.param == "stock":
        for name in ("event_log_storage", "run_storage", "schedule_storage"):
            del settings[name]
    (home / "dagster.yaml").write_text(yaml.safe_dump(settings))
    with open_instance() as opened:
        is_ours = isinstance(opened.event_log_storage, BatchedSqliteEventLogStorage)
        assert is_ours == (request.param == "ours")
        yield opened


@pytest.mark.processes
@pytest.mark.embedded("makes storages of its own, in files")
def test_any_storage_gets_the_same_events(site: Site, storage_instance: dg.DagsterInstance):
    instance = storage_instance
    catalogue = site.write(last_page=6)
    site.shop.control(faults=["2=404", "5=empty"])
    crawl = crawl_here(instance, catalogue, keys(1, 2, 3, 5, 6), None)
    assert crawl.status == dg.DagsterRunStatus.FAILURE

    statuses = read_statuses(instance, catalogue, catalogue.pages)
    assert statuses.done == set(keys(1, 3, 6))
    assert set(statuses.failed) == set(keys(2, 5))
    assert statuses.missing == set(keys(4))
    checkpoints = read_checkpoints(instance, catalogue, catalogue.pages)
    assert {page.number: stored.record.rows for page, stored in checkpoints.items()} == {
        1: 20, 3: 20, 6: 20,
    }  # fmt: skip
    assert all(stored.record.fetched_at.tzinfo for stored in checkpoints.values())
    failures = read_failures(instance, catalogue, catalogue.pages)
    assert {page.number: failure.http_status for page, failure in failures.items()} == {
        2: 404,
        5: 200,
    }
    assert "the server answered 404" in failures[PageKey(2)].message

    events = instance.fetch_materializations(plain_pages_key(NAME), limit=10).records
    assert sorted(str(record.partition_key) for record in events) == ["1", "3", "6"]
    for record in events:
        assert record.asset_materialization is not None
        tags = record.asset_materialization.tags or {}
        page = PageKey.parse(str(record.partition_key))
        assert tags[DATA_VERSION_TAG] == checkpoints[page].record.data_version
        assert record.run_id == crawl.run_id
