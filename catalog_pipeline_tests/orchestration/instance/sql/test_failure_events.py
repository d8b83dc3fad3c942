"""Recorded failures are what the web UI gets when it asks for partitions that failed."""

import dagster as dg
import pytest
from dagster._core.events import AssetObservationData
from dagster._core.events.log import EventLogEntry

from catalog_pipeline.orchestration.checkpoints.metadata import metadata_of_failure
from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog
from catalog_pipeline_tests.orchestration.checkpoints.test_metadata import FAILURE
from catalog_pipeline_tests.orchestration.histories import KINDS, PAGES, Clock, RunHistory


@pytest.fixture
def storage(instance: dg.DagsterInstance) -> BatchedEventLog:
    """With a failure of page 1, two of page 2, and an observation of other hands of page 3."""
    opened = instance.event_log_storage
    assert isinstance(opened, BatchedEventLog)
    run = RunHistory(Clock())
    opened.store_event_batch([_failure(run, page) for page in ("1", "2", "2")])
    opened.store_event(run.observed(PAGES, "3"))
    return opened


def _failure(run: RunHistory, page: str) -> EventLogEntry:
    seen = dg.AssetObservation(PAGES, partition=page, metadata=metadata_of_failure(FAILURE))
    return run.event(KINDS.ASSET_OBSERVATION, AssetObservationData(seen))


def test_failures_are_told_as_such_with_all_that_is_known(
    storage: BatchedEventLog,
) -> None:
    found = storage.fetch_failed_materializations(PAGES, 10)
    assert [record.partition_key for record in found.records] == ["2", "2", "1"]
    event = found.records[0].event_log_entry.get_dagster_event()
    failed = event.asset_failed_to_materialize_data
    assert (failed.partition, failed.failure_type.value) == ("2", "FAILED")
    assert failed.asset_materialization_failure.metadata["error"].value == FAILURE.message
    assert event.event_type == KINDS.ASSET_FAILED_TO_MATERIALIZE


def test_failures_of_one_partition_can_be_asked_for(storage: BatchedEventLog) -> None:
    of_one = dg.AssetRecordsFilter(PAGES, asset_partitions=["1"])
    assert len(storage.fetch_failed_materializations(of_one, 10).records) == 1
    first = storage.fetch_failed_materializations(PAGES, 2)
    assert ([record.partition_key for record in first.records], first.has_more) == (["2"], True)
    rest = storage.fetch_failed_materializations(PAGES, 10, cursor=first.cursor)
    assert [record.partition_key for record in rest.records] == ["2", "1"]


def test_they_stay_observations_for_all_but_the_web_ui(
    storage: BatchedEventLog,
) -> None:
    assert len(storage.fetch_observations(PAGES, 10).records) == 4
    storage.tells_failures_once = True
    (record,) = storage.fetch_observations(PAGES, 10).records
    assert record.partition_key == "3"
    assert len(storage.fetch_failed_materializations(PAGES, 10).records) == 3
