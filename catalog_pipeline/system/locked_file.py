"""A file that is locked as long as the process that made it lives.

The kernel lets go of the lock however the process ends, so that a lock never outlives its holder.
Here: taking, reading and letting go of such a file. Only a regular file is one: a link, a pipe or
a device under its name is refused, never followed and never waited for. Not here: what the files
stand for (`crawling.lock`, and the signs of life of runs).
"""

import errno
import fcntl
import json
import os
import stat
import threading
import uuid
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from catalog_pipeline.errors import StorageError

_KINDS = {
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFSOCK: "a socket",
}
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
_MAX_VALUES_BYTES = 64 * 1024
"""More than any holder writes; what is longer was not written by one."""

_held: weakref.WeakSet["LockedFile"] = weakref.WeakSet()
_starting = threading.local()


class LockedFile:
    """A locked file with a few values in it, which others may read.

    The lock belongs to this process alone, unless it hands its `descriptor` on: other programs
    that it starts and processes that it forks let go of their copy.
    """

    def __init__(self, path: Path, opened: int) -> None:
        self.path = path
        self._opened: int | None = opened
        _held.add(self)

    @classmethod
    def try_make(cls, path: Path, values: dict[str, Any]) -> "LockedFile | None":
        """Makes the file, locked from its first instant; None if another process holds it."""
        if is_locked(path):
            return None
        new = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        made = cls(path, _open_for_lock(new, os.O_RDWR | os.O_CREAT | os.O_EXCL))
        _lock(made.descriptor)
        made.write(values)
        try:
            os.replace(new, path)
        except OSError as error:
            made._give_up(new)
            raise StorageError(f"The lock {path} cannot be made: {error.strerror}.") from error
        return made

    @classmethod
    def try_take(cls, path: Path, values: dict[str, Any]) -> "LockedFile | None":
        """Locks a file that stays in place; None if another process holds it.

        Where the disk is full it is held without its values: making room takes locks, too.
        """
        opened = _open_for_lock(path, os.O_RDWR | os.O_CREAT)
        if not _lock(opened):
            os.close(opened)
            return None
        taken = cls(path, opened)
        try:
            taken._write(values)
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise taken._unwritten(error) from error
        return taken

    @property
    def descriptor(self) -> int:
        """For a program that is started to share the lock: it keeps it open as long as it lives."""
        if self._opened is None:
            raise StorageError(f"{self.path} is not locked by this process any more.")
        return self._opened

    def write(self, values: dict[str, Any]) -> None:
        try:
            self._write(values)
        except OSError as error:
            raise self._unwritten(error) from error

    def release(self, *, remove: bool) -> None:
        """Lets go of the lock; with `remove` the file goes too."""
        if remove:
            with suppress(FileNotFoundError):
                self.path.unlink()
        else:
            # Needs no room: a full disk is reported by whatever met it, not by its aftermath.
            os.ftruncate(self.descriptor, 0)
        os.close(self.descriptor)
        self._opened = None

    def _write(self, values: dict[str, Any]) -> None:
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, json.dumps(values).encode(), 0)

    def _unwritten(self, error: OSError) -> StorageError:
        return StorageError(f"The lock {self.path} cannot be written: {error.strerror}.")

    def _give_up(self, new: Path) -> None:
        new.unlink(missing_ok=True)
        self._forget_after_fork()

    def _forget_after_fork(self) -> None:
        if self._opened is not None:
            os.close(self._opened)
            self._opened = None


def is_locked(path: Path) -> bool:
    """Whether a living process holds the file.

    Raises:
        StorageError: what is there is no regular file, or cannot be opened.
    """
    opened = _open_to_read(path)
    if opened is None:
        return False
    try:
        return not _lock(opened, shared=True)
    finally:
        os.close(opened)


def read_values(path: Path) -> dict[str, Any]:
    """What the holder wrote; empty if there is none, or if it is just writing.

    Raises:
        StorageError: what is there is no regular file, or cannot be opened.
    """
    opened = _open_to_read(path)
    if opened is None:
        return {}
    with os.fdopen(opened, "rb") as file:
        text = file.read(_MAX_VALUES_BYTES)
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def _open_to_read(path: Path) -> int | None:
    """A descriptor of the file; None if there is none."""
    try:
        return _open_regular(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(f"The lock {path} cannot be read: {error.strerror}.") from error


def _open_for_lock(path: Path, flags: int) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _open_regular(path, flags)
    except OSError as error:
        raise StorageError(f"The lock {path} cannot be made: {error.strerror}.") from error


def _open_regular(path: Path, flags: int) -> int:
    """Open a regular file, or make one; nothing else is opened, were it for an instant."""
    with suppress(FileNotFoundError):
        _require_regular(path, os.lstat(path))
    opened = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o644)
    try:
        _require_regular(path, os.fstat(opened))
    except StorageError:
        os.close(opened)
        raise
    return opened


def _require_regular(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        kind = _KINDS.get(stat.S_IFMT(found.st_mode), "something else")
        raise StorageError(
            f"The lock {path} is {kind}, not a file, and is not used; remove it if nobody needs it."
        )


def _lock(opened: int, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(opened, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def locks_handed_on() -> Iterator[None]:
    """Within the block a program that this thread starts keeps the locks that it is handed.

    All others it loses as it begins. What Python runs in it before that would take these, too.
    """
    _starting.hands_on = True
    try:
        yield
    finally:
        _starting.hands_on = False


def _let_go_in_child() -> None:
    if getattr(_starting, "hands_on", False):
        return
    for held in list(_held):
        held._forget_after_fork()


os.register_at_fork(after_in_child=_let_go_in_child)
