"""Dead runs are found and live ones left alone: real code servers, real runs, real kills."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.test_utils import create_run_for_test
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import PythonFileTarget
from dagster._daemon.monitoring.run_monitoring import execute_run_monitoring_iteration

from catalog_pipeline.orchestration.instance import liveness
from catalog_pipeline_tests.orchestration import launched_jobs
from catalog_pipeline_tests.orchestration.code_server import code_server
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes

STATUS = dg.DagsterRunStatus
LOCATION = "waiting"
IN_PROCESS = """
import sys
import dagster as dg
from catalog_pipeline_tests.orchestration import launched_jobs
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    job = getattr(launched_jobs, sys.argv[2])
    job.execute_in_process(instance=instance, run_id=sys.argv[3], raise_on_error=False)
"""


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkspaceProcessContext]:
    """A code server, on an instance with the project's own settings."""
    home = tmp_path_factory.mktemp("home")
    settings = Path(__file__).parents[3] / "dagster_home" / "dagster.yaml"
    (home / "dagster.yaml").write_text(settings.read_text())
    target = PythonFileTarget(
        python_file=str(launched_jobs.__file__),
        attribute=None,
        working_directory=str(Path(__file__).parents[3]),
        location_name=LOCATION,
    )
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        code_server(instance, target) as made,
    ):
        yield made


@pytest.fixture
def started(context: WorkspaceProcessContext) -> Iterator["Started"]:
    starter = Started(context)
    yield starter
    starter.end_all()


class Started:
    """Starts runs, by the code server or in a process of their own, and ends them all."""

    def __init__(self, context: WorkspaceProcessContext) -> None:
        self.context = context
        self.instance = context.instance
        self.root = Path(self.instance.root_directory)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.runs: list[str] = []

    def by_server(self, job: str) -> DagsterRun:
        workspace = self.context.create_request_context()
        repository = next(iter(workspace.get_code_location(LOCATION).get_repositories().values()))
        remote = repository.get_full_job(job)
        run = create_run_for_test(
            self.instance,
            job_name=job,
            remote_job_origin=remote.get_remote_origin(),
            job_code_origin=remote.get_python_origin(),
        )
        self.instance.launch_run(run.run_id, workspace)
        return self._waiting(run.run_id)

    def in_process(self, job: str) -> DagsterRun:
        run_id = dg._core.utils.make_new_run_id()
        command = [sys.executable, "-c", IN_PROCESS, str(self.root), job, run_id]
        self.processes.append(subprocess.Popen(command))
        return self._waiting(run_id)

    def _waiting(self, run_id: str) -> DagsterRun:
        self.runs.append(run_id)
        wait_for("the run's process", lambda: (self.root / f"{run_id}.pid").exists())
        return self.now(run_id)

    def now(self, run_id: str) -> DagsterRun:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run

    def pid(self, run: DagsterRun) -> int:
        return int((self.root / f"{run.run_id}.pid").read_text())

    def kill(self, run: DagsterRun) -> None:
        pid = self.pid(run)
        os.kill(pid, signal.SIGKILL)
        for process in self.processes:
            if process.pid == pid:
                process.wait()
        wait_for(
            "the end of its sign of life",
            lambda: not liveness.run_has_sign_of_life(self.root, run.run_id),
        )

    def monitor(self) -> None:
        """One round of Dagster's own run monitoring."""
        errors = list(execute_run_monitoring_iteration(self.context, logging.getLogger("test")))
        assert not any(errors)

    def let_go(self, run_id: str) -> None:
        (self.root / f"{run_id}.go").touch()

    def finished(self, run: DagsterRun) -> dg.DagsterRunStatus:
        wait_for("the run's end", lambda: self.now(run.run_id).is_finished)
        return self.now(run.run_id).status

    def end_all(self) -> None:
        for run_id in self.runs:
            self.let_go(run_id)
        for process in self.processes:
            process.wait(timeout=PATIENCE_SECONDS)
        for run_id in self.runs:
            if not self.now(run_id).is_finished:
                self.finished(self.now(run_id))


@pytest.mark.parametrize("start", [Started.by_server, Started.in_process])
@pytest.mark.parametrize("job", ["signing", "silent"])
def test_a_live_run_is_never_failed_however_slow(
    started: Started,
    monkeypatch: pytest.MonkeyPatch,
    start: Callable[[Started, str], DagsterRun],
    job: str,
) -> None:
    """Also one of another code location, and one of a command that knows nothing of signs."""
    run = start(started, job)
    monkeypatch.setattr(liveness, "GRACE_SECONDS", 0.0)
    started.monitor()
    started.monitor()
    assert started.now(run.run_id).status == STATUS.STARTED
    started.let_go(run.run_id)
    assert started.finished(run) == STATUS.SUCCESS


@pytest.mark.parametrize("start", [Started.by_server, Started.in_process])
def test_a_killed_run_is_failed_at_the_next_round(
    started: Started, start: Callable[[Started, str], DagsterRun]
) -> None:
    run = start(started, "signing")
    started.kill(run)
    started.monitor()
    assert started.now(run.run_id).status == STATUS.FAILURE


def test_a_killed_run_that_gave_no_sign_is_failed_after_the_grace(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = started.in_process("silent")
    started.kill(run)
    started.monitor()
    assert started.now(run.run_id).status == STATUS.STARTED
    monkeypatch.setattr(liveness, "GRACE_SECONDS", 0.0)
    started.monitor()
    assert started.now(run.run_id).status == STATUS.FAILURE


def test_a_reload_of_the_code_server_does_not_fail_live_runs(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [started.by_server("signing"), started.by_server("silent")]
    monkeypatch.setattr(liveness, "GRACE_SECONDS", 0.0)
    started.context.reload_code_location(LOCATION)
    started.monitor()
    for run in runs:
        assert started.now(run.run_id).status == STATUS.STARTED
        started.let_go(run.run_id)
        assert started.finished(run) == STATUS.SUCCESS


@pytest.mark.parametrize("start", [Started.by_server, Started.in_process])
def test_terminate_ends_a_run_whoever_started_it(
    started: Started, start: Callable[[Started, str], DagsterRun]
) -> None:
    run = start(started, "signing")
    assert started.instance.run_launcher.terminate(run.run_id)
    assert started.finished(run) == STATUS.CANCELED
    assert not started.instance.run_launcher.terminate(run.run_id)


def test_terminate_reaches_a_run_whose_code_server_is_gone(started: Started) -> None:
    run = started.by_server("signing")
    dead = {"dagster/grpc_info": '{"host": "localhost", "socket": "/nowhere/socket"}'}
    started.instance.add_run_tags(run.run_id, dead)
    assert started.instance.run_launcher.terminate(run.run_id)
    assert started.finished(run) == STATUS.CANCELED


def test_a_run_without_a_process_cannot_be_terminated(started: Started) -> None:
    run = started.in_process("signing")
    started.kill(run)
    assert not started.instance.run_launcher.terminate(run.run_id)
    assert started.now(run.run_id).status == STATUS.CANCELING
    started.instance.report_run_canceled(started.now(run.run_id))
