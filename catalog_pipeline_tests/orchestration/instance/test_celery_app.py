"""A run as a Celery worker executes it, in the tests' own process; whole clusters are in
`services/test_celery`."""

from __future__ import annotations

import threading
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import pack_value

from catalog_pipeline.orchestration.instance.celery.app import _execute_run
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.orchestration.instance.postgres import server
from catalog_pipeline_tests.orchestration import launched_jobs
from catalog_pipeline_tests.postgres_server import PostgresServer
from catalog_pipeline_tests.waiting import wait_for

pytestmark = pytest.mark.processes

TOLD = "PostgreSQL is away; waiting for it, 45 s"
IMPATIENCE_SECONDS = 0.5
"""In the place of the time that a command waits for a server that it has not reached yet."""


def test_a_run_that_a_worker_begins_while_the_server_is_away_waits_for_it_and_is_executed(
    postgres: PostgresServer,
    postgres_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Else nobody would look for it before the time is over in which a run has to begin."""
    monkeypatch.setattr(server.Server, "first_patience_seconds", IMPATIENCE_SECONDS)
    origin = dg.reconstructable(launched_jobs.signing).get_python_origin()
    with open_instance() as instance:
        run = create_run_for_test(instance, job_name="signing", job_code_origin=origin)
        reference = instance.get_ref()
    (postgres_home / f"{run.run_id}.go").touch()
    args = ExecuteRunArgs(job_origin=origin, run_id=run.run_id, instance_ref=reference)

    def bring_back() -> None:
        try:
            wait_for("it waits", lambda: TOLD in caplog.text, 60)
        finally:
            postgres.start()

    postgres.stop()
    back = threading.Thread(target=bring_back)
    back.start()
    try:
        _execute_run(pack_value(args))
    finally:
        back.join()
    with open_instance() as instance:
        ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    assert ended.status == dg.DagsterRunStatus.SUCCESS
