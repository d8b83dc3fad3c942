"""Files and folders that only their owner can read: new ones, and those that are there already.

Whose files are to be private is decided by whoever calls this.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OTHERS = 0o077


@contextmanager
def private_files() -> Iterator[None]:
    """What this process and those that it starts make within is for their owner alone.

    A umask that takes more away stays.
    """
    before = os.umask(OTHERS)
    os.umask(before | OTHERS)
    try:
        yield
    finally:
        os.umask(before)


def withdraw(folder: Path) -> str | None:
    """Take a folder and all in it from everybody but its owner; says what could not be taken.

    A folder that is private already is not looked into: nobody else gets there.
    """
    try:
        if not os.lstat(folder).st_mode & OTHERS:
            return None
        for place, _, names in os.walk(folder, topdown=False):
            for path in (*(Path(place, name) for name in names), Path(place)):
                _withdraw_one(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return (
            f"{error.filename or folder} can be read by others than its owner, and that cannot "
            f"be changed: {error.strerror}"
        )
    return None


def _withdraw_one(path: Path) -> None:
    mode = os.lstat(path).st_mode
    if mode & OTHERS and (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        os.chmod(path, stat.S_IMODE(mode) & ~OTHERS)
