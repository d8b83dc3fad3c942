"""Programs of this project, and `dg`, as forks of one process, the zygote, that imported them all.

A new interpreter needs three seconds of a processor to import what a crawl needs, of the four that
a small crawl takes. A fork is a process all the same: a child of whoever starts it, in a session of
its own, with its own arguments, folder, environment, outputs, signals and end. What it does not
have is what Python heeds as it starts: whoever tests that starts an interpreter.
"""

from __future__ import annotations

import os
import pickle
import re
import select
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from catalog_pipeline.system.sibling import can_fork_siblings

COMMAND = [str(Path(sys.executable).with_name("catalog-pipeline"))]
DG = [str(Path(sys.executable).with_name("dg"))]
MODULE = [sys.executable, "-m"]
"""How a program begins that can be forked: the command, Dagster's own, or a module."""
LENGTH = struct.Struct("=I")
PID = struct.Struct("=i")

_HEEDED = re.compile(r"PYTHON(?!PATH$).*|LC_.*|LANG.*")
"""What Python heeds as it starts, and not later. A fork adds the folders of its path."""
_ROOT = Path(__file__).parents[1]
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"}
"""Libraries of numpy and pyarrow would start threads, which a fork has not."""


@dataclass(frozen=True)
class ForkRequest:
    """What a fork is to be; its outputs come beside this."""

    program: tuple[str, ...]
    folder: str
    environ: dict[str, str]


class ForkedProgram:
    """A fork that runs, or has run: what tests need of `subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._watched = os.pidfd_open(pid)
        self._code: int | None = None
        self._asking = threading.Lock()

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        with self._asking:
            if self._code is None:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self._code = os.waitstatus_to_exitcode(status)
            return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; returns the exit code.

        Raises:
            subprocess.TimeoutExpired: it lives longer than that.
        """
        watching = select.poll()
        watching.register(self._watched, select.POLLIN)
        watching.poll(None if timeout is None else timeout * 1000)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0.0)
        return code

    def __del__(self) -> None:
        os.close(self._watched)


class Zygote:
    """The process that is forked, and how this one asks it to fork."""

    def __init__(self) -> None:
        self._asking, theirs = socket.socketpair()
        self._one_at_a_time = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [*MODULE, "catalog_pipeline_tests.zygote", str(theirs.fileno())],
                cwd=_ROOT,
                env={**os.environ, **ONE_THREAD},
                stdin=subprocess.DEVNULL,
                # What goes to a file or a pipe is not written line by line.
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def fork(self, request: ForkRequest, out: BinaryIO, err: BinaryIO) -> ForkedProgram:
        """A fork that runs a program."""
        content = pickle.dumps(request)
        with self._one_at_a_time:
            outputs = [out.fileno(), err.fileno()]
            socket.send_fds(self._asking, [LENGTH.pack(len(content))], outputs)
            self._asking.sendall(content)
            answer = self._asking.recv(PID.size, socket.MSG_WAITALL)
        assert answer, "the zygote has ended"
        (pid,) = PID.unpack(answer)
        return ForkedProgram(pid)

    def end(self) -> None:
        """End it; its forks live on."""
        self._asking.close()
        self._process.wait()


_zygotes: list[Zygote] = []
_choosing = threading.Lock()
_is_wanted = False


@contextmanager
def one_zygote() -> Iterator[None]:
    """Fork programs from one zygote, which is made for the first of them, until the end."""
    global _is_wanted
    _is_wanted = True
    try:
        yield
    finally:
        _is_wanted = False
        while _zygotes:
            _zygotes.pop().end()


def start_program(
    program: Sequence[str],
    *,
    folder: Path,
    environ: dict[str, str],
    out: BinaryIO,
    err: BinaryIO,
) -> ForkedProgram | subprocess.Popen[bytes]:
    """Start a program with nothing to read, in a session of its own; a fork where it can be one."""
    if _is_wanted and _can_be_forked(program, environ):
        request = ForkRequest(tuple(program), str(folder), environ)
        return _zygote().fork(request, out, err)
    return subprocess.Popen(
        program,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        start_new_session=True,
    )


def _zygote() -> Zygote:
    with _choosing:
        if not _zygotes:
            _zygotes.append(Zygote())
        return _zygotes[0]


def _can_be_forked(program: Sequence[str], environ: dict[str, str]) -> bool:
    is_known = list(program[:1]) in (COMMAND, DG) or list(program[:2]) == MODULE
    return is_known and _heeded(environ) == _heeded(os.environ) and can_fork_siblings()


def _heeded(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if _HEEDED.fullmatch(name)}
