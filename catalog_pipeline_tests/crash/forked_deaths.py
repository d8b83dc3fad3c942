"""Work in a forked process that dies by SIGKILL: before one of its steps, or at some instant.

Not here: what the work is, and what must be true after the death.
"""

from __future__ import annotations

import os
import select
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

KILLED = -signal.SIGKILL


def exit_code_of(work: Callable[[], object], killed_after: float | None = None) -> int:
    """How a process of its own ended that did the work, or was killed after that many seconds."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    if killed_after is not None and not _ends_within(pid, killed_after):
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(status)


def die_before(number: int, steps: Sequence[tuple[Any, str]]) -> None:
    """Let this process die before that one of its steps, each of them an owner and a name."""
    left = iter(range(number, 0, -1))
    for owner, name in steps:
        setattr(owner, name, _deadly(getattr(owner, name), left))


def _deadly(step: Callable[..., Any], left: Iterator[int]) -> Callable[..., Any]:
    def taken(*arguments: Any, **named: Any) -> Any:
        if next(left, 0) == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return step(*arguments, **named)

    return taken


def _ends_within(pid: int, seconds: float) -> bool:
    """Whether a process comes to its end by itself in that time."""
    watched = os.pidfd_open(pid)
    try:
        return bool(select.select([watched], [], [], seconds)[0])
    finally:
        os.close(watched)
