"""A fork whose child belongs to the parent of the process that forks.

So a process can be made out of a template by which it is forked, and is yet a child of whoever
wanted it, which waits for it and hears of its end. Only Linux has it; what is forked, and when, is
not known here.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache

_CLONE3 = 435
"""The number of the system call, the same for all processors."""
_CLONE_PARENT = 0x8000
_WORDS = 8
"""The length of the first version of the system call's `struct clone_args`, which begins with the
flags; the rest stays zero, as for a fork."""


@cache
def can_fork_siblings() -> bool:
    """Whether this system forks siblings, and tells of a process that it has ended."""
    if not sys.platform.startswith("linux") or not hasattr(os, "pidfd_open"):
        return False
    # Without arguments it is refused: as wrong where it exists and is allowed.
    return _clone(None, 0) == -errno.EINVAL


def fork_sibling() -> int:
    """Like `os.fork`, with a child that is one of our parent's; only without other threads.

    Raises:
        OSError: the system does not fork.
    """
    arguments = (ctypes.c_uint64 * _WORDS)(_CLONE_PARENT)
    python = ctypes.pythonapi
    python.PyOS_BeforeFork()
    pid = _clone(ctypes.byref(arguments), ctypes.sizeof(arguments))
    if pid == 0:
        python.PyOS_AfterFork_Child()
    else:
        python.PyOS_AfterFork_Parent()
    if pid < 0:
        raise OSError(-pid, os.strerror(-pid))
    return pid


def _clone(arguments: object, size: int) -> int:
    """What the system call says: a process id, 0 in the child, or an error's number, negative."""
    # Python's own lock is held meanwhile, as by `os.fork`.
    library = ctypes.PyDLL(None, use_errno=True)
    library.syscall.restype = ctypes.c_long
    pid: int = library.syscall(
        ctypes.c_long(_CLONE3), arguments, ctypes.c_size_t(size), ctypes.c_long(0)
    )
    return pid if pid >= 0 else -ctypes.get_errno()
