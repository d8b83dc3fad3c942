"""Which tests start processes, and that these end: a plugin of pytest.

The quick tests are those without the mark `processes`. Whether a test needs it is no matter of
opinion: where the quick ones are run (`-m "not processes"`), one that starts a process fails.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from multiprocessing.process import BaseProcess

import pytest

from catalog_pipeline.crawling.working.starting import START, kept_template
from catalog_pipeline_tests.forked_programs import one_zygote
from catalog_pipeline_tests.marked_processes import MarkedProcess, marked_processes
from catalog_pipeline_tests.waiting import wait_for

QUICK = "not processes"
SLOW = ("services", "crash", "attack")
"""The folders whose tests are all about processes."""

_STARTS = frozenset(
    ("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", START)
)
"""What Python's audit calls the start of a process."""
_MARK = "CATALOG_PIPELINE_TESTS"
_KEPT_BY_PYTHON = "multiprocessing.resource_tracker"
"""What Python starts once for each process and ends with it."""

_ASKED_BY_PLATFORM = frozenset(("file", "uname"))
"""What Python's `platform` asks, once in a process, of the interpreter and the machine."""

_LEFT_BY_THE_KILLED = ("ResourceWarning", "pytest.PytestUnraisableExceptionWarning")
"""Warnings of pipes to processes that were killed, which come whenever Python tidies up."""

_started: list[str] = []


def pytest_configure() -> None:
    """Listen for starts from now on, and mark all processes that are started."""
    os.environ[_MARK] = uuid.uuid4().hex
    sys.addaudithook(_listener(_STARTS, _ASKED_BY_PLATFORM, _started))
    # Of what it starts with a new interpreter the audit does not hear.
    BaseProcess.start = _told(BaseProcess.start)  # type: ignore[method-assign, assignment]


def _told(start: Callable[[BaseProcess], None]) -> Callable[[BaseProcess], None]:
    def start_and_tell(process: BaseProcess) -> None:
        _started.append("multiprocessing")
        start(process)

    return start_and_tell


def _listener(
    starts: frozenset[str], asked_by_platform: frozenset[str], started: list[str]
) -> Callable[[str, tuple[object, ...]], None]:
    """What hears of each event; it still does when this module's names are gone, at the end."""

    def listen(event: str, arguments: tuple[object, ...]) -> None:
        if event in starts and not asked_by_platform.intersection(map(str, arguments[:1])):
            started.append(f"{event} {arguments[0]}" if arguments else event)

    return listen


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the slow folders."""
    for item in items:
        folder = item.nodeid.split("/")[1]
        if folder in SLOW:
            item.add_marker(pytest.mark.processes)
            for kind in _LEFT_BY_THE_KILLED:
                item.add_marker(pytest.mark.filterwarnings(f"default::{kind}"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a quick test that starts a process."""
    before = len(_started)
    result = yield
    _starts_none(item.config, before)
    return result


@pytest.hookimpl(wrapper=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest
) -> Generator[None, object, object]:
    """The same of what a test needs, unless the whole session needs it."""
    before = len(_started)
    result = yield
    if fixturedef.scope != "session":
        _starts_none(request.config, before)
    return result


def _starts_none(config: pytest.Config, before: int) -> None:
    if _started[before:] and config.option.markexpr == QUICK:
        pytest.fail(
            f"this test starts a process ({_started[before]}) and is therefore none of the quick "
            "ones: mark it, or its module, with pytest.mark.processes",
            pytrace=False,
        )


@pytest.fixture(scope="session", autouse=True)
def _every_process_ends() -> Iterator[None]:
    """When all is over, no process is left that a test started, nor one that such a one started."""
    # Crawls follow each other here.
    with kept_template(), one_zygote():
        yield
    try:
        wait_for("the end of what tests started", lambda: not _strays())
    except AssertionError:
        strays = _strays()
        for stray in strays:
            stray.kill()
        pytest.fail(f"processes outlived their tests: {strays}", pytrace=False)


def _strays() -> list[MarkedProcess]:
    found = marked_processes(_MARK, os.environ[_MARK])
    return [each for each in found if _KEPT_BY_PYTHON not in each.command]
