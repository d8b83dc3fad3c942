"""Writes what a crawl did into Dagster's event log: checkpoints, failures, planned pages.

One of the few modules that use Dagster's private API. The public `context.log_event` stores one
event per transaction and keeps every event in memory until the step ends; a batch id makes
`report_dagster_event` hand many events to the storage at once, and the storages that cannot
store batches fall back to one by one. `catalog_pipeline_tests` has a test that fails if these
names or their effect change.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from typing import Any

import dagster as dg
from dagster._core.events import (
    AssetMaterializationPlannedData,
    AssetObservationData,
    DagsterEvent,
    DagsterEventBatchMetadata,
    DagsterEventType,
    StepMaterializationData,
    generate_event_batch_id,
)

from catalog_pipeline.orchestration.checkpoints.metadata import (
    metadata_of_failure,
    metadata_of_page,
)
from catalog_pipeline.orchestration.names import DATA_VERSION_TAG
from catalog_pipeline.records import PageFailure, StoredPage


class EventRecorder:
    """Records the pages of one run; a `Recorder` of the crawl. For the step's main thread."""

    def __init__(self, context: dg.AssetExecutionContext, pages_key: dg.AssetKey) -> None:
        self._instance = context.instance
        self._run_id = context.run.run_id
        self._key = pages_key
        self.recorded: list[StoredPage] = []
        step_context = context.op_execution_context.get_step_execution_context()
        self._common: dict[str, Any] = {
            "job_name": step_context.job_name,
            "step_handle": step_context.step.handle,
            "node_handle": step_context.step.node_handle,
            "step_kind_value": step_context.step.kind.value,
            "logging_tags": step_context.event_tags,
            "pid": os.getpid(),
        }

    def record_pages(self, pages: Sequence[StoredPage]) -> None:
        """Write the checkpoints of pages, in one batch."""
        self._report([self._materialization(stored) for stored in pages])
        self.recorded.extend(pages)

    def record_failure(self, failure: PageFailure) -> None:
        """Write why a page could not be had."""
        observation = dg.AssetObservation(
            self._key, partition=str(failure.page), metadata=metadata_of_failure(failure)
        )
        self._report(
            [
                DagsterEvent(
                    event_type_value=DagsterEventType.ASSET_OBSERVATION.value,
                    event_specific_data=AssetObservationData(observation),
                    message=failure.message,
                    **self._common,
                )
            ]
        )

    def plan_pages(self, pages: Iterable[int]) -> None:
        """Announce pages that the run's partition tags do not name, as Dagster does for ranges."""
        self._report(
            [
                DagsterEvent(
                    event_type_value=DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
                    event_specific_data=AssetMaterializationPlannedData(self._key, str(page)),
                    message=f"The run intends to materialize page {page}.",
                    **self._common,
                )
                for page in pages
            ]
        )

    def _materialization(self, stored: StoredPage) -> DagsterEvent:
        materialization = dg.AssetMaterialization(
            self._key,
            partition=str(stored.record.page),
            metadata=metadata_of_page(stored),
            tags={DATA_VERSION_TAG: stored.record.data_version},
        )
        return DagsterEvent(
            event_type_value=DagsterEventType.ASSET_MATERIALIZATION.value,
            event_specific_data=StepMaterializationData(materialization),
            message=f"Page {stored.record.page} is stored.",
            **self._common,
        )

    def _report(self, events: Sequence[DagsterEvent]) -> None:
        batch = generate_event_batch_id()
        last = len(events) - 1
        for index, event in enumerate(events):
            self._instance.report_dagster_event(
                event,
                self._run_id,
                logging.DEBUG,
                batch_metadata=DagsterEventBatchMetadata(batch, index == last),
            )
