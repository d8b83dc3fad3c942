"""Lets the web UI re-execute runs of the command line.

Such a run belongs to no code location, and Dagster re-executes only what it can find in one. Once
it has ended, it is given to the location that `workspace.yaml` names.
"""

import dagster as dg
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

CODE_LOCATION = "catalog_pipeline"
_REPOSITORY = "__repository__"


def belong_to_code_location(instance: dg.DagsterInstance, run_id: str) -> None:
    """Give an ended run to the project's code location."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.remote_job_origin is not None:
        return
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(CODE_LOCATION), _REPOSITORY)
    instance.run_storage.replace_job_origin(run, RemoteJobOrigin(repository, run.job_name))
