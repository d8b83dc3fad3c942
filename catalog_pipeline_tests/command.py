"""The `catalog-pipeline` command in tests: within this process, or as a process of its own.

That is a fork where it can be one (`forked_programs`), unless a test is about how it starts.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from catalog_pipeline_tests.forked_programs import COMMAND, ForkedProgram, start_program
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS


@dataclass(frozen=True)
class Answer:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, all of it, as JSON."""
        return json.loads(self.out)


def run_process(
    *arguments: str, cwd: Path | None = None, environ: dict[str, str] | None = None
) -> Answer:
    """The command as a process, until it ends; `environ` comes on top of our own."""
    return run_program([*COMMAND, *arguments], cwd=cwd, environ=environ)


def run_program(
    program: Sequence[str], *, cwd: Path | None = None, environ: dict[str, str] | None = None
) -> Answer:
    """The same of any program, which is a fork where it can be one."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = _started(program, cwd, environ, out, err)
        try:
            code = process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            _kill_group(process.pid)
            process.wait()
            raise
        said = [_text_of(each) for each in (out, err)]
    return Answer(code, *said)


def run_to_its_end(
    command: list[str],
    seconds: float,
    *,
    cwd: Path | None = None,
    environ: dict[str, str] | None = None,
) -> Answer:
    """Any program as a process with nothing to read; `environ` comes on top of our own."""
    process = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Answer(process.returncode, process.stdout, process.stderr)


def holding(script: str, *arguments: str) -> "subprocess.Popen[str]":
    """A process of Python that has said `held`, and may be told more."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


class RunningCommand:
    """The command that runs, or has run; its outputs are read as they come."""

    def __init__(
        self, process: ForkedProgram | subprocess.Popen[bytes], stdout: TextIO, stderr: TextIO
    ) -> None:
        self._process = process
        self.stdout = stdout
        self.stderr = stderr

    @property
    def pid(self) -> int:
        """Its process id, which is its group's too."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """The exit code, or None while it runs; the negative number of the signal that ended it."""
        return self._process.poll()

    def poll(self) -> int | None:
        """The same, in the words of `subprocess`, as all that follows."""
        return self._process.poll()

    def wait(self, timeout: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; returns the exit code.

        Raises:
            subprocess.TimeoutExpired: it lives longer than that.
        """
        return self._process.wait(timeout)

    def send_signal(self, number: int) -> None:
        """Send a signal to its process alone."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL of its process alone."""
        self.send_signal(signal.SIGKILL)

    def communicate(self, timeout: float = PATIENCE_SECONDS) -> tuple[str, str]:
        """What it writes, from here to its end, to standard output and to standard error.

        Raises:
            subprocess.TimeoutExpired: it lives longer than that.
        """
        with ThreadPoolExecutor(2) as readers:
            out, err = (readers.submit(each.read) for each in (self.stdout, self.stderr))
            try:
                self._process.wait(timeout)
                return out.result(timeout), err.result(timeout)
            except BaseException:
                _kill_group(self.pid)
                raise


@contextmanager
def running(
    *arguments: str, cwd: Path | None = None, environ: dict[str, str] | None = None
) -> Iterator[RunningCommand]:
    """The command as a process in a group of its own; whatever is left of it is killed.

    `environ` comes on top of our own.
    """
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    with os.fdopen(out, encoding="utf-8") as stdout, os.fdopen(err, encoding="utf-8") as stderr:
        with os.fdopen(to_out, "wb") as out_end, os.fdopen(to_err, "wb") as err_end:
            process = _started([*COMMAND, *arguments], cwd, environ, out_end, err_end)
        try:
            yield RunningCommand(process, stdout, stderr)
        finally:
            _kill_group(process.pid)
            process.wait()


def _started(
    program: Sequence[str],
    folder: Path | None,
    environ: dict[str, str] | None,
    out: BinaryIO,
    err: BinaryIO,
) -> ForkedProgram | subprocess.Popen[bytes]:
    return start_program(
        program,
        folder=folder or Path.cwd(),
        environ={**os.environ, **(environ or {})},
        out=out,
        err=err,
    )


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _text_of(file: BinaryIO) -> str:
    file.seek(0)
    return file.read().decode()
