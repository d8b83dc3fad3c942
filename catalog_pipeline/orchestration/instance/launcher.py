"""The run launcher, able to tell whether a run's process is alive, and to end it.

Dagster's default launcher cannot tell, so that a run whose process was killed stays started for
ever. Named in `dagster.yaml`; run monitoring asks it about every started run and fails the dead
ones, and run retries launch them again. Not here: how one knows (`liveness`).
"""

import os
import signal
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.launcher import CheckRunHealthResult
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

from catalog_pipeline.orchestration.instance.liveness import process_with_sign
from catalog_pipeline.orchestration.instance.run_health import health_of
from catalog_pipeline.orchestration.instance.run_process import has_code_server


class HealthCheckingRunLauncher(DefaultRunLauncher):
    """Dagster's default launcher with worker health checks, for runs of the command line too."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        return health_of(self._instance, run)

    def terminate(self, run_id: str) -> bool:
        """Asks the run's process to end: by its code server, else by a signal."""
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        if has_code_server(run):
            try:
                return super().terminate(run_id)
            except DagsterUserCodeUnreachableError:
                return self._end_process(run)
        self._instance.report_run_canceling(run)
        return self._end_process(run)

    def _end_process(self, run: dg.DagsterRun) -> bool:
        pid = process_with_sign(Path(self._instance.root_directory), run.run_id)
        if pid is None:
            self._report(run, "No process on this machine gives a sign of life for this run.")
            return False
        self._report(run, f"Asking process {pid} to end, as no code server runs it.")
        os.kill(pid, signal.SIGTERM)
        return True

    def _report(self, run: dg.DagsterRun, message: str) -> None:
        instance: dg.DagsterInstance = self._instance
        instance.report_engine_event(message, run, cls=type(self))
