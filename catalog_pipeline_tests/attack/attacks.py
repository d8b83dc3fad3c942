"""What an attack is, and what it costs: run in a new process, whose memory and time are measured.

The attacks themselves belong in the modules beside this one.
"""

from __future__ import annotations

import multiprocessing
import re
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from catalog_pipeline_tests.fetching.raw_server import Script, raw_server

MEBIBYTE = 1024 * 1024
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Attack:
    """`run` returns what came of it, which has to match the pattern `expected`."""

    name: str
    run: Callable[[], str]
    expected: str
    max_mebibytes: int
    max_seconds: float


@dataclass(frozen=True)
class Measured:
    """What an attack came to."""

    outcome: str
    mebibytes: int
    seconds: float

    def is_within(self, attack: Attack) -> bool:
        """Whether the attack met its limits and its expected end."""
        return (
            re.search(attack.expected, self.outcome) is not None
            and self.mebibytes <= attack.max_mebibytes
            and self.seconds <= attack.max_seconds
        )


def measured(attack: Attack) -> Measured:
    """Run an attack in a new process; one that hangs is ended after twice its time."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_measure, args=(attack.run, theirs))
    process.start()
    theirs.close()
    patience = 2 * attack.max_seconds + 60
    try:
        if not ours.poll(patience):
            return Measured(f"no end within {patience:g} s", 0, patience)
        answer: Measured = ours.recv()
        return answer
    except EOFError:
        process.join()
        return Measured(f"the process died (exit code {process.exitcode})", 0, 0.0)
    finally:
        process.kill()
        process.join()


@contextmanager
def hostile_server(script: Script) -> Iterator[str]:
    """The address of a server that answers by `script`, whose memory does not count."""
    ours, theirs = _SPAWN.Pipe()
    process = _SPAWN.Process(target=_serve, args=(script, theirs), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.kill()
        process.join()


def _measure(run: Callable[[], str], pipe: Connection) -> None:
    before, started = _peak_mebibytes(), time.monotonic()
    try:
        outcome = run()
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"
    pipe.send(Measured(outcome, _peak_mebibytes() - before, time.monotonic() - started))


def _serve(script: Script, pipe: Connection) -> None:
    with raw_server(script) as server:
        pipe.send(server.url)
        pipe.recv()


def _peak_mebibytes() -> int:
    """Linux counts what the parent had into `ru_maxrss`, which hides all that is less."""
    if sys.platform == "linux":
        status = Path("/proc/self/status").read_text(encoding="ascii")
        (kibibytes,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        return int(kibibytes) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MEBIBYTE
