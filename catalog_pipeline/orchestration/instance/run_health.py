"""What run monitoring is told of a run's worker, whichever launcher is asked.

Not here: how one knows (`liveness`).
"""

from __future__ import annotations

import dagster as dg
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus

from catalog_pipeline.orchestration.instance.liveness import liveness_of, remove_stale_signs


def health_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> CheckRunHealthResult:
    """Whether it lives, by its sign of life, and by what one knows of it."""
    if run.is_finished:
        return CheckRunHealthResult(WorkerStatus.SUCCESS)
    liveness = liveness_of(instance, run)
    if liveness.is_alive:
        return CheckRunHealthResult(WorkerStatus.RUNNING, liveness.reason)
    remove_stale_signs(instance)
    return CheckRunHealthResult(WorkerStatus.FAILED, liveness.reason)
