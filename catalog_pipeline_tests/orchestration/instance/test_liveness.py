"""Which runs are alive: by their sign of life, their process, and how long they have been there."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.storage.tags import GRPC_INFO_TAG

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance import liveness
from catalog_pipeline.orchestration.instance.history import RunFacts
from catalog_pipeline.orchestration.instance.liveness import (
    hold_sign_of_life,
    is_run_alive,
    process_with_sign,
    remove_stale_signs,
    run_has_sign_of_life,
    sign_path,
)
from catalog_pipeline.orchestration.names import FAILED_FOR_TAG
from catalog_pipeline.system.locked_file import is_locked
from catalog_pipeline_tests.command import holding
from catalog_pipeline_tests.orchestration.histories import JOB, KINDS, Clock, RunHistory

pytestmark = [
    pytest.mark.processes,
    pytest.mark.embedded("is about Dagster's own storages"),
]

HOLD = """
import os, sys
from pathlib import Path
from catalog_pipeline.system.locked_file import LockedFile
sign = LockedFile.try_make(Path(sys.argv[1]), {"pid": os.getpid()})
print("held", flush=True)
sys.stdin.read()
"""
STATUS = dg.DagsterRunStatus
ORIGIN = RemoteJobOrigin(
    RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("elsewhere"), "repository"), JOB
)


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """One with Dagster's own storages."""
    (home / "dagster.yaml").write_text("run_monitoring: {start_timeout_seconds: 60}")
    with dg.DagsterInstance.from_config(str(home)) as made:
        yield made


def _holder(root: Path, run_id: str) -> "subprocess.Popen[str]":
    return holding(HOLD, str(sign_path(root, run_id)))


def _run(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, age: float = 0, pid: int = 0
) -> DagsterRun:
    """A run that came to this status `age` seconds ago, its start logged by process `pid`."""
    history = RunHistory(Clock())
    then = time.time() - age
    run = DagsterRun(JOB, run_id=history.run_id, status=status, remote_job_origin=ORIGIN)
    instance.run_storage.add_historical_run(run, _moment(then))
    if status in (STATUS.STARTED, STATUS.CANCELING):
        event = history.event(KINDS.RUN_START, step=False)
        assert event.dagster_event
        event = event._replace(timestamp=then, dagster_event=event.dagster_event._replace(pid=pid))
        instance.event_log_storage.store_event(event)
    return run


def _moment(timestamp: float) -> datetime:
    return datetime.fromtimestamp(timestamp, timezone.utc)


def _pid_of_a_dead_process() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def test_a_sign_of_life_lasts_as_long_as_its_block(tmp_path: Path) -> None:
    assert not run_has_sign_of_life(tmp_path, "a-run")
    with hold_sign_of_life(tmp_path, "a-run"):
        assert run_has_sign_of_life(tmp_path, "a-run")
        assert process_with_sign(tmp_path, "a-run") == os.getpid()
    assert not run_has_sign_of_life(tmp_path, "a-run")
    assert not sign_path(tmp_path, "a-run").exists()


def test_a_process_may_hold_the_sign_of_its_run_twice(tmp_path: Path) -> None:
    with hold_sign_of_life(tmp_path, "a-run"):
        with hold_sign_of_life(tmp_path, "a-run"):
            pass
        assert run_has_sign_of_life(tmp_path, "a-run")


def test_a_killed_process_gives_no_sign(tmp_path: Path) -> None:
    holder = _holder(tmp_path, "a-run")
    assert process_with_sign(tmp_path, "a-run") == holder.pid
    with pytest.raises(StorageError, match=f"by process {holder.pid}"):
        hold_sign_of_life(tmp_path, "a-run").__enter__()
    holder.kill()
    holder.communicate()
    assert not run_has_sign_of_life(tmp_path, "a-run")
    assert process_with_sign(tmp_path, "a-run") is None
    with hold_sign_of_life(tmp_path, "a-run"):
        assert process_with_sign(tmp_path, "a-run") == os.getpid()


@pytest.mark.parametrize(
    ("status", "age", "alive"),
    [
        (STATUS.QUEUED, 100_000, True),
        (STATUS.NOT_STARTED, 5, True),
        (STATUS.NOT_STARTED, 61, False),
        (STATUS.STARTING, 5, True),
        (STATUS.STARTING, 61, False),
        (STATUS.STARTED, 5, True),
        (STATUS.STARTED, 31, False),
        (STATUS.CANCELING, 5, True),
        (STATUS.CANCELING, 31, False),
        (STATUS.SUCCESS, 5, False),
        (STATUS.FAILURE, 5, False),
        (STATUS.CANCELED, 5, False),
    ],
)
def test_a_run_without_any_sign_is_judged_by_its_age(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus, age: float, alive: bool
) -> None:
    run = _run(instance, status, age, pid=_pid_of_a_dead_process())
    assert is_run_alive(instance, run) == alive


@pytest.mark.parametrize("status", [STATUS.NOT_STARTED, STATUS.STARTED, STATUS.CANCELING])
def test_a_run_with_a_sign_is_alive_however_old(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    run = _run(instance, status, age=100_000, pid=_pid_of_a_dead_process())
    with hold_sign_of_life(Path(instance.root_directory), run.run_id):
        assert is_run_alive(instance, run)


@pytest.mark.parametrize("status", [STATUS.NOT_STARTED, STATUS.STARTED, STATUS.CANCELING])
def test_a_run_whose_process_was_killed_is_dead_at_once(
    instance: dg.DagsterInstance, status: dg.DagsterRunStatus
) -> None:
    run = _run(instance, status, age=0)
    holder = _holder(Path(instance.root_directory), run.run_id)
    assert is_run_alive(instance, run)
    holder.kill()
    holder.communicate()
    assert not is_run_alive(instance, run)


def test_a_run_that_gives_no_sign_is_alive_while_its_process_is(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that runs of commands that know nothing of signs are not failed by mistake."""
    monkeypatch.setattr(liveness, "GRACE_SECONDS", 0.0)
    assert is_run_alive(instance, _run(instance, STATUS.STARTED, pid=os.getpid()))
    assert not is_run_alive(instance, _run(instance, STATUS.STARTED, pid=_pid_of_a_dead_process()))


def test_a_code_server_is_asked_of_no_run_whose_process_lives_nor_of_one_that_has_ended(
    instance: dg.DagsterInstance,
) -> None:
    """An end that it has not noticed yet can make it wait for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = {"host": "127.0.0.1", "port": server.getsockname()[1]}
        tags = {GRPC_INFO_TAG: json.dumps(address)}
        living = _run(instance, STATUS.STARTED, pid=os.getpid()).with_tags(tags)
        assert is_run_alive(instance, living)
        ended = _run(instance, STATUS.STARTED, pid=_pid_of_a_dead_process()).with_tags(tags)
        instance.report_run_failed(ended)
        assert not is_run_alive(instance, ended)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_run_that_makes_its_sign_while_one_looks_is_alive(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = _run(instance, STATUS.STARTED, pid=os.getpid())
    holders = []

    def look_an_instant_too_early(path: Path) -> bool:
        found = is_locked(path)
        holders.append(_holder(Path(instance.root_directory), run.run_id))
        return found

    monkeypatch.setattr(liveness, "is_locked", look_an_instant_too_early)
    is_alive = is_run_alive(instance, run)
    for holder in holders:
        holder.kill()
        holder.communicate()
    assert is_alive
    assert holders


def test_a_process_that_got_the_number_of_a_dead_one_is_not_the_runs(
    instance: dg.DagsterInstance,
) -> None:
    assert not is_run_alive(instance, _run(instance, STATUS.STARTED, age=86_400, pid=os.getpid()))


def test_signs_of_finished_runs_are_cleared_away_and_no_others(
    instance: dg.DagsterInstance,
) -> None:
    root = Path(instance.root_directory)
    killed, finished, alive = (
        _run(instance, status) for status in (STATUS.STARTED, STATUS.FAILURE, STATUS.STARTED)
    )
    for run in (killed, finished):
        holder = _holder(root, run.run_id)
        holder.kill()
        holder.communicate()
    with hold_sign_of_life(root, alive.run_id):
        half_made = root / "live_runs" / f".{killed.run_id}.0123"
        half_made.write_text("{}")
        os.utime(half_made, (0, 0))
        being_made = root / "live_runs" / f".{killed.run_id}.4567"
        being_made.write_text("{}")
        remove_stale_signs(instance)
        left = {path.name for path in (root / "live_runs").iterdir()}
    assert left == {killed.run_id, alive.run_id, being_made.name}


def test_a_retry_that_has_the_tags_of_a_run_has_not_failed_for_its_reason() -> None:
    tags = {FAILED_FOR_TAG: "first the bucket is full"}
    facts = [RunFacts.of_tags(each, "FAILURE", 0.0, "first", tags) for each in ("first", "second")]
    assert [each.failed_for for each in facts] == ["the bucket is full", None]
