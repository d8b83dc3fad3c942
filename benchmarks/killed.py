"""One crawl that is killed by SIGKILL of its group, started again once, and judged.

The instant is a share of the time from the first page to the end of the command, counted in pages
while pages come: how fast the machine is at that moment does not shift it. Who is killed, and how
often, is in `kills`.
"""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.lines import Job, Line
from benchmarks.measure import Command, end_of_log
from benchmarks.server_process import BUILD_FOLDER, Server, serving
from benchmarks.shop import Product, products
from catalog_pipeline_tests.crash.killed_crawl import Life

PATIENCE_SECONDS = 400.0
MOST_HANDS = 2
_SECONDS_BETWEEN_LOOKS = 0.01


@dataclass(frozen=True)
class Contestant:
    """A crawler with the settings that its documentation has for going on after an interruption."""

    line: Line
    said: str
    """A pattern of the sentence with which it ends."""
    mend: Callable[[Job], bool] = lambda job: False
    """Makes a result readable that is not; whether it had to."""


@dataclass(frozen=True)
class Trial:
    """What is asked of each crawler."""

    pages: int
    concurrency: int
    latency_ms: float


@dataclass(frozen=True)
class Outcome:
    """What became of a crawl that was killed."""

    name: str
    phase: str
    """What it was doing when it was killed: pages, or the end after them; or it was over before."""
    never_downloaded: int = 0
    lost: int = 0
    doubled: int = 0
    downloaded_again: int = 0
    restart_seconds: float = 0.0
    hands: tuple[str, ...] = ()
    """Why its restart was not enough by itself."""
    said: str = ""

    @property
    def is_wrong(self) -> bool:
        """Whether pages or rows are missing or doubled in what it made in the end."""
        return bool(self.never_downloaded or self.lost or self.doubled)


def life_of(contestant: Contestant, trial: Trial) -> Life:
    """The life of a command that nobody kills."""
    with tempfile.TemporaryDirectory(dir=BUILD_FOLDER) as place, _served(trial) as server:
        job = Job(server.url, trial.pages, trial.concurrency, Path(place))
        began = time.monotonic()
        with _running(contestant.line.set_up(job), job.folder) as process:
            _wait_for_pages(server, process, 1)
            first_page = time.monotonic() - began
            _wait_for_pages(server, process, trial.pages)
            last_page = time.monotonic() - began
            if not _is_over_within(process, PATIENCE_SECONDS) or process.returncode:
                problem = end_of_log(job.folder)
                raise SystemExit(f"{contestant.line.name} fails by itself: {problem}")
        return Life(first_page, last_page, time.monotonic() - began)


def kill_and_restart(contestant: Contestant, trial: Trial, life: Life, share: float) -> Outcome:
    """Kill a crawl at that share of its pages and end, start it again, and judge what there is."""
    name = contestant.line.name
    with tempfile.TemporaryDirectory(dir=BUILD_FOLDER) as place, _served(trial) as server:
        job = Job(server.url, trial.pages, trial.concurrency, Path(place))
        command = contestant.line.set_up(job)
        with _running(command, job.folder) as process:
            is_over = _wait_for_instant(server, process, trial.pages, life, share)
            downloads = server.hits().downloads
        if is_over:
            return Outcome(name, "over")
        began, hands = time.monotonic(), list[str]()
        while (reason := _restarted(command, job)) and len(hands) < MOST_HANDS:
            hands.append(reason)
        seconds = time.monotonic() - began
        outcome = _judged(contestant, job, server, (*hands, reason))
        phase = "pages" if downloads < trial.pages else "end"
        return replace(outcome, phase=phase, restart_seconds=seconds)


def _served(trial: Trial) -> AbstractContextManager[Server]:
    return serving(trial.pages, trial.latency_ms)


@contextmanager
def _running(command: Command, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a group of its own, which is killed in the end."""
    with (folder / "log.txt").open("wb") as log:
        process = subprocess.Popen(
            command.arguments,
            cwd=folder,
            env={**os.environ, **command.environment},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for_instant(
    server: Server, process: subprocess.Popen[bytes], pages: int, life: Life, share: float
) -> bool:
    """Wait for that instant; returns whether the command ended before."""
    instant = life.first_page + share * (life.end - life.first_page)
    if instant < life.last_page:
        share_of_pages = (instant - life.first_page) / (life.last_page - life.first_page)
        return _wait_for_pages(server, process, max(1, math.ceil(share_of_pages * pages)))
    is_over = _wait_for_pages(server, process, pages)
    return is_over or _is_over_within(process, instant - life.last_page)


def _wait_for_pages(server: Server, process: subprocess.Popen[bytes], pages: int) -> bool:
    """Wait until so many were asked for; returns whether the command ended before."""
    while server.hits().downloads < pages:
        if _is_over_within(process, _SECONDS_BETWEEN_LOOKS):
            return True
    return False


def _is_over_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
        return True
    return False


def _restarted(command: Command, job: Job) -> str:
    """Start the command again and wait for its end; why that was not enough, if it was not."""
    with _running(command, job.folder) as process:
        if not _is_over_within(process, PATIENCE_SECONDS):
            return f"it did not end within {PATIENCE_SECONDS:g} s"
        said = end_of_log(job.folder)
        return f"exit code {process.returncode}: {said}" if process.returncode else ""


def _judged(contestant: Contestant, job: Job, server: Server, reasons: tuple[str, ...]) -> Outcome:
    hands = [reason for reason in reasons if reason]
    if contestant.mend(job):
        hands.append("its result could not be read as it was")
    asked = {
        page: n for first, last, n in server.hits().per_page for page in range(first, last + 1)
    }
    found = Counter(_rows(contestant, job))
    return Outcome(
        contestant.line.name,
        phase="",
        never_downloaded=sum(page not in asked for page in range(1, job.pages + 1)),
        lost=len(set(products(job.pages)) - set(found)),
        doubled=found.total() - len(found),
        downloaded_again=sum(asked.values()) - len(asked),
        hands=tuple(hands),
        said=_said(contestant, job),
    )


def _rows(contestant: Contestant, job: Job) -> list[Product]:
    """The rows of its result; none, where there is no result."""
    try:
        return list(contestant.line.rows(job))
    except FileNotFoundError:
        return []


def _said(contestant: Contestant, job: Job) -> str:
    told = (job.folder / "log.txt").read_text(errors="replace")
    found = re.findall(contestant.said, told, re.MULTILINE)
    return str(found[-1]).strip() if found else "nothing"
