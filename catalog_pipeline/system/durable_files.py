"""Files that are there whole or not at all, after a kill and after a loss of power.

Here: the one order in which a file is written, synced, renamed and its folder synced, and the
reading of a file that must be a plain one. What the files hold, and when a group of names is
synced at once, is decided by their owners.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import uuid
from pathlib import Path
from typing import TypeAlias

AnyPath: TypeAlias = "str | Path"

_THIS_PROGRAM = uuid.uuid4().hex[:12]
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotAPlainFileError(OSError):
    """Something else is where a file should be; `kind` says what, as in `a link`."""

    def __init__(self, path: AnyPath, kind: str) -> None:
        self.kind = kind
        super().__init__(errno.EINVAL, f"it is {kind} and no file", str(path))


class TooLongError(OSError):
    """A file is longer than whoever reads it ever wrote; `bytes_found` says how long."""

    def __init__(self, path: AnyPath, bytes_found: int) -> None:
        self.bytes_found = bytes_found
        super().__init__(errno.EFBIG, f"it has {bytes_found:,} bytes", str(path))


def write_file(path: AnyPath, content: bytes, *, temporary: AnyPath, mode: int = 0o644) -> None:
    """Put `content` at `path` by way of a new file `temporary` in the same folder.

    The content is on disk when this returns, the name after a `sync_folder`. The umask may take
    from `mode`, and nothing adds to it.

    Raises:
        OSError: the disk is full, ...; what was at `path` stays, and `temporary` is gone.
    """
    try:
        _write_new(temporary, content, mode)
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def replace_content(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Put `content` at `path`; content and name are on disk when this returns.

    Raises:
        OSError: the disk is full, ...; what was at `path` stays.
    """
    temporary = path.with_name(f".{path.name}.{own_suffix()}-{uuid.uuid4().hex[:8]}")
    write_file(path, content, temporary=temporary, mode=mode)
    sync_folder(path.parent)


def put_in_place(new: Path, path: Path) -> None:
    """Put a file that is there whole in the place of another, which may be there or not.

    Raises:
        OSError: it cannot be synced or renamed.
    """
    _sync(new)
    os.rename(new, path)
    sync_folder(path.parent)


def sync_folder(folder: AnyPath) -> None:
    """Make the names of all files in a folder durable.

    Raises:
        OSError: the folder cannot be synced.
    """
    _sync(folder)


def open_plain(path: AnyPath) -> int:
    """A descriptor for reading; nothing is followed and nothing is waited for.

    Raises:
        NotAPlainFileError: it is a link, a folder, a FIFO, a socket or a device.
        OSError: it is not there, or cannot be opened.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        kind = kind_of(path)
        if kind not in (None, "a file"):
            raise NotAPlainFileError(path, str(kind)) from error
        raise
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise NotAPlainFileError(path, _kind(mode))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def read_plain(path: AnyPath, *, max_bytes: int) -> bytes:
    """The content of a file that its owner never makes longer than `max_bytes`.

    Raises:
        NotAPlainFileError: it is a link, a folder, a FIFO, a socket or a device.
        TooLongError: it is longer; nothing of it was read.
        OSError: it is not there, or cannot be read.
    """
    descriptor = open_plain(path)
    try:
        found = os.fstat(descriptor).st_size
        if found > max_bytes:
            raise TooLongError(path, found)
        # No more than there is: whatever is asked for is reserved, a page's most are gigabytes.
        content = os.read(descriptor, found)
        while len(content) < found and (more := os.read(descriptor, found - len(content))):
            content += more
        return content
    finally:
        os.close(descriptor)


def kind_of(path: AnyPath) -> str | None:
    """What is at a path itself, as in `a file`, `a link`; None if nothing is."""
    try:
        return _kind(os.lstat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return None


def own_suffix() -> str:
    """A part of a temporary file's name that no other process gives, dead ones included."""
    return f"{os.getpid()}-{_THIS_PROGRAM}"


def _kind(mode: int) -> str:
    return "a file" if stat.S_ISREG(mode) else _KINDS.get(stat.S_IFMT(mode), "no file")


def _write_new(path: AnyPath, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync(path: AnyPath) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
