"""One crawl of a catalogue at a time, across processes and their deaths."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from catalog_pipeline.crawling import lock as lock_module
from catalog_pipeline.crawling.lock import catalogue_lock, holder_of, try_acquire
from catalog_pipeline.crawling.orphans import WORKER_MODULE
from catalog_pipeline.errors import StorageError
from catalog_pipeline_tests.command import holding

pytestmark = pytest.mark.processes

HOLD = """
import sys, time
from pathlib import Path
from catalog_pipeline.crawling.lock import catalogue_lock
with catalogue_lock(Path(sys.argv[1]), "run-a"):
    print("held", flush=True)
    {then}
"""
A_PROGRAM = """
    import subprocess
    print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
    time.sleep(60)
"""
A_FORK = """
    import os
    if os.fork() == 0:
        print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    with _holder(tmp_path, "sys.stdin.read()") as process:
        yield process
        process.kill()


def _holder(folder: Path, then: str) -> "subprocess.Popen[str]":
    return holding(HOLD.format(then=then), str(folder))


def test_a_free_lock_is_taken_and_let_go_of(tmp_path: Path) -> None:
    assert holder_of(tmp_path) is None
    with catalogue_lock(tmp_path, "run-b") as acquired:
        assert acquired
        assert holder_of(tmp_path) == f"run run-b (process {os.getpid()})"
        assert try_acquire(tmp_path, "run-c") is None
    assert holder_of(tmp_path) is None


def test_a_lock_held_by_another_process_is_waited_for(
    tmp_path: Path, other: "subprocess.Popen[str]"
) -> None:
    told: list[str] = []

    def let_go(who: str) -> None:
        told.append(who)
        assert other.stdin is not None
        other.stdin.close()

    with catalogue_lock(tmp_path, "run-b", on_wait=let_go) as acquired:
        assert acquired
    assert told == [f"run run-a (process {other.pid})"]


def test_a_holder_is_named_once_it_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has just taken the lock, or is letting go of it, has none in it."""
    monkeypatch.setattr(lock_module, "POLL_SECONDS", 0.0)
    told: list[str] = []
    looks = 0
    with (tmp_path / "crawl.lock").open("w") as taken:
        fcntl.flock(taken, fcntl.LOCK_EX)

        def should_stop() -> bool:
            nonlocal looks
            looks += 1
            if looks == 3:
                assert told == []
                taken.write('{"holder": "run-a"}')
                taken.flush()
            return looks == 5

        with catalogue_lock(tmp_path, "run-b", on_wait=told.append, should_stop=should_stop):
            assert told == ["run run-a (process unknown)"]


def test_waiting_ends_when_it_is_told_to(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    stop = threading.Event()
    with catalogue_lock(
        tmp_path, "run-b", on_wait=lambda who: stop.set(), should_stop=stop.is_set
    ) as acquired:
        assert not acquired
    assert holder_of(tmp_path) == f"run run-a (process {other.pid})"


def test_a_signal_ends_the_waiting(tmp_path: Path, other: "subprocess.Popen[str]") -> None:
    with (
        pytest.raises(KeyboardInterrupt),
        catalogue_lock(tmp_path, "run-b", on_wait=lambda who: os.kill(os.getpid(), signal.SIGINT)),
    ):
        pytest.fail("the lock is held by another process")


def test_the_lock_of_a_killed_process_is_free(
    tmp_path: Path, other: "subprocess.Popen[str]"
) -> None:
    other.kill()
    other.wait()
    lock = try_acquire(tmp_path, "run-b")
    assert lock is not None
    lock.release()


@pytest.mark.parametrize("child", [A_PROGRAM, A_FORK], ids=["program", "fork"])
def test_a_child_that_outlives_the_holder_does_not_hold_the_lock(
    tmp_path: Path, child: str
) -> None:
    holder = _holder(tmp_path, child)
    assert holder.stdout is not None
    child_pid = int(holder.stdout.readline())
    try:
        holder.kill()
        holder.wait()
        os.kill(child_pid, 0)
        lock = try_acquire(tmp_path, "run-b")
        assert lock is not None
        lock.release()
    finally:
        os.kill(child_pid, signal.SIGKILL)
        holder.communicate()


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"crawl\.lock cannot be made"):
        try_acquire(tmp_path / "file", "run-b")


CRAWL_WITH_A_STUCK_WORKER = """
import subprocess, sys, time
from pathlib import Path
from catalog_pipeline.crawling.lock import catalogue_lock
from catalog_pipeline.crawling.orphans import WORKER_MODULE
folder = Path(sys.argv[1])
with catalogue_lock(folder, "run-a") as lock:
    worker = subprocess.Popen(
        [sys.executable, "-c", sys.argv[2], WORKER_MODULE], pass_fds=lock.descriptors
    )
    lock.name_workers([worker.pid])
    print(worker.pid, flush=True)
    time.sleep(60)
"""
STUCK_WORKER = "import re; print('stuck', flush=True); re.search(r'(a+)+b', 'a' * 200)"


@pytest.mark.parametrize("is_waited_for", [True, False])
def test_a_worker_of_a_dead_crawl_that_does_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_waited_for: bool
) -> None:
    """Within one long search Python hears of nothing, not even of its own time limits."""
    monkeypatch.setattr(lock_module, "LONGEST_AFTERLIFE_SECONDS", 0.5)
    told: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", CRAWL_WITH_A_STUCK_WORKER, str(tmp_path), STUCK_WORKER],
        stdout=subprocess.PIPE,
        text=True,
    ) as crawl:
        assert crawl.stdout is not None
        said = {crawl.stdout.readline(), crawl.stdout.readline()}
        assert "stuck\n" in said
        (worker,) = (int(line) for line in said - {"stuck\n"})
        crawl.kill()
        if is_waited_for:
            crawl.wait()
        else:
            os.waitid(os.P_PID, crawl.pid, os.WEXITED | os.WNOWAIT)
        try:
            with catalogue_lock(tmp_path, "run-b", on_wait=told.append) as acquired:
                assert acquired
        finally:
            with suppress(ProcessLookupError):
                os.kill(worker, signal.SIGKILL)
    assert told == ["run run-a, which was killed and whose workers are storing their last pages"]


HOLDER = "run run-a, which was killed and whose workers are storing their last pages"


@pytest.mark.parametrize(
    ("mark", "is_dead"),
    [("00000000-0000-0000-0000-000000000000 1", True), (None, False)],
    ids=["another process has the number", "an old lock does not tell"],
)
def test_a_holder_is_told_from_a_process_that_was_given_its_number(
    tmp_path: Path, mark: str | None, is_dead: bool
) -> None:
    values = {"holder": "run-a", "pid": os.getpid()} | ({"started": mark} if mark else {})
    path = tmp_path / "crawl.lock"
    path.write_text(json.dumps(values))
    with path.open() as of_a_worker:
        fcntl.flock(of_a_worker, fcntl.LOCK_EX)
        assert (holder_of(tmp_path) == HOLDER) == is_dead


def test_a_process_that_was_given_a_workers_number_is_not_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may well be a worker, of another crawl."""
    monkeypatch.setattr(lock_module, "LONGEST_AFTERLIFE_SECONDS", 0.0)
    path = tmp_path / "crawl.lock"
    command = [sys.executable, "-c", STUCK_WORKER, WORKER_MODULE]
    looks = 0
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stranger,
        path.open("w") as of_a_worker,
    ):
        assert stranger.stdout is not None
        assert stranger.stdout.readline() == "stuck\n"
        workers = [[stranger.pid, "00000000-0000-0000-0000-000000000000 1"]]
        dead = {"holder": "run-a", "pid": 2**22 + 1, "workers": workers}
        of_a_worker.write(json.dumps(dead))
        of_a_worker.flush()
        fcntl.flock(of_a_worker, fcntl.LOCK_EX)

        def should_stop() -> bool:
            nonlocal looks
            looks += 1
            return looks == 5

        with catalogue_lock(tmp_path, "run-b", should_stop=should_stop) as acquired:
            assert not acquired
        assert stranger.poll() is None
        stranger.kill()


def test_a_lock_that_is_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "crawl.lock")
    with (
        pytest.raises(StorageError, match=r"crawl\.lock is a pipe"),
        catalogue_lock(tmp_path, "run-b"),
    ):
        pytest.fail("there is nothing that could be locked")
