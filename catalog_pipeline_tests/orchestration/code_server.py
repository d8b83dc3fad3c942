"""A code server of Dagster's, which has ended when the block is left.

Dagster tells its server to end and does not wait for that: whichever test comes when Python tidies
up is warned of a process that nobody has waited for.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceLoadTarget

from catalog_pipeline_tests.waiting import PATIENCE_SECONDS


@contextmanager
def code_server(
    instance: dg.DagsterInstance, target: WorkspaceLoadTarget
) -> Iterator[WorkspaceProcessContext]:
    """What asks the code server of that target, and launches its runs."""
    with WorkspaceProcessContext(instance, target) as context:
        yield context
        servers = list(context._grpc_server_registry._all_processes)
    for server in servers:
        server.server_process.wait(PATIENCE_SECONDS)
