"""Starts the processes of workers: forks of one process that has imported what they need.

An interpreter needs half a second of a processor to import a worker's modules. So one process, the
template, does that once for all workers that are started together, and becomes the last of them;
where crawls follow each other it is kept for all of them. Where the system cannot fork so that the
worker is our child, each gets an interpreter of its own. What the template does is in `template`,
and what a worker does in `process`.
"""

from __future__ import annotations

import atexit
import os
import pickle
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Protocol

from catalog_pipeline.crawling.orphans import WORKER_MODULE
from catalog_pipeline.crawling.working.template import LENGTH, REPLY, ForkRequest
from catalog_pipeline.system.interpreter import running_module
from catalog_pipeline.system.locked_file import locks_handed_on
from catalog_pipeline.system.processes import file_mask
from catalog_pipeline.system.sampled import before_its_program
from catalog_pipeline.system.sibling import can_fork_siblings

START = "catalog_pipeline.worker_starts"
"""What Python's audit is told when a worker is forked."""
TEMPLATE = "template"
"""What makes a worker's process the template, as its first argument."""

_HEEDED = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_", "GLIBC_", "OPENSSL_")
"""How variables begin that are heeded as an interpreter starts, and not later."""
_CUSTOMISED = "PYTHONPATH"
"""With it, what Python imports as it starts may heed any variable."""
_OUTPUTS = (1, 2)
_START_SECONDS = 60.0
"""From here on a template is taken for one that somebody has stopped."""


class Process(Protocol):
    """What `subprocess.Popen` and a fork of the template have in common."""

    @property
    def pid(self) -> int:
        """The number of the process."""

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the status, as `subprocess` has it.

        Raises:
            subprocess.TimeoutExpired: it lives longer than that.
        """


def start_worker(connection: int, inherited: Sequence[int], *, is_last: bool) -> Process:
    """Start a process that serves the connection, in a session of its own.

    With `is_last` no other one is started soon.
    """
    if can_fork_siblings():
        with _choosing:
            if _is_kept or _template is not None or not is_last:
                return _by_template([connection, *inherited], is_last=is_last)
    return _interpreter([str(connection)], [connection, *inherited])


@contextmanager
def kept_template() -> Iterator[None]:
    """Start all workers of this process from one template, until the end."""
    global _is_kept
    before, _is_kept = _is_kept, True
    try:
        yield
    finally:
        _is_kept = before
        if not before:
            end_template()


def end_template() -> None:
    """End the template of this process, if it has one, and wait for that; workers live on."""
    global _template
    with _choosing:
        if _template is not None and _template.owner == os.getpid():
            _template.end()
        _template = None


class _Template:
    """The process that is forked, and how this one asks it to fork."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._surroundings = _surroundings()
        self._asking, theirs = socket.socketpair()
        with theirs:
            self.process = _interpreter([TEMPLATE, str(theirs.fileno())], [theirs.fileno()])

    @property
    def serves(self) -> bool:
        """Whether its workers are what interpreters would be that were started now."""
        return (
            self.owner == os.getpid()
            and self.process.poll() is None
            and self._surroundings == _surroundings()
        )

    def fork(self, descriptors: list[int]) -> Process:
        """Ask for a worker; whether there is one shows when its number is wanted."""
        sys.audit(START)
        reading, writing = os.pipe()
        self._ask(descriptors, writing, is_last=False)
        os.close(writing)
        return _Forked(self, reading)

    def become_worker(self, descriptors: list[int]) -> Process:
        """Let the template be the last worker of it."""
        with open(os.devnull, "wb") as nowhere:
            self._ask(descriptors, nowhere.fileno(), is_last=True)
        self._asking.close()
        return self.process

    def _ask(self, descriptors: list[int], reply: int, *, is_last: bool) -> None:
        open_outputs = [number for number in _OUTPUTS if _is_open(number)]
        request = ForkRequest((*descriptors, *open_outputs), dict(os.environ), is_last)
        content = pickle.dumps(request)
        # One that has ended meanwhile replies nothing.
        with suppress(BrokenPipeError, ConnectionResetError):
            socket.send_fds(
                self._asking, [LENGTH.pack(len(content))], [reply, *request.descriptors]
            )
            self._asking.sendall(content)

    def end(self) -> int:
        """Let it end, and return its status, as `subprocess` has it."""
        self._asking.close()
        return self.process.wait()


class _Forked:
    """A worker that a template was asked for; its number is known when the template has begun."""

    def __init__(self, template: _Template, reply: int | None) -> None:
        self._template, self._reply = template, reply
        self._pid, self._descriptor = 0, -1
        self._status: int | None = None

    @property
    def pid(self) -> int:
        """The number of the process; 0 if the template ended before there was one.

        Raises:
            OSError: the system did not fork.
        """
        if self._reply is not None:
            if not _is_readable(self._reply, _START_SECONDS):
                self._template.process.kill()
            with open(self._reply, "rb", buffering=0) as reply:
                answer = reply.read(REPLY.size)
            self._reply = None
            (number,) = REPLY.unpack(answer) if answer else (0,)
            if number < 0:
                raise OSError(-number, os.strerror(-number))
            if number > 0:
                self._pid, self._descriptor = number, os.pidfd_open(number)
        return self._pid

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        if self.pid and self._status is None:
            signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the status, as `subprocess` has it.

        Raises:
            subprocess.TimeoutExpired: it lives longer than that.
        """
        if self._status is None and not self.pid:
            self._status = self._template.end()
        if self._status is None:
            if not _is_readable(self._descriptor, timeout):
                raise subprocess.TimeoutExpired(WORKER_MODULE, timeout or 0.0)
            self._status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            os.close(self._descriptor)
        return self._status


_template: _Template | None = None
_is_kept = False
_choosing = threading.RLock()
atexit.register(end_template)


def _by_template(descriptors: list[int], *, is_last: bool) -> Process:
    """A worker of this process's template; of a new one where the old would start other workers."""
    global _template
    if _template is None or not _template.serves:
        end_template()
        _template = _Template()
    if _is_kept or not is_last:
        return _template.fork(descriptors)
    template, _template = _template, None
    return template.become_worker(descriptors)


def _interpreter(arguments: list[str], inherited: list[int]) -> subprocess.Popen[bytes]:
    with locks_handed_on():
        return subprocess.Popen(  # noqa: S603 - this program, no shell
            [*running_module(WORKER_MODULE), *arguments],
            stdin=subprocess.DEVNULL,
            pass_fds=inherited,
            start_new_session=True,
            preexec_fn=before_its_program(),
        )


def _surroundings() -> object:
    """What a process has from the one that starts it, and a fork from the time of its template."""
    everything = dict(os.environ)
    heeded = {name: value for name, value in everything.items() if name.startswith(_HEEDED)}
    limits = [resource.getrlimit(number) for number in range(resource.RLIMIT_RTTIME + 1)]
    environment = everything if _CUSTOMISED in everything else heeded
    return sys.executable, os.getcwd(), file_mask(), limits, environment


def _is_readable(descriptor: int, seconds: float | None) -> bool:
    """Whether there is something to be read within that time; for ever, if that is None."""
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    return bool(poller.poll(None if seconds is None else seconds * 1000))


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
