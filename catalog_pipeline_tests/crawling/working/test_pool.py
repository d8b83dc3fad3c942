"""Worker processes: how many, what their death means, and that none is left behind."""

import os
import signal
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.working.pool import WorkerPool
from catalog_pipeline_tests.command import running
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

pytestmark = pytest.mark.processes


def _processes() -> dict[int, tuple[int, str]]:
    """Parent and command line of every living process."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, ValueError):
            continue
        if fields[0] != "Z":
            found[int(folder.name)] = (int(fields[1]), command)
    return found


def _children(parent: int, part_of_command: str) -> set[int]:
    return {
        pid
        for pid, (its_parent, command) in _processes().items()
        if its_parent == parent and part_of_command in command
    }


WORKER = "catalog_pipeline.crawling.working.process"


def test_a_pool_answers_every_task(site: Site):
    with WorkerPool(site.catalogue, site.places) as pool:
        site.places.pages.mkdir(parents=True)
        for page in range(1, 7):
            pool.submit(
                messages.FetchPage(PageKey(page), site.catalogue.page_address(PageKey(page)), 1)
            )
        stored: set[int] = set()

        def all_are_stored() -> bool:
            stored.update(_stored(pool))
            return len(stored) == 6

        wait_for("six pages", all_are_stored)
    assert stored == {1, 2, 3, 4, 5, 6}


def _stored(pool: WorkerPool) -> list[int]:
    answers = pool.answers(0.2)
    return [answer.page.number for answer in answers if isinstance(answer, messages.PageStored)]


def test_a_worker_that_is_killed_is_replaced_and_what_it_had_is_told(site: Site):
    site.shop.control(faults=["1=hang"])
    with WorkerPool(site.catalogue, site.places) as pool:
        pool.submit(messages.FetchPage(PageKey(1), site.catalogue.page_address(PageKey(1)), 1))
        workers = set(pool.pids)
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        (lost,) = wait_for("an answer", lambda: pool.answers(0.2))
        assert isinstance(lost, messages.WorkerLost)
        assert [task.page for task in lost.tasks if isinstance(task, messages.FetchPage)] == [
            PageKey(1)
        ]
        assert (lost.reading, lost.exceeded, lost.status) == (frozenset(), (), -signal.SIGKILL)
        assert len(pool.pids) == len(workers)
        assert not workers & set(pool.pids)


def test_a_task_that_is_to_be_alone_gets_a_process_of_its_own(site: Site):
    site.shop.control(latency_ms=300)
    site.places.pages.mkdir(parents=True)
    with WorkerPool(site.catalogue, site.places) as pool:
        before = len(pool.pids)
        page = PageKey(1)
        pool.submit(messages.FetchPage(page, site.catalogue.page_address(page), 1), alone=True)
        assert len(pool.pids) == before + 1
        assert not pool.takes_one_alone
        wait_for("the page", lambda: _stored(pool) == [1])
        assert pool.takes_one_alone


def test_no_worker_outlives_its_pool(site: Site):
    site.shop.control(faults=["1=hang"])
    with WorkerPool(site.catalogue, site.places) as pool:
        pool.submit(messages.FetchPage(PageKey(1), site.catalogue.page_address(PageKey(1)), 1))
        workers = set(pool.pids)
        assert workers < _children(os.getpid(), WORKER)
    # What is left is the template of the next workers.
    assert len(_children(os.getpid(), WORKER)) == 1
    assert not workers & _processes().keys()


def test_a_crawl_whose_workers_are_killed_goes_on_to_its_end(site: Site):
    site.write(last_page=50)
    site.shop.control(latency_ms=150)
    with running("run", NAME) as process:
        wait_for("some pages", lambda: len(site.downloads()) >= 6)
        for pid in _children(process.pid, WORKER):
            os.kill(pid, signal.SIGKILL)
        out, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, out + err
    assert set(site.downloads()) == set(range(1, 51))
    assert "Traceback" not in out + err


def test_nothing_goes_on_downloading_for_a_run_whose_process_was_killed(site: Site):
    site.write(last_page=50, politeness={"obey_robots": False})
    site.shop.control(latency_ms=9000)
    with running("run", NAME) as process:
        wait_for("the first requests", lambda: len(site.shop.log()) >= 4)
        workers = _children(process.pid, WORKER)
        assert workers
        os.kill(process.pid, signal.SIGKILL)
        wait_for("the workers' end", lambda: not workers & _processes().keys())
        process.wait()
    assert len(site.shop.log()) == 4
