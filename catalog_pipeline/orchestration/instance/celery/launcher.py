"""The run launcher over Celery, dagster-celery's: a run is alive as long as it is heard of.

Celery's own record of a task says nothing of a worker that died. Named in a `dagster.yaml`. Not
here: how one knows that a run is alive (`liveness`), and what a worker does (`app`).
"""

from __future__ import annotations

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult, LaunchRunContext
from dagster_celery.config import TASK_EXECUTE_JOB_NAME
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tags import DAGSTER_CELERY_TASK_ID_TAG
from kombu.exceptions import OperationalError

from catalog_pipeline.orchestration.instance.run_health import health_of


class LeaseCheckingCeleryRunLauncher(CeleryRunLauncher):
    """Dagster's launcher over Celery with health checks that ask the run's sign of life."""

    @property
    def supports_resume_run(self) -> bool:
        """A run that died is retried: what it had recorded is not downloaded again."""
        return False

    def launch_run(self, context: LaunchRunContext) -> None:
        """Give the run to the broker.

        Raises:
            DagsterUserCodeUnreachableError: it is away, so that the run goes back to the queue.
        """
        # Dagster makes the task anew for each run, and Celery warns of one of that name.
        self.celery.tasks.pop(TASK_EXECUTE_JOB_NAME, None)
        try:
            super().launch_run(context)
        except OperationalError as error:
            told = f"The broker of the workers cannot be reached: {error}"
            raise DagsterUserCodeUnreachableError(told) from error

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """By the sign of life that the run's worker gives in the database."""
        return health_of(self._instance, run)

    def terminate(self, run_id: str) -> bool:
        """Ask a run to end: by its status, at which its step looks; one that no worker has begun
        with does not begin."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.report_run_canceling(run)
        task_id = run.tags.get(DAGSTER_CELERY_TASK_ID_TAG)
        if task_id is not None:
            self.celery.control.revoke(task_id)
        return True
