"""The start of workers: forks of a template that are what interpreters of their own would be."""

import os
import resource
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.orphans import WORKER_MODULE
from catalog_pipeline.crawling.working.request_slots import HeldWaves
from catalog_pipeline.crawling.working.starting import Process, end_template, start_worker
from catalog_pipeline.system.processes import arguments, is_alive
from catalog_pipeline_tests.command import holding
from catalog_pipeline_tests.fetching.raw_server import Visit, raw_server
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes

HOLDS_WORKERS = """
import socket, sys
from catalog_pipeline.crawling.working.starting import start_worker
if sys.argv[1:]:
    sys.platform = sys.argv[1]
pairs = [socket.socketpair() for _ in range(3)]
workers = [
    start_worker(theirs.fileno(), [], is_last=number == 2)
    for number, (_, theirs) in enumerate(pairs)
]
for _, theirs in pairs:
    theirs.close()
pids = [worker.pid for worker in workers]
print("held", flush=True)
print(*pids, flush=True)
sys.stdin.read()
for ours, _ in pairs:
    ours.close()
print(*[worker.wait() for worker in workers], flush=True)
"""


@pytest.fixture(autouse=True)
def _own_template() -> Iterator[None]:
    """No template but that of the test."""
    end_template()
    yield
    end_template()


@contextmanager
def _worker(*inherited: int, is_last: bool = False) -> Iterator[tuple[Connection, Process]]:
    ours, theirs = socket.socketpair()
    with theirs:
        worker = start_worker(theirs.fileno(), inherited, is_last=is_last)
    with Connection(ours.detach()) as connection:
        yield connection, worker
        worker.kill()
        worker.wait()


def _children() -> set[int]:
    """The processes of workers that are ours, the template among them."""
    task = Path("/proc/self/task")
    found = {int(pid) for each in task.glob("*/children") for pid in each.read_text().split()}
    return {pid for pid in found if WORKER_MODULE in arguments(pid)}


def _template(*workers: Process) -> int:
    begun = {each.pid for each in workers}
    (pid,) = wait_for("the template", lambda: _children() - begun)
    return pid


def test_a_worker_is_a_child_of_ours_in_a_session_of_its_own():
    with _worker() as (_, worker):
        assert worker.pid in _children()
        wait_for("its session", lambda: os.getsid(worker.pid) == worker.pid)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(timeout=0)


def test_a_worker_ends_when_nobody_gives_it_anything_any_more():
    with _worker() as (connection, worker):
        assert is_alive(worker.pid)
        connection.close()
        assert worker.wait(timeout=PATIENCE_SECONDS) == 0


def test_the_second_worker_is_forked_of_the_template_of_the_first():
    with _worker() as (_, first):
        template = _template(first)
    with _worker() as (_, second):
        assert _template(second) == template


def test_a_worker_has_what_it_is_to_inherit_and_nothing_else(tmp_path: Path):
    """The numbers are those of here, also where the template has others by them."""
    with _worker() as (_, other), (tmp_path / "one").open("w") as one:
        assert other.pid
        second = os.open(tmp_path / "two", os.O_CREAT | os.O_RDWR)
        with _worker(one.fileno(), second) as (_, worker):
            folder = Path(f"/proc/{worker.pid}/fd")
            # The connection, what is inherited, and the standard ones.
            wait_for("the end of what it took over", lambda: len(list(folder.iterdir())) == 6)
            assert (folder / str(one.fileno())).readlink() == tmp_path / "one"
            assert (folder / str(second)).readlink() == tmp_path / "two"
            for output in (1, 2):
                ours = os.readlink(f"/proc/self/fd/{output}")
                assert os.readlink(folder / str(output)) == ours
        os.close(second)


def test_a_worker_has_the_environment_of_its_own_start(site: Site, monkeypatch: pytest.MonkeyPatch):
    """Credentials, for example, that came after the template began."""
    held = HeldWaves.make()
    with _worker() as (_, other), raw_server(Visit.stay_silent) as server:
        assert other.pid
        monkeypatch.setenv("SHOP_KEY", "of this start")
        catalogue = site.write(base_url=server.url, headers={"X-Key": {"env": "SHOP_KEY"}})
        with _worker(held.descriptor) as (connection, worker):
            assert _template(other, worker)
            connection.send(messages.WorkerSetup(catalogue, site.places, 1, 1, held.descriptor))
            connection.send(messages.FetchPage(PageKey(1), catalogue.page_address(PageKey(1)), 1))
            (head,) = wait_for("the request", lambda: server.heads)
    held.close()
    assert "X-Key: of this start" in head


def test_a_worker_has_the_limits_the_mask_and_the_folder_of_its_own_start(tmp_path: Path):
    with _worker() as (_, first):
        template = _template(first)
    limits, folder, mask = resource.getrlimit(resource.RLIMIT_CORE), os.getcwd(), os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, limits[1]))
    os.chdir(tmp_path)
    try:
        with _worker() as (_, worker):
            assert _template(worker) != template
            found = resource.prlimit(worker.pid, resource.RLIMIT_CORE)
            assert found == (0, limits[1])
            assert Path(f"/proc/{worker.pid}/cwd").readlink() == tmp_path
            assert "Umask:\t0077\n" in Path(f"/proc/{worker.pid}/status").read_text()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, limits)
        os.chdir(folder)
        os.umask(mask)


def test_a_template_that_was_killed_is_replaced_and_its_workers_live():
    with _worker() as (_, first):
        template = _template(first)
        os.kill(template, signal.SIGKILL)
        wait_for("its end", lambda: not is_alive(template))
        with _worker() as (_, second):
            assert second.pid
            assert is_alive(first.pid)


def test_a_worker_whose_template_was_killed_before_it_began_has_ended_by_that():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        worker = start_worker(theirs.fileno(), [], is_last=False)
        os.kill(_template(), signal.SIGKILL)
        assert worker.pid == 0
        assert worker.wait(timeout=PATIENCE_SECONDS) == -signal.SIGKILL


@pytest.mark.parametrize("system", [[], ["another"]], ids=["forked", "an interpreter each"])
@pytest.mark.parametrize("is_killed", [True, False], ids=["killed", "let go"])
def test_workers_started_together_are_all_that_is_started_and_end_with_their_process(
    system: list[str], is_killed: bool
):
    """The template is the last of them."""
    with holding(HOLDS_WORKERS, *system) as process:
        assert process.stdin
        assert process.stdout
        workers = set(map(int, process.stdout.readline().split()))
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        assert set(map(int, children.read_text().split())) == workers
        assert len(workers) == 3
        if is_killed:
            process.kill()
        else:
            process.stdin.close()
            assert process.stdout.readline() == "0 0 0\n"
        wait_for("the end of all", lambda: not any(map(is_alive, workers)))
