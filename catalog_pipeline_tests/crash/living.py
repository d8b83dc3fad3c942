"""Processes that are alive, by what their environment holds. Ending them belongs in `scene`."""

from __future__ import annotations

import os
from pathlib import Path


def living_with(variable: str, value: str) -> list[int]:
    """All other processes that were started with that value of an environment variable."""
    sign = f"{variable}={value}".encode()
    return [pid for pid in _living() if sign in _environment(pid)]


def _living() -> list[int]:
    own = os.getpid()
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != own]


def _environment(pid: int) -> list[bytes]:
    """The environment of a process; empty for one that has ended, even if nobody waited for it."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []
