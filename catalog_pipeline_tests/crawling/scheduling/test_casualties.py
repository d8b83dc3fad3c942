"""Which page is to blame for the death of a worker, and when a crawl has seen enough of them."""

import signal
from dataclasses import replace

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.scheduling.casualties import (
    DEATHS_IN_A_ROW,
    DEATHS_OF_A_LONE_PAGE,
    DEATHS_THAT_MAKE_A_SUSPECT,
    Casualties,
)
from catalog_pipeline.errors import ParseLimitError, PoisonousPageError, WorkerError

ONE, TWO = PageKey(1), PageKey(2)


def _lost(
    *pages: PageKey,
    reading: tuple[PageKey, ...] = (),
    exceeded: tuple[ParseLimitError, ...] = (),
    status: int = -signal.SIGSEGV,
) -> messages.WorkerLost:
    tasks = tuple(messages.FetchPage(page, f"http://shop.example/{page}", 1) for page in pages)
    return messages.WorkerLost(tasks, frozenset(reading), exceeded, status, 4711)


def test_a_page_that_was_being_read_is_a_suspect_and_the_others_are_not():
    casualties = Casualties()
    lost = _lost(ONE, TWO, reading=(ONE,))
    casualties.worker_died(lost)
    assert casualties.is_suspect(ONE)
    assert not casualties.is_suspect(TWO)
    assert casualties.verdict(ONE, lost) is None
    assert casualties.verdict(TWO, lost) is None


def test_a_page_that_two_workers_died_of_is_poisonous_and_says_how_they_ended():
    casualties = Casualties()
    lost = _lost(ONE, reading=(ONE,))
    casualties.worker_died(lost)
    casualties.worker_died(lost)
    error = casualties.verdict(ONE, lost)
    assert isinstance(error, PoisonousPageError)
    assert (error.kind, error.deaths, error.status) == ("poisonous", 2, -signal.SIGSEGV)
    assert str(error) == (
        "page 1: 2 worker processes ended while they were reading it, "
        "the last one with signal SIGSEGV"
    )


def test_a_page_on_its_way_is_no_suspect_unless_it_happens_again_and_again():
    casualties, lost = Casualties(), _lost(ONE, TWO)
    for _ in range(DEATHS_THAT_MAKE_A_SUSPECT - 1):
        casualties.worker_died(lost)
        assert not casualties.is_suspect(ONE)
    casualties.worker_died(lost)
    assert casualties.is_suspect(ONE)
    assert casualties.verdict(ONE, lost) is None


def test_a_suspect_on_its_way_is_to_blame_when_it_was_alone_often_enough():
    casualties, lost = Casualties(), _lost(ONE, status=1)
    for _ in range(DEATHS_THAT_MAKE_A_SUSPECT + DEATHS_OF_A_LONE_PAGE - 1):
        casualties.worker_died(lost)
        assert casualties.verdict(ONE, lost) is None
    casualties.worker_died(lost)
    error = casualties.verdict(ONE, lost)
    assert error is not None
    assert "exit status 1" in str(error)


def test_a_worker_that_had_not_come_to_its_pages_says_nothing_about_them():
    casualties = Casualties()
    lost = replace(_lost(ONE), tells_of_pages=False)
    for _ in range(DEATHS_IN_A_ROW - 1):
        casualties.worker_died(lost)
        assert not casualties.is_suspect(ONE)
        assert casualties.verdict(ONE, lost) is None
    with pytest.raises(WorkerError):
        casualties.worker_died(lost)


def test_a_page_that_exceeded_a_limit_fails_at_once_and_nothing_else_is_blamed():
    casualties = Casualties()
    too_long = ParseLimitError(
        "reading it took longer than 20 s (limits.parse_seconds)",
        kind="parse_seconds", page=ONE,
    )  # fmt: skip
    lost = _lost(ONE, TWO, reading=(ONE, TWO), exceeded=(too_long,), status=-9)
    casualties.worker_died(lost)
    assert casualties.verdict(ONE, lost) is too_long
    assert casualties.verdict(TWO, lost) is None
    assert not casualties.is_suspect(TWO)


def test_deaths_without_a_page_between_them_end_the_crawl_and_others_do_not():
    casualties = Casualties()
    for _ in range(3):
        for _ in range(DEATHS_IN_A_ROW - 1):
            casualties.worker_died(_lost())
        casualties.page_settled()
    for _ in range(DEATHS_IN_A_ROW - 1):
        casualties.worker_died(_lost())
    with pytest.raises(WorkerError, match=r"10 worker processes .* signal SIGKILL"):
        casualties.worker_died(_lost(status=-9))
