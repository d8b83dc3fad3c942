"""The `catalog-pipeline` command in tests: within this process, or as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [str(Path(sys.executable).with_name("catalog-pipeline"))]
SECONDS = 60.0


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
    """The command as a process, until it ends."""
    return run_to_its_end([*COMMAND, *arguments], SECONDS, cwd=cwd, environ=environ)


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


@contextmanager
def running(*arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """The command as a process in a group of its own; whatever is left of it is killed."""
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
