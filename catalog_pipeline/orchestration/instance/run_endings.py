"""Ends runs that wait, from outside: what they were to do was done, or has failed, elsewhere.

Dagster has public words for cancelling and failing a run that is another process's, and none for
one that succeeded: a private event type. Not here: which runs are ended so (`runs/companions`).
"""

from __future__ import annotations

import dagster as dg
from dagster._core.events import DagsterEvent, DagsterEventType

from catalog_pipeline.orchestration.names import MAX_RETRIES_TAG


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


def _report(
    instance: dg.DagsterInstance, run: dg.DagsterRun, kind: DagsterEventType, why: str
) -> None:
    event = DagsterEvent(event_type_value=kind.value, job_name=run.job_name, message=why)
    instance.report_dagster_event(event, run.run_id)
