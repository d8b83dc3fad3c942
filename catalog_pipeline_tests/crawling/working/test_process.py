"""The worker process: it answers over its socket, and what it does when the other side is gone."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection

import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.lock import catalogue_lock, holder_of
from catalog_pipeline.crawling.working.page_worker import PageWorker
from catalog_pipeline.crawling.working.request_slots import HeldWaves
from catalog_pipeline.errors import WorkerError
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.fetching.raw_server import Visit, raw_server
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes


@contextmanager
def _worker(*inherited: int) -> Iterator[tuple[Connection, "subprocess.Popen[bytes]"]]:
    """A worker process and the scheduler's end of its socket."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "catalog_pipeline.crawling.working.process",
                str(theirs.fileno()),
            ],
            pass_fds=[theirs.fileno(), *inherited],
        )
    try:
        yield Connection(ours.detach()), process
    finally:
        process.kill()
        process.wait()


def _setup(
    catalogue: Catalogue, site: Site, held: HeldWaves, *, threads: int
) -> messages.WorkerSetup:
    """One request at a time."""
    return messages.WorkerSetup(catalogue, site.places, threads, 1, held.descriptor)


def _fetch(site: Site, page: int) -> messages.FetchPage:
    return messages.FetchPage(PageKey(page), site.catalogue.page_address(PageKey(page)), 1)


def test_a_worker_ends_at_once_when_its_scheduler_is_gone():
    with _worker() as (connection, process):
        connection.close()
        assert process.wait(timeout=PATIENCE_SECONDS) == 0


def test_what_was_asked_for_is_stored_and_nothing_else_when_the_scheduler_is_gone(site: Site):
    """One of two pages waits for the only slot when the other end closes."""
    site.shop.control(latency_ms=2000)
    site.places.pages.mkdir(parents=True)
    held = HeldWaves.make()
    with _worker(held.descriptor) as (connection, process):
        connection.send(_setup(site.catalogue, site, held, threads=2))
        for page in (1, 2):
            connection.send(_fetch(site, page))
        wait_for("a request", site.shop.log)
        connection.close()
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    assert len(site.shop.log()) == 1
    assert site.downloads() == {page.number: 1 for page in FolderStore(site.places.pages).newest()}


def test_tasks_that_a_dead_scheduler_left_are_not_begun(site: Site):
    """They wait in the socket while the worker starts."""
    held = HeldWaves.make()
    with _worker(held.descriptor) as (connection, process):
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        connection.send(_setup(site.catalogue, site, held, threads=2))
        connection.send(messages.FetchRobots(f"{site.shop.url}/robots.txt"))
        connection.send(_fetch(site, 1))
        connection.close()
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=PATIENCE_SECONDS) == 0
    assert site.shop.log() == []


def test_robots_txt_that_does_not_come_is_not_waited_for(site: Site):
    with raw_server(Visit.stay_silent) as server:
        held = HeldWaves.make()
        catalogue = site.write(base_url=server.url)
        with _worker(held.descriptor) as (connection, process):
            connection.send(_setup(catalogue, site, held, threads=1))
            connection.send(messages.FetchRobots(f"{server.url}/robots.txt"))
            wait_for("the request", lambda: server.heads)
            before = time.monotonic()
            connection.close()
            assert process.wait(timeout=PATIENCE_SECONDS) == 0
        # Pages that were asked for would have five seconds.
        assert time.monotonic() - before < 4.5


def test_a_page_that_does_not_come_does_not_keep_a_worker_whose_scheduler_is_gone(site: Site):
    site.shop.control(faults=["1=hang"])
    catalogue = site.write(politeness={"read_timeout_seconds": 600, "request_timeout_seconds": 600})
    held = HeldWaves.make()
    with _worker(held.descriptor) as (connection, process):
        connection.send(_setup(catalogue, site, held, threads=1))
        connection.send(_fetch(site, 1))
        wait_for("the request", site.downloads)
        connection.close()
        assert process.wait(timeout=PATIENCE_SECONDS) == 0


def test_a_worker_shares_the_lock_of_its_crawl_until_it_ends(site: Site):
    with _worker_of_a_crawl(site) as process:
        assert holder_of(site.places.folder) is not None
    process.wait()
    assert holder_of(site.places.folder) is None


@contextmanager
def _worker_of_a_crawl(site: Site) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker whose crawl has let go of the lock."""
    with ExitStack() as stack:
        with catalogue_lock(site.places.folder, "a crawl") as lock:
            assert lock is not None
            assert len(lock.descriptors) == 1
            _, process = stack.enter_context(_worker(*lock.descriptors))
        yield process


def test_a_mistake_in_the_program_comes_back_as_an_answer_with_its_place(site: Site):
    worker = PageWorker(site.catalogue, site.places)
    answer = worker.do(messages.ReparsePage(PageKey(3), None))  # type: ignore[arg-type]
    assert isinstance(answer, messages.CrawlBroke)
    assert isinstance(answer.error, WorkerError)
    assert "page 3" in str(answer.error)
    assert "Traceback" in str(answer.error)
