"""Who waits for a PostgreSQL server that is away, and who soon says that it is: real processes.

What has reached the server once is in `crash/test_servers_away`, whole clusters are in
`services/test_celery`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.test_utils import create_run_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._grpc.client import DagsterGrpcClient
from dagster._grpc.types import ExecuteRunArgs
from dagster._serdes import pack_value

from catalog_pipeline.orchestration.instance.celery.app import _execute_run
from catalog_pipeline.orchestration.instance.open import open_instance, open_served_instance
from catalog_pipeline_tests.command import run_process
from catalog_pipeline_tests.orchestration import launched_jobs
from catalog_pipeline_tests.orchestration.code_server import code_server
from catalog_pipeline_tests.postgres_server import PostgresServer
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes

WAITS = "PostgreSQL is away; waiting for it, 45 s"
ROOT = Path(__file__).parents[3]
ENDS = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE)
Heard = Callable[[], str]


@pytest.fixture
def heard(capfd: pytest.CaptureFixture[str]) -> Heard:
    """All that the processes of the test have said so far on standard error."""
    said: list[str] = []

    def all_so_far() -> str:
        said.append(capfd.readouterr().err)
        return "".join(said)

    return all_so_far


def require_that_commands_work() -> None:
    """From then on a command begins at once: what commands are forks of is there too."""
    assert run_process("prune").code == 0


def let_it_be_said(postgres: PostgresServer, heard: Heard) -> None:
    """While a run waits for the server, begin a command, which does not; then it comes back.

    The command has five seconds, so that a run that had no more has given up by then.
    """
    try:
        wait_for("a process that waits", lambda: WAITS in heard())
        answer = run_process("prune")
        assert answer.code == 1
        assert "Cannot use Dagster's storage in PostgreSQL" in answer.err
        assert "45 s" not in answer.err
    finally:
        postgres.start()


@contextmanager
def launching(home: Path) -> Iterator[WorkspaceProcessContext]:
    """What launches runs: an instance, and a code server."""
    target = PythonFileTarget(str(launched_jobs.__file__), None, str(ROOT), "waiting")
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        code_server(instance, target) as context,
    ):
        yield context


def new_run(context: WorkspaceProcessContext) -> str:
    """A run that does not last."""
    location = context.create_request_context().get_code_location("waiting")
    job = next(iter(location.get_repositories().values())).get_full_job("signing")
    run = create_run_for_test(
        context.instance,
        job_name="signing",
        remote_job_origin=job.get_remote_origin(),
        job_code_origin=job.get_python_origin(),
    )
    (Path(context.instance.root_directory) / f"{run.run_id}.go").touch()
    return run.run_id


def status_of(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def test_a_run_that_a_code_server_begins_while_the_server_is_away_waits_and_a_command_does_not(
    postgres: PostgresServer, postgres_home: Path, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server goes between the last word of the launcher and the first of the run."""
    require_that_commands_work()
    query = DagsterGrpcClient._query
    saying: list[Future[None]] = []

    def query_without_server(client: Any, method: str, *arguments: Any, **others: Any) -> Any:
        if method == "StartRun":
            postgres.stop()
            saying.append(aside.submit(let_it_be_said, postgres, heard))
        return query(client, method, *arguments, **others)

    with ThreadPoolExecutor() as aside, launching(postgres_home) as context:
        run_id = new_run(context)
        monkeypatch.setattr(DagsterGrpcClient, "_query", query_without_server)
        context.instance.launch_run(run_id, context.create_request_context())
        saying[0].result()
        wait_for("its end", lambda: status_of(context.instance, run_id) in ENDS)
        assert status_of(context.instance, run_id) == dg.DagsterRunStatus.SUCCESS


def test_a_run_that_begins_in_a_container_of_its_own_waits_and_a_command_does_not(
    postgres: PostgresServer, postgres_home: Path, heard: Heard
) -> None:
    """By the command that Kubernetes is given."""
    require_that_commands_work()
    with launching(postgres_home) as context:
        run_id = new_run(context)
        run = context.instance.get_run_by_id(run_id)
        assert run is not None
        origin = run.job_code_origin
        assert origin is not None
        reference = context.instance.get_ref()
    arguments = ExecuteRunArgs(origin, run_id, reference).get_command_args()
    postgres.stop()
    process = subprocess.Popen([sys.executable, "-m", *arguments])
    try:
        let_it_be_said(postgres, heard)
    finally:
        assert process.wait(PATIENCE_SECONDS) == 0
    with dg.DagsterInstance.from_config(str(postgres_home)) as instance:
        assert status_of(instance, run_id) == dg.DagsterRunStatus.SUCCESS


@contextmanager
def away_until_somebody_waits(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """The server is away when the block begins, and comes back when it is waited for there."""
    caplog.clear()

    def bring_back() -> None:
        try:
            wait_for("it waits", lambda: WAITS in caplog.text)
        finally:
            postgres.start()

    postgres.stop()
    with ThreadPoolExecutor() as aside:
        back = aside.submit(bring_back)
        yield
        back.result()


def test_a_run_that_a_worker_begins_while_the_server_is_away_waits_for_it_and_is_executed(
    postgres: PostgresServer, postgres_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Celery's, in the tests' own process."""
    origin = dg.reconstructable(launched_jobs.signing).get_python_origin()
    with open_instance() as instance:
        run = create_run_for_test(instance, job_name="signing", job_code_origin=origin)
        args = ExecuteRunArgs(origin, run.run_id, instance.get_ref())
    (postgres_home / f"{run.run_id}.go").touch()
    with away_until_somebody_waits(postgres, caplog):
        _execute_run(pack_value(args))
    with open_instance() as instance:
        assert status_of(instance, run.run_id) == dg.DagsterRunStatus.SUCCESS


def test_web_pages_wait_for_a_server_that_is_away_and_so_does_what_serves_them(
    postgres: PostgresServer, postgres_home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as served:
        with away_until_somebody_waits(postgres, caplog):
            instance = served.enter_context(open_served_instance())
        instance.optimize_for_webserver(15_000, 3600, -1)
        with away_until_somebody_waits(postgres, caplog):
            assert instance.get_run_ids() == []
