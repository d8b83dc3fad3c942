"""What the daemon does at a tick, and what it does with a run that died, as a process.

`tick TIME` asks the schedule of the catalogue `shop` and executes the run that it wants;
`retry RUN_ID` executes a run again as retries and "Re-execute" do: same pages, same config, a child
of the first. Prints the run's id, or nothing if there was nothing to do.
"""

import sys
from datetime import datetime
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from catalog_pipeline.definitions import defs
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life
from catalog_pipeline.orchestration.names import plain_pages_key
from catalog_pipeline_tests.site import NAME


def wanted_at(instance: dg.DagsterInstance, tick: datetime) -> dg.RunRequest | None:
    """The run that the schedule wants at a tick."""
    schedule = defs().resolve_schedule_def(f"{NAME}_refresh_schedule")
    context = dg.build_schedule_context(instance=instance, scheduled_execution_time=tick)
    requests = schedule.evaluate_tick(context).run_requests
    return requests[0] if requests else None


def execute(
    instance: dg.DagsterInstance, request: dg.RunRequest, parent: dg.DagsterRun | None = None
) -> str:
    """Execute the run in this process; returns its id."""
    selection = frozenset([plain_pages_key(NAME)])
    job = defs().resolve_implicit_global_asset_job_def().get_subset(asset_selection=selection)
    run = instance.create_run_for_job(
        job,
        run_config=request.run_config,
        tags=request.tags,
        asset_selection=selection,
        parent_run_id=parent.run_id if parent else None,
        root_run_id=(parent.root_run_id or parent.run_id) if parent else None,
    )
    print(run.run_id, flush=True)
    with hold_sign_of_life(Path(instance.root_directory), run.run_id):
        execute_run(InMemoryJob(job), run, instance)
    return run.run_id


def main() -> None:
    """Do what the arguments say."""
    act, argument = sys.argv[1:]
    with dg.DagsterInstance.get() as instance:
        if act == "tick":
            request = wanted_at(instance, datetime.fromisoformat(argument))
            if request is not None:
                execute(instance, request)
            return
        parent = instance.get_run_by_id(argument)
        assert parent is not None
        again = dg.RunRequest(run_config=dict(parent.run_config), tags=dict(parent.tags))
        execute(instance, again, parent)


if __name__ == "__main__":
    main()
