"""Ends of runs that no executor writes: of a run that waits, and of one that carries failures.

Dagster has public words for cancelling and failing a run from outside, and none for one that
succeeded: a private event type. Not here: which runs are ended so (`runs/companions`,
`runs/ending`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import dagster as dg
from dagster._core.events import AssetMaterializationPlannedData, DagsterEvent, DagsterEventType
from sqlalchemy.exc import SQLAlchemyError

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.web_origin import belong_to_code_location
from catalog_pipeline.orchestration.names import FAILED_FOR_TAG, MAX_RETRIES_TAG


def end_well(instance: dg.DagsterInstance, run: dg.DagsterRun, why: str) -> None:
    """Let a waiting run count as a success."""
    _report(instance, run, DagsterEventType.RUN_START, why)
    _report(instance, run, DagsterEventType.RUN_SUCCESS, why)


def end_in_failure(instance: dg.DagsterInstance, run: dg.DagsterRun, why: str) -> None:
    """Let a waiting run count as failed; nobody retries it."""
    instance.add_run_tags(run.run_id, {MAX_RETRIES_TAG: "0"})
    # A run that never began has tried nothing, and its failure says nothing of its pages.
    _report(instance, run, DagsterEventType.RUN_START, why)
    instance.report_run_failed(run, why)


def keep_reason(instance: dg.DagsterInstance, run_id: str, why: str) -> None:
    """Let who reads no logs know why a run failed as a whole, where the storage takes it and has
    the run yet."""
    with suppress(SQLAlchemyError, StorageError, dg.DagsterRunNotFoundError):
        instance.add_run_tags(run_id, {FAILED_FOR_TAG: f"{run_id} {why}"})


def add_failed_run(
    instance: dg.DagsterInstance,
    like: dg.DagsterRun,
    run_config: Mapping[str, Any],
    announced: tuple[dg.AssetKey, Sequence[str]],
    why: str,
) -> None:
    """Add a run that has failed to get the announced partitions, with the beginning of `like`."""
    record = instance.get_run_record_by_id(like.run_id)
    began_at = (record.start_time if record else None) or time.time()
    run = instance.add_run(
        dg.DagsterRun(
            job_name=like.job_name,
            run_config=run_config,
            asset_selection=like.asset_selection,
            tags={MAX_RETRIES_TAG: "0"},
            job_snapshot_id=like.job_snapshot_id,
            execution_plan_snapshot_id=like.execution_plan_snapshot_id,
            remote_job_origin=like.remote_job_origin,
            job_code_origin=like.job_code_origin,
        )
    )
    belong_to_code_location(instance, run.run_id)
    key, partitions = announced
    _report(instance, run, DagsterEventType.RUN_START, why, began_at)
    for partition in partitions:
        planned = DagsterEvent(
            DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
            job_name=run.job_name,
            message=f"It was to be had by run {like.run_id}.",
            event_specific_data=AssetMaterializationPlannedData(key, partition),
        )
        instance.report_dagster_event(planned, run.run_id)
    instance.report_run_failed(run, why)


def report_check(
    instance: dg.DagsterInstance, run: dg.DagsterRun, evaluation: dg.AssetCheckEvaluation
) -> None:
    """Let a check of a run that is over have a result."""
    event = DagsterEvent(
        DagsterEventType.ASSET_CHECK_EVALUATION.value,
        job_name=run.job_name,
        message=f"{evaluation.check_name}, as the run that took its pages along has found it.",
        event_specific_data=evaluation,
    )
    instance.report_dagster_event(event, run.run_id)


def _report(
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    kind: DagsterEventType,
    why: str,
    at: float | None = None,
) -> None:
    event = DagsterEvent(event_type_value=kind.value, job_name=run.job_name, message=why)
    instance.report_dagster_event(event, run.run_id, timestamp=at)
