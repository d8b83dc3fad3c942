"""The worker process: it answers over its socket, and ends when the other side is gone."""

import socket
import subprocess
import sys
from multiprocessing.connection import Connection

from catalog_pipeline.crawling import tasks
from catalog_pipeline.crawling.page_work import PageWorker
from catalog_pipeline_tests.site import Site


def test_a_worker_ends_at_once_when_its_scheduler_is_gone():
    ours, theirs = socket.socketpair()
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "catalog_pipeline.crawling.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
        )
    try:
        Connection(ours.detach()).close()
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()


def test_a_mistake_in_the_program_comes_back_as_an_answer_with_its_place(site: Site):
    worker = PageWorker(site.catalogue, site.places)
    answer = worker.do(tasks.ReparsePage(3, None))  # type: ignore[arg-type]
    assert isinstance(answer, tasks.WorkerBroke)
    assert answer.page == 3
    assert "Traceback" in answer.traceback
