"""One worker process as the scheduler sees it: what it was given, what it reads, how it ended.

Which task goes to which worker, and what becomes of those of a worker that died, is not here
(`pool`, `scheduling.casualties`).
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Hashable, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.orphans import WORKER_MODULE
from catalog_pipeline.crawling.working.reading_board import Reading, ReadingBoard, mark_of
from catalog_pipeline.errors import ParseLimitError
from catalog_pipeline.system.processes import resident_bytes


class WorkerHandle:
    """A process that was started, its connection, and what it was given and has not answered."""

    def __init__(self, setup: messages.WorkerSetup, inherited: Sequence[int]) -> None:
        ours, theirs = socket.socketpair()
        self._board = ReadingBoard.make(setup.threads + 1)
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - this program, no shell
                [sys.executable, "-m", WORKER_MODULE, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno(), self._board.descriptor, *inherited],
                start_new_session=True,
            )
        self.connection = Connection(ours.detach())
        self.threads = setup.threads
        self._limits = setup.catalogue.limits
        self._tasks: dict[Hashable, messages.Task] = {}
        self._exceeded: tuple[ParseLimitError, ...] = ()
        self._is_ended = False
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
                    self._tasks.pop(_key(answer), None)
                found.append(answer)
        except (EOFError, OSError):
            if not found:
                raise
        return found

    def end_if_it_exceeds(self, now: float) -> None:
        """Kill the process if a page that it reads takes more time or memory than it may.

        Which page that is, is certain only in a process that never has another one: threads wait
        for each other, and share their memory.
        """
        reading = [] if self._is_ended else self._board.now()
        if not reading:
            return
        in_use = resident_bytes(self.process.pid)
        seconds, most_bytes = self._limits.parse_seconds, self._limits.parse_memory
        if any(now - each.since > seconds for each in reading):
            limit, problem = "parse_seconds", f"took longer than {seconds:g} s"
        elif any(in_use - each.bytes_before > most_bytes for each in reading):
            limit, problem = "parse_memory", f"took more than {most_bytes / 2**20:,.0f} MiB"
        else:
            return
        if self.threads == 1:
            text = f"reading it {problem} (limits.{limit})"
            self._exceeded = tuple(
                ParseLimitError(text, kind=limit, page=page) for page in self._pages(reading)
            )
        self._is_ended = True
        self.process.kill()

    def bury(self) -> messages.WorkerLost:
        """Wait for the end of the process, and tell what it left undone."""
        self.connection.close()
        status = self.process.wait()
        reading = frozenset(self._pages(self._board.now()))
        self._board.close()
        return messages.WorkerLost(
            tuple(self._tasks.values()), reading, self._exceeded, status, self.process.pid
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

    def _pages(self, reading: Sequence[Reading]) -> list[PageKey]:
        """The pages in hand that are being read."""
        marks = {each.mark for each in reading}
        tasks = [
            task
            for task in self._tasks.values()
            if isinstance(task, messages.FetchPage | messages.ReparsePage)
        ]
        return [task.page for task in tasks if mark_of(task.page) in marks]


def _key(message: messages.Task | messages.Answer) -> Hashable:
    """What a task and its answer have in common: a page, an address, or that it is the login."""
    page: PageKey | None = getattr(message, "page", None)
    return page if page is not None else getattr(message, "url", "login")
