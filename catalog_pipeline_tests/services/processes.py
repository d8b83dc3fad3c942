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

MARK = "CATALOG_PIPELINE_TESTED_SERVICES"


@dataclass(frozen=True)
class MarkedProcess:
    """A process that carries the mark."""

    pid: int
    command: str

    def kill(self) -> None:
        """SIGKILL, if it still is."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def marked_processes(mark: str) -> list[MarkedProcess]:
    """All living processes that were started with the mark, by themselves or by an ancestor."""
    entry = f"{MARK}={mark}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if entry not in (folder / "environ").read_bytes().split(b"\0"):
                continue
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        # One that waits to be buried has an empty command line.
        if not command:
            continue
        found.append(MarkedProcess(int(folder.name), command))
    return found
