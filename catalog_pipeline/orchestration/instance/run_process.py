"""What other than its sign of life shows that a run is being executed.

Here: asking the code server that was given the run, and looking for the process that logged the
run's start. Not here: the judgement (`liveness`).
"""

import json

import dagster as dg
from dagster._core.storage.tags import GRPC_INFO_TAG

from catalog_pipeline.system.processes import is_alive, started_at

SERVER_TIMEOUT_SECONDS = 5
STARTED_BEFORE_SECONDS = 2.0
"""How far the clock of process starts, which counts from boot, may be off."""


def has_code_server(run: dg.DagsterRun) -> bool:
    """Whether the run was given to a code server, rather than executed by a command line."""
    return GRPC_INFO_TAG in run.tags


def code_server_runs(run: dg.DagsterRun) -> bool:
    """Whether the code server that was given the run says that it runs it."""
    if not has_code_server(run):
        return False
    # Importing gRPC costs the command line more than anything else here, and few runs need it.
    from dagster._core.errors import DagsterUserCodeUnreachableError
    from dagster._grpc.client import DagsterGrpcClient
    from dagster._grpc.types import CanCancelExecutionRequest, CanCancelExecutionResult
    from dagster._serdes import deserialize_value

    address = json.loads(run.tags[GRPC_INFO_TAG])
    client = DagsterGrpcClient(
        port=address.get("port"),
        socket=address.get("socket"),
        host=address.get("host"),
        use_ssl=bool(address.get("use_ssl", False)),
    )
    try:
        answer = client.can_cancel_execution(
            CanCancelExecutionRequest(run_id=run.run_id), timeout=SERVER_TIMEOUT_SECONDS
        )
    except DagsterUserCodeUnreachableError:
        return False
    return deserialize_value(answer, CanCancelExecutionResult).can_cancel


def process_of_run_lives(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether a process of this machine that logged the start of the run or a step is alive."""
    started = instance.get_records_for_run(
        run.run_id,
        of_type={dg.DagsterEventType.RUN_START, dg.DagsterEventType.STEP_START},
        limit=20,
        ascending=False,
    )
    return any(
        _is_same_process(record.event_log_entry.dagster_event.pid, record.timestamp)
        for record in started.records
        if record.event_log_entry.dagster_event and record.event_log_entry.dagster_event.pid
    )


def _is_same_process(pid: int, seen_at: float) -> bool:
    """Whether the process lives that had this number at that time, and not a later one."""
    if not is_alive(pid):
        return False
    start = started_at(pid)
    return start is None or start <= seen_at + STARTED_BEFORE_SECONDS
