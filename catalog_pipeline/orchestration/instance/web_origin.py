"""The code location that has the catalogues, and how runs of the command line come to be its.

Such a run belongs to no code location, and Dagster re-executes only what it can find in one. Once
it has ended, it is given to the location that has its catalogue: the project's, or our own.
"""

import os
from collections.abc import Mapping

import dagster as dg
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from catalog_pipeline.catalogue.project import named_project

_REPOSITORY = "__repository__"


def code_location(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The location as a workspace file names it: that of the project that is meant, or our own."""
    project = named_project(environ)
    if project is None:
        return {"module_name": "catalog_pipeline.definitions", "location_name": "catalog_pipeline"}
    return {
        "module_name": project.definitions_module,
        "working_directory": str(project.source),
        "location_name": project.code_location,
    }


def belong_to_code_location(instance: dg.DagsterInstance, run_id: str) -> None:
    """Give an ended run to the project's code location."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.remote_job_origin is not None:
        return
    location = RegisteredCodeLocationOrigin(code_location()["location_name"])
    repository = RemoteRepositoryOrigin(location, _REPOSITORY)
    instance.run_storage.replace_job_origin(run, RemoteJobOrigin(repository, run.job_name))
