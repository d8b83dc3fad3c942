"""What a Celery worker is started with, by the name of this module: `celery -A ... worker`.

Where the broker is says the run launcher in the home's `dagster.yaml`, for all processes alike. A
task is taken from the broker when it begins: one whose worker dies is not given out again, but its
run found dead and retried.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from celery import Celery
from dagster._cli.api import _execute_run_command_body
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import unpack_value
from dagster_celery.config import TASK_EXECUTE_JOB_NAME
from dagster_celery.launcher import CeleryRunLauncher

from catalog_pipeline.errors import UsageError
from catalog_pipeline.orchestration.instance.host_leases import leases_of
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life
from catalog_pipeline.orchestration.instance.open import open_instance_of_worker
from catalog_pipeline.places import SETTINGS_NAME, dagster_home


@cache
def _app_of_home() -> Celery:
    with open_instance_of_worker() as instance:
        launcher = instance.run_launcher
        if not isinstance(launcher, CeleryRunLauncher):
            raise UsageError(
                f"{dagster_home() / SETTINGS_NAME} names no run launcher over Celery; a worker "
                f"needs the same settings as the daemon: deploy/celery/dagster.yaml."
            )
    app: Celery = launcher.celery
    app.task(_execute_run, name=TASK_EXECUTE_JOB_NAME, acks_late=False, ignore_result=True)
    return app


def _execute_run(execute_job_args_packed: Any) -> None:
    """Execute a run, which gives a sign of life from its first moment on."""
    args = unpack_value(execute_job_args_packed, as_type=ExecuteRunArgs)
    with (
        open_instance_of_worker() as instance,
        hold_sign_of_life(Path(instance.root_directory), args.run_id, leases_of(instance)),
    ):
        _execute_run_command_body(
            args.run_id, instance, lambda event: None, set_exit_code_on_failure=False
        )


def __getattr__(name: str) -> Celery:
    """The `app` that Celery looks for, not before it does: the home may be of another kind."""
    if name != "app":
        raise AttributeError(name)
    return _app_of_home()
