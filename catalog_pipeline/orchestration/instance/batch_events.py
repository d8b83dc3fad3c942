"""Events of the running step, given to the event log many at a time.

The public `context.log_event` stores one event per transaction and keeps every event in memory
until the step ends; a batch id makes `report_dagster_event` hand many events to the storage at
once, and the storages that cannot store batches fall back to one by one. Private parts of Dagster:
a test of the writer fails if these names or their effect change. Not here: what the events say
(`checkpoints/writer`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster._core.events import (
    AssetMaterializationPlannedData,
    AssetObservationData,
    DagsterEventBatchMetadata,
    StepMaterializationData,
    generate_event_batch_id,
)
from dagster._core.events.log import EventLogEntry
from dagster._time import get_current_timestamp

from catalog_pipeline.crawling.ports import Fence
from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog
from catalog_pipeline.orchestration.instance.sql.materialization_json import Made
from catalog_pipeline.orchestration.instance.unusable_storage import storage_in_use


class StepEvents:
    """Makes and stores events of the step that a context is of; for the step's main thread.

    They name the step by its key alone: a crawl stores several of each page. What is stored passes
    the `fence`.
    """

    def __init__(self, context: dg.AssetExecutionContext, fence: Fence) -> None:
        self._fence = fence
        self._instance = context.instance
        self._run_id = context.run.run_id
        step_context = context.op_execution_context.get_step_execution_context()
        self._origin: dict[str, Any] = {
            "job_name": step_context.job_name,
            "step_key": step_context.step.key,
        }

    def materialized(self, what: dg.AssetMaterialization, message: str) -> dg.DagsterEvent:
        """The event of a materialization."""
        data = StepMaterializationData(what)
        return _event(dg.DagsterEventType.ASSET_MATERIALIZATION, data, message, self._origin)

    def store_pages(self, key: dg.AssetKey, pages: Sequence[Made]) -> None:
        """Store materializations of partitions, in one transaction where the storage can.

        Our own storage needs the event of the last one alone to write all.

        Raises:
            LeaseLostError: the fence lets nothing pass.
            StorageError: it cannot.
        """
        self._fence(lambda: self._store_pages(key, pages))

    def _store_pages(self, key: dg.AssetKey, pages: Sequence[Made]) -> None:
        storage = self._instance.event_log_storage
        if isinstance(storage, BatchedEventLog) and pages:
            last = self._page(key, pages[-1])
            entry = EventLogEntry(
                user_message="",
                level=logging.DEBUG,
                job_name=last.job_name,
                run_id=self._run_id,
                error_info=None,
                timestamp=get_current_timestamp(),
                step_key=last.step_key,
                dagster_event=last,
            )
            with storage_in_use(self._instance.root_directory):
                if storage.store_pages(entry, pages):
                    return
        self._store([self._page(key, page) for page in pages])

    def _page(self, key: dg.AssetKey, page: Made) -> dg.DagsterEvent:
        what = dg.AssetMaterialization(
            key, partition=page.partition, metadata=page.metadata, tags=page.tags
        )
        return self.materialized(what, page.message)

    def observed(self, what: dg.AssetObservation, message: str) -> dg.DagsterEvent:
        """The event of an observation."""
        data = AssetObservationData(what)
        return _event(dg.DagsterEventType.ASSET_OBSERVATION, data, message, self._origin)

    def planned(self, key: dg.AssetKey, partition: str, message: str) -> dg.DagsterEvent:
        """The event that announces a partition, as Dagster does for those of a run's range."""
        data = AssetMaterializationPlannedData(key, partition)
        kind = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
        return _event(kind, data, message, self._origin)

    def forget_plans(self, key: dg.AssetKey) -> None:
        """Remove what the run announced and what has come since, where the storage can."""
        storage = self._instance.event_log_storage
        if isinstance(storage, BatchedEventLog):
            with storage_in_use(self._instance.root_directory):
                self._fence(lambda: storage.forget_superseded_plans(key, self._run_id))

    def store(self, events: Sequence[dg.DagsterEvent]) -> None:
        """Store the events, in one transaction where the storage can.

        Raises:
            LeaseLostError: the fence lets nothing pass.
            StorageError: it cannot.
        """
        if events:
            self._fence(lambda: self._store(events))

    def _store(self, events: Sequence[dg.DagsterEvent]) -> None:
        batch = generate_event_batch_id()
        last = len(events) - 1
        with storage_in_use(self._instance.root_directory):
            for index, event in enumerate(events):
                self._instance.report_dagster_event(
                    event,
                    self._run_id,
                    logging.DEBUG,
                    batch_metadata=DagsterEventBatchMetadata(batch, index == last),
                )


def _event(
    kind: dg.DagsterEventType, data: Any, message: str, origin: dict[str, Any]
) -> dg.DagsterEvent:
    return dg.DagsterEvent(
        event_type_value=kind.value, event_specific_data=data, message=message, **origin
    )
