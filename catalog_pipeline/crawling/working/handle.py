"""One worker process as the scheduler sees it: what it was given, what it reads, how it ended.

Which task goes to which worker, and what becomes of those of a worker that died, is not here
(`pool`, `scheduling.casualties`).
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Hashable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.calls import CallWatched
from catalog_pipeline.crawling.working.reading_board import Reading, ReadingBoard, mark_of
from catalog_pipeline.crawling.working.signs_of_life import SignsOfLife
from catalog_pipeline.crawling.working.starting import start_worker
from catalog_pipeline.errors import ParseLimitError
from catalog_pipeline.reading.read_places import read_place
from catalog_pipeline.system.processes import is_stopped, processor_seconds, resident_bytes

_SECONDS_TO_NOTICE = 1.0
_SECONDS_TO_STORE = 60.0
_MOST_EXCHANGES_IN_A_ROW = 3
_FAR_MORE = 3
_TICK = 0.01
"""What the system's count of a thread's time is exact to."""


class WorkerHandle:
    """A process that was started, its connection, and what it was given and has not answered.

    With `is_last` no other one is started soon.
    """

    def __init__(
        self, setup: messages.WorkerSetup, inherited: Sequence[int], *, is_last: bool = True
    ) -> None:
        ours, theirs = socket.socketpair()
        self._board = ReadingBoard.make(setup.threads + 1)
        with theirs:
            self.process = start_worker(
                theirs.fileno(), [self._board.descriptor, *inherited], is_last=is_last
            )
        self.connection = Connection(ours.detach())
        self.threads = setup.threads
        self._limits = setup.catalogue.limits
        self._catalogue = setup.catalogue
        self._tasks: dict[Hashable, messages.Task] = {}
        self._exceeded: tuple[ParseLimitError, ...] = ()
        self._is_ended = self._was_stopped = False
        self._life = SignsOfLife()
        self._heard = 0
        self._seen_at: dict[tuple[int, float], float] = {}
        self._answered_pages = 0
        self._send(replace(setup, reading_board=self._board.descriptor))

    @property
    def idle_threads(self) -> int:
        """How many tasks more it may have at once."""
        return self.threads - len(self._tasks)

    @property
    def is_idle(self) -> bool:
        """Whether it has answered all that it was given."""
        return not self._tasks

    def give(self, task: messages.Task) -> None:
        """Send a task; that the process has ended shows when its answers are taken."""
        self._tasks[_key(task)] = task
        self._send(task)

    def take(self) -> list[messages.Answer]:
        """The answers that have come in, of which there is one at least.

        Raises:
            EOFError, OSError: the process has ended, and nothing of it is left to be read.
        """
        found: list[messages.Answer] = []
        try:
            while not found or self.connection.poll():
                answer: messages.Answer = self.connection.recv()
                if not isinstance(answer, messages.News):
                    task = self._tasks.pop(_key(answer), None)
                    self._answered_pages += messages.is_page(task)
                self._heard += 1
                found.append(answer)
        except (EOFError, OSError):
            if not found:
                raise
        return found

    def end_if_it_must(self, own: float) -> None:
        """Kill the process if it does not get on, or at a page that takes more than it may.

        `own` is an `OwnTime` of whoever looks.
        """
        if self._is_ended:
            return
        reading = self._board.now()
        if reading:
            self._life.reads(own)
            self._end_if_it_exceeds(reading, own)
        elif self._life.stands_still(
            own,
            self._board.beats,
            (self._board.steps, self._heard, len(self._tasks)),
            self._longest_step_seconds if self._tasks else float("inf"),
        ):
            self._end()

    def _end_if_it_exceeds(self, reading: list[Reading], own: float) -> None:
        """Kill the process if a page that it reads takes more time or memory than it may.

        A pattern notices that itself in most cases, and has a second for it. Threads wait for each
        other, and share their memory: the page is the one that had the processor meanwhile. Where
        that is not clear no page is named, and each is tried alone.
        """
        seen_at = {(each.mark, each.since): own for each in reading}
        self._seen_at = seen_at | {
            each: at for each, at in self._seen_at.items() if each in seen_at
        }
        in_use = resident_bytes(self.process.pid)
        seconds, most_bytes = self._limits.parse_seconds, self._limits.parse_memory
        if any(own - at > seconds + _SECONDS_TO_NOTICE for at in self._seen_at.values()):
            limit, problem = "parse_seconds", f"took longer than {seconds:g} s"
        elif any(in_use - each.bytes_before > most_bytes for each in reading):
            limit, problem = "parse_memory", f"took more than {most_bytes / 2**20:,.0f} MiB"
        else:
            return
        guilty = _busiest(reading, self.process.pid)
        if guilty is not None and not is_stopped(self.process.pid):
            text = f"reading it {problem} (limits.{limit})"
            of_login = [None] if guilty.mark == mark_of(None) else []
            self._exceeded = tuple(
                self._error_of(text, limit, page, guilty)
                for page in (*self._pages([guilty]), *of_login)
            )
        self._end()

    def bury(self) -> messages.WorkerLost:
        """Wait for the end of the process, and tell what it left undone."""
        self.connection.close()
        status = self.process.wait()
        seen = self._board.now()
        places = {
            page: str(place)
            for each in seen
            for page in self._pages([each])
            if (place := read_place(self._catalogue, each.place, page)) is not None
        }
        begun = self._board.begun - self._answered_pages
        tells_of_pages = begun > 0 and not self._was_stopped
        self._board.close()
        return messages.WorkerLost(
            tuple(self._tasks.values()),
            frozenset(self._pages(seen)),
            self._exceeded,
            status,
            self.process.pid,
            places,
            tells_of_pages=tells_of_pages,
        )

    def close(self, *, at_once: bool) -> None:
        """Let the process end, in its own time or at once; `wait_for_end` waits for it."""
        self.connection.close()
        if at_once:
            self.process.kill()

    def wait_for_end(self, seconds: float) -> None:
        """Wait until the process has ended, and kill it if it does not within that time."""
        try:
            self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._board.close()

    def _send(self, message: messages.WorkerSetup | messages.Task) -> None:
        try:
            self.connection.send(message)
        except OSError:
            # The process has ended. What it said before is still to be read.
            return

    @property
    def _longest_step_seconds(self) -> float:
        """How long it may take at most until something begins or ends in a process at work.

        A page may wait for the request of another one, and a login for its next one.
        """
        pauses = [t.interval_seconds for t in self._tasks.values() if isinstance(t, messages.LogIn)]
        polite = self._catalogue.politeness
        timeout = polite.request_timeout_seconds
        if any(isinstance(each, CallWatched) for each in self._tasks.values()):
            # It keeps the site's pace, and its tries, by itself.
            pauses += [polite.page_timeout_seconds, polite.max_crawl_delay_seconds or 0.0]
        return _SECONDS_TO_STORE + _MOST_EXCHANGES_IN_A_ROW * timeout + sum(pauses)

    def _end(self) -> None:
        self._is_ended = True
        self._was_stopped = is_stopped(self.process.pid)
        self.process.kill()

    def _pages(self, reading: Sequence[Reading]) -> list[PageKey]:
        """The pages in hand that are being read."""
        marks = {each.mark for each in reading}
        pages = (each.page for each in self._tasks.values() if messages.is_page(each))
        return [page for page in pages if mark_of(page) in marks]

    def _error_of(
        self, text: str, limit: str, page: PageKey | None, reading: Reading
    ) -> ParseLimitError:
        place = read_place(self._catalogue, reading.place, page)
        if place is None:
            return ParseLimitError(text, kind=limit, page=page)
        return ParseLimitError(
            text, kind=limit, page=page, field=place.field, pattern=place.pattern, place=str(place)
        )


def _busiest(reading: Sequence[Reading], pid: int) -> Reading | None:
    """The page on which the process spends its time; None if that may be more than one."""
    if len(reading) == 1:
        return reading[0]
    used = [processor_seconds(pid, each.thread) - each.seconds_before for each in reading]
    first, second = sorted(range(len(used)), key=used.__getitem__)[:-3:-1]
    return reading[first] if used[first] > _FAR_MORE * max(used[second], _TICK) else None


def _key(message: messages.Task | messages.Answer) -> Hashable:
    """What a task and its answer have in common: a page, an address, or that it is the login."""
    page: PageKey | None = getattr(message, "page", None)
    return page if page is not None else getattr(message, "url", "login")
