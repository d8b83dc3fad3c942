"""Lets the web UI re-execute runs of the command line.

Such a run belongs to no code location, and Dagster re-executes only what it can find in one. Once
it has ended, it is given to the location that has its catalogue: the project's, or our own.
"""

import os

import dagster as dg
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from catalog_pipeline.catalogue.project import named_project

CODE_LOCATION = "catalog_pipeline"
_REPOSITORY = "__repository__"


def belong_to_code_location(instance: dg.DagsterInstance, run_id: str) -> None:
    """Give an ended run to the project's code location."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.remote_job_origin is not None:
        return
    project = named_project(os.environ)
    location = project.code_location if project else CODE_LOCATION
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(location), _REPOSITORY)
    instance.run_storage.replace_job_origin(run, RemoteJobOrigin(repository, run.job_name))
