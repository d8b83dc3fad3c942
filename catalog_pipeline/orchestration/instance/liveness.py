"""Whether a run's process is alive: the sign of life it gives, and what is asked without one.

Here: the locked file that the process executing a run holds, the lease beside it where several
machines share the instance, and one answer to "is it alive?" for the launcher, the command line and
the page status; which runs came to nothing. Not here: what is done about a dead run (`launcher`,
Dagster's run monitoring).
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

import dagster as dg

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.history import RunFacts
from catalog_pipeline.orchestration.instance.host_leases import HostLeases, leases_of
from catalog_pipeline.orchestration.instance.run_process import (
    code_server_runs,
    process_of_run_lives,
)
from catalog_pipeline.system.locked_file import LockedFile, is_locked, read_values

LIVE_RUNS = "live_runs"
GRACE_SECONDS = 30.0
"""How long a started run may go without any sign before it counts as dead."""

DEFAULT_START_TIMEOUT_SECONDS = 180


@dataclass(frozen=True)
class Liveness:
    """Whether a run is alive, and by what one knows."""

    is_alive: bool
    reason: str


def came_to_nothing(record: dg.RunRecord) -> bool:
    """Whether a run was cancelled, or failed before it began: its pages are as they were."""
    return facts_of(record).came_to_nothing


def facts_of(record: dg.RunRecord) -> RunFacts:
    """What a record says of its run."""
    run = record.dagster_run
    status = run.status.value
    return RunFacts.of_tags(run.run_id, status, record.start_time, run.root_run_id, run.tags)


@contextmanager
def hold_sign_of_life(
    instance_root: Path, run_id: str, leases: HostLeases | None = None
) -> Iterator[None]:
    """Shows that this process executes the run, until the end of the block or of the process.

    To other machines too, if they share the `leases`.
    """
    path = sign_path(instance_root, run_id)
    sign = LockedFile.try_make(path, {"pid": os.getpid()})
    if sign is None:
        pid = read_values(path).get("pid")
        if pid == os.getpid():
            yield
            return
        raise StorageError(f"Run {run_id} is already being executed, by process {pid}.")
    try:
        with leases.sign_of_life(run_id) if leases is not None else nullcontext():
            yield
    finally:
        sign.release(remove=True)


def run_has_sign_of_life(instance_root: Path, run_id: str) -> bool:
    """Whether a living process on this machine holds the run's sign."""
    return is_locked(sign_path(instance_root, run_id))


def process_with_sign(instance_root: Path, run_id: str) -> int | None:
    """The process that holds the run's sign, if one does."""
    path = sign_path(instance_root, run_id)
    pid = read_values(path).get("pid")
    return int(pid) if pid is not None and is_locked(path) else None


def remove_stale_signs(instance: dg.DagsterInstance) -> None:
    """Removes what finished runs left behind that were killed, even while they made their sign."""
    leases = leases_of(instance)
    if leases is not None:
        leases.forget_stale_signs()
    folder = Path(instance.root_directory) / LIVE_RUNS
    for path in folder.iterdir() if folder.is_dir() else ():
        # What is no file there is no sign of ours, and refused by whoever wants its name.
        with suppress(FileNotFoundError, StorageError):
            if path.name.startswith("."):
                # A sign in the making, which is not locked in its first instant.
                is_over = time.time() - path.stat().st_mtime > GRACE_SECONDS
            else:
                run = instance.get_run_by_id(path.name)
                is_over = run is None or run.is_finished
            if is_over and not is_locked(path):
                path.unlink()


def is_run_alive(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the run will still do something, as far as can be seen from this machine."""
    return liveness_of(instance, run).is_alive


def liveness_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Liveness:
    """As `is_run_alive`, with the reason."""
    if run.is_finished:
        return Liveness(False, "it has finished")
    if run.status == dg.DagsterRunStatus.QUEUED:
        return Liveness(True, "it waits in the queue")
    root = Path(instance.root_directory)
    # Looked for before and after the lock: a sign may be made, or taken away, in between.
    sign = sign_path(root, run.run_id)
    was_there = sign.exists()
    if run_has_sign_of_life(root, run.run_id):
        return Liveness(True, "its process gives a sign of life")
    if was_there and sign.exists():
        return Liveness(False, "its process has ended without a word")
    elsewhere = _liveness_elsewhere(instance, run.run_id)
    if elsewhere is not None:
        return elsewhere
    if run.status in (dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING):
        return _liveness_before_start(instance, run)
    return _liveness_without_sign(instance, run)


def _liveness_elsewhere(instance: dg.DagsterInstance, run_id: str) -> Liveness | None:
    """What the sign of a process on another machine tells; None if there is none."""
    leases = leases_of(instance)
    sign = leases.sign_of(run_id) if leases is not None else None
    if sign is None:
        return None
    who = f"process {sign.pid} on {sign.host}"
    if sign.has_it:
        return Liveness(True, f"{who} gives a sign of life")
    return Liveness(False, f"{who} was not heard of for too long")


def _liveness_before_start(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Liveness:
    timeout = instance.run_monitoring_start_timeout_seconds or DEFAULT_START_TIMEOUT_SECONDS
    age = _seconds_since_change(instance, run)
    return Liveness(age < timeout, f"it has been starting for {age:.0f} s of {timeout} s")


def _liveness_without_sign(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Liveness:
    """Judges a started run that gives no sign: just started, about to end, or not one of ours.

    Its code server is asked last, and not if the run has ended meanwhile: a process that ends may
    leave the lock locked that the server then waits for, and with it all that others ask of it.
    """
    if process_of_run_lives(instance, run):
        return Liveness(True, "the process that logged its start is alive")
    now = instance.get_run_by_id(run.run_id)
    if now is not None and now.is_finished:
        return Liveness(False, "it has finished")
    if code_server_runs(run):
        return Liveness(True, "its code server runs it")
    age = _seconds_since_change(instance, run)
    if age < GRACE_SECONDS:
        return Liveness(True, f"it was started {age:.0f} s ago")
    return Liveness(False, "no process and no code server runs it")


def _seconds_since_change(instance: dg.DagsterInstance, run: dg.DagsterRun) -> float:
    """Since the run started, or was launched, or was created: the last of these that it did."""
    record = instance.get_run_record_by_id(run.run_id)
    if record is None:
        raise StorageError(f"Run {run.run_id} is not in the run storage any more.")
    since = record.start_time or instance.get_run_stats(run.run_id).launch_time
    return time.time() - (since or record.create_timestamp.timestamp())


def sign_path(instance_root: Path, run_id: str) -> Path:
    return Path(instance_root) / LIVE_RUNS / run_id
