"""Finds processes by a mark in their environment, which all descendants inherit.

Process groups and sessions are not enough: the workers of a crawl have sessions of their own, and
a grandchild whose parents are dead belongs to nobody.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TEST = b"PYTEST_CURRENT_TEST="
"""How pytest tells in the environment which test is on."""


@dataclass(frozen=True)
class MarkedProcess:
    """A process that carries the mark, and the test during which it was started, if any."""

    pid: int
    command: str
    test: str

    def kill(self) -> None:
        """SIGKILL, if it still is."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def marked_processes(variable: str, mark: str) -> list[MarkedProcess]:
    """All living processes that were started with the mark, by themselves or by an ancestor."""
    entry = f"{variable}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environ = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        # One that waits to be buried has an empty command line.
        if entry in environ and command:
            test = b"".join(each for each in environ if each.startswith(_TEST))
            test = test.removeprefix(_TEST)
            found.append(MarkedProcess(int(folder.name), command, test.decode()))
    return found
