"""A folder that is changed by one process at a time, for moments in which nothing is waited for.

The kernel's lock of the folder itself, so that there is no file of it. Locks that are held for
long, and that say who holds them, are in `locked_file`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Within the block nobody else is in one of that folder, neither process nor thread.

    Raises:
        OSError: it is not there, or cannot be locked.
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # Closing alone would leave it to a process that was forked meanwhile.
            fcntl.flock(opened, fcntl.LOCK_UN)
    finally:
        os.close(opened)
