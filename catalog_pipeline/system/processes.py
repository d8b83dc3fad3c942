"""Processes of this machine by their numbers: whether one lives, since when, what it runs; its end.

What a process is to a crawl or a run is not known here. Where the system does not tell, the answer
is that nothing is known, and a process is not taken for dead.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from functools import lru_cache

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def is_alive(pid: int) -> bool:
    """Whether there is such a process; one that only waits to be buried is none any more."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return _state(pid)[:1] not in (["Z"], ["X"])


def started_at(pid: int) -> float | None:
    """When a process started, in seconds since 1970; None where the system does not tell."""
    state = _state(pid)
    for line in _text("/proc/stat").splitlines():
        if state and line.startswith("btime "):
            return float(line.split()[1]) + int(state[19]) / os.sysconf("SC_CLK_TCK")
    return None


def start_mark(pid: int) -> str | None:
    """What tells a process from every other one that has its number at another time.

    The boot of the machine and the clock that runs since then: no correction of the time of day
    changes it. None where the system does not tell.
    """
    state, boot = _state(pid), boot_mark()
    return f"{boot} {state[19]}" if state and boot else None


def boot_mark() -> str:
    """What tells this boot of this machine from every other; empty where the system does not."""
    return _text("/proc/sys/kernel/random/boot_id").strip()


def is_alive_since(pid: int, mark: str | None) -> bool:
    """Whether the process of that `start_mark` lives; without one, any of its number."""
    if not is_alive(pid):
        return False
    found = start_mark(pid)
    return mark is None or found is None or found == mark


def is_stopped(pid: int) -> bool:
    """Whether somebody has stopped a process, so that it does nothing until it may go on."""
    return _state(pid)[:1] in (["T"], ["t"])


def resident_bytes(pid: int) -> int:
    """How much memory a process has in use; 0 where the system does not tell."""
    return _resident_bytes(_text(f"/proc/{pid}/statm"))


def own_resident_bytes() -> int:
    """`resident_bytes` of this process, for who asks at each page: the file stays open."""
    try:
        return _resident_bytes(os.pread(_statm_of(os.getpid()), 200, 0).decode())
    except OSError:
        return 0


def processor_seconds(pid: int, thread: int) -> float:
    """How much of a processor a thread has had; 0 where the system does not tell."""
    fields = _text(f"/proc/{pid}/task/{thread}/stat").rpartition(")")[2].split()
    used = sum(map(int, fields[11:13]))
    return used / os.sysconf("SC_CLK_TCK")


def file_mask() -> str:
    """What new files of this process may not be, as the system writes it; empty without that."""
    lines = _text("/proc/self/status").splitlines()
    return next((line for line in lines if line.startswith("Umask:")), "")


def arguments(pid: int) -> list[str]:
    """The command of a process, word by word; empty where the system does not tell."""
    return _text(f"/proc/{pid}/cmdline").split("\0")[:-1]


def kill_if_it_is(pid: int, mark: str | None, module: str) -> None:
    """SIGKILL of the process of that `start_mark`, if it still lives and runs that module."""
    # Numbers of processes are given again; without a mark the module tells them apart.
    if is_alive_since(pid, mark) and module in arguments(pid):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


@lru_cache(maxsize=1)
def _statm_of(pid: int) -> int:
    return os.open(f"/proc/{pid}/statm", os.O_RDONLY)


def _resident_bytes(statm: str) -> int:
    fields = statm.split()
    return int(fields[1]) * _PAGE_BYTES if len(fields) > 1 else 0


def _state(pid: int) -> list[str]:
    """The fields of proc(5)'s `stat` from the third one on: the second may hold anything."""
    return _text(f"/proc/{pid}/stat").rpartition(")")[2].split()


def _text(path: str) -> str:
    with suppress(OSError), open(path, "rb", buffering=0) as file:
        return file.read().decode("utf-8", "replace")
    return ""
