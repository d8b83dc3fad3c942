"""A program that runs one command and writes what it cost: `meter.py RESULT LOG COMMAND...`.

It stands alone (standard library, no package), in a fresh process, so that nothing but the
command and its descendants is counted. As their subreaper it also waits for those that their own
parent left behind; Linux only.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path

SAMPLES_PER_SECOND = 20
SECONDS_FOR_STRAGGLERS = 10.0
PR_SET_CHILD_SUBREAPER = 36
PAGE_SIZE = os.sysconf("SC_PAGE_SIZE")


def descendants(pid: int) -> list[int]:
    """All living processes below `pid`."""
    found = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/children") as children:
                found += [int(child) for child in children.read().split()]
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found + [below for child in found for below in descendants(child)]


def resident_bytes(pid: int) -> int:
    """Resident memory of one process; 0 if it has ended."""
    try:
        with open(f"/proc/{pid}/statm") as statm:
            return int(statm.read().split()[1]) * PAGE_SIZE
    except (FileNotFoundError, ProcessLookupError):
        return 0


class PeakMemory(threading.Thread):
    """Samples the resident memory of all descendants together until it is stopped."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.peak_bytes = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        own = os.getpid()
        while not self.stopped.wait(1 / SAMPLES_PER_SECOND):
            total = sum(resident_bytes(pid) for pid in descendants(own))
            self.peak_bytes = max(self.peak_bytes, total)


def start(command: list[str], log: str) -> int:
    """Start the command with its output in the file `log`; its process id."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    actions = [(os.POSIX_SPAWN_OPEN, 1, log, flags, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)]
    return os.posix_spawnp(command[0], command, os.environ, file_actions=actions)


def wait_for(pid: int) -> int:
    """Wait for that process, reaping orphans meanwhile; its exit code."""
    while True:
        ended, status = os.waitpid(-1, 0)
        if ended == pid:
            return os.waitstatus_to_exitcode(status)


def wait_for_stragglers() -> int:
    """Wait for what the command left running; the number that had to be killed."""
    deadline = time.monotonic() + SECONDS_FOR_STRAGGLERS
    killed: set[int] = set()
    while True:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return len(killed)
        if not ended:
            time.sleep(0.01)
        if time.monotonic() > deadline:
            for pid in set(descendants(os.getpid())) - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)


def main() -> None:
    """Run the command of the arguments and write its cost as JSON."""
    result, log, *command = sys.argv[1:]
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_CHILD_SUBREAPER)")
    memory = PeakMemory()
    memory.start()
    started, clock = time.time(), time.perf_counter()
    exit_code = wait_for(start(command, log))
    wall_seconds = time.perf_counter() - clock
    killed = wait_for_stragglers()
    memory.stopped.set()
    memory.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cost = {
        "started": started,
        "exit_code": exit_code,
        "wall_seconds": wall_seconds,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "peak_bytes": max(memory.peak_bytes, used.ru_maxrss * 1024),
        "left_behind": killed,
    }
    Path(result).write_text(json.dumps(cost))


if __name__ == "__main__":
    main()
