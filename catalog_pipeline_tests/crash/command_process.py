"""One command as a process in a group of its own, its output in files."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from catalog_pipeline_tests.forked_programs import start_program
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

_numbers = itertools.count()


class CommandProcess:
    """A command that runs, or has run."""

    def __init__(self, command: list[str], *, folder: Path, environ: dict[str, str]) -> None:
        number = next(_numbers)
        self._out, self._err = folder / f"{number}.out", folder / f"{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._process = start_program(command, folder=folder, environ=environ, out=out, err=err)

    @property
    def code(self) -> int:
        """The exit code; the negative number of the signal that ended it."""
        return self.wait()

    @property
    def out(self) -> str:
        """What it has written to standard output."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """What it has written to standard error."""
        return self._err.read_text()

    @property
    def json(self) -> Any:
        """Standard output, all of it, as JSON."""
        return json.loads(self.out)

    @property
    def has_ended(self) -> bool:
        """Whether it has ended by now."""
        return self._process.poll() is not None

    @property
    def pid(self) -> int:
        """Its process id, which is its group's too."""
        return self._process.pid

    def wait(self, seconds: float = PATIENCE_SECONDS) -> int:
        """Wait for its end; returns the exit code."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill(whole_group=True)
            raise AssertionError(f"not at its end after {seconds:g} s:\n{self.err}") from None

    def is_over_within(self, seconds: float) -> bool:
        """Whether it ends by itself within that time."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self, *, whole_group: bool = False) -> None:
        """SIGKILL the process, or its whole group."""
        self.signal(signal.SIGKILL, whole_group=whole_group)
        self._process.wait()

    def signal(self, number: int, *, whole_group: bool = False) -> None:
        """Send a signal; a Ctrl-C in a terminal goes to the whole group."""
        if self._process.poll() is None:
            (os.killpg if whole_group else os.kill)(self.pid, number)

    def until(self, condition: Callable[[], Any], what: str) -> CommandProcess:
        """Wait for a condition while the command runs."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            is_over = self.has_ended or time.monotonic() > end
            if condition():
                return self
            if is_over:
                raise AssertionError(f"it ended before {what}:\n{self.out}\n{self.err}")
            time.sleep(0.01)
