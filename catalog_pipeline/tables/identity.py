"""Whether a table file is the one that its build wrote: by size and SHA-256, nothing less.

The files are only read. Where the recorded values are kept is not known here.
"""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline.system.durable_files import NotAPlainFileError, open_plain

_CHUNK_BYTES = 1 << 20
_SETTLED_SECONDS = 2.0
"""A file that changed later than this ago may change again within one tick of its clock."""

_Stamp = tuple[int, int, int, int, int]
_known: dict[Path, tuple[_Stamp, str]] = {}


@dataclass(frozen=True)
class TableIdentity:
    """What tells a table file from every other file."""

    file_bytes: int
    sha256: str


def identify(path: Path) -> TableIdentity:
    """Size and digest of a file.

    A process that asks again and again, as a sensor does, reads a file once as long as the file
    system says that nothing has written to it.

    Raises:
        NotAPlainFileError: it is a link, a folder, a FIFO, a socket or a device.
        OSError: it is not there, or cannot be read.
    """
    with open(open_plain(path), "rb", buffering=0) as file:
        stat = os.fstat(file.fileno())
        stamp = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        known = _known.get(path)
        if known is not None and known[0] == stamp:
            return TableIdentity(stat.st_size, known[1])
        digest = hashlib.sha256()
        size = 0
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
            size += len(chunk)
    if time.time() - stat.st_ctime > _SETTLED_SECONDS:
        _known[path] = (stamp, digest.hexdigest())
    return TableIdentity(size, digest.hexdigest())


def _length(path: Path) -> int:
    """How long a file is.

    Raises:
        OSError, NotAPlainFileError: as `identify`.
    """
    descriptor = open_plain(path)
    try:
        return os.fstat(descriptor).st_size
    finally:
        os.close(descriptor)


def damage_of_table(path: Path, written: TableIdentity, told: str) -> str | None:
    """What is wrong with a table that its build left as `written`; None if nothing is.

    `told` is where people find it, which may be elsewhere.
    """
    try:
        length = _length(path)
        found = identify(path) if length == written.file_bytes else TableIdentity(length, "")
    except FileNotFoundError:
        return f"the table {told} is gone"
    except NotAPlainFileError as error:
        return f"where the table {told} should be is {error.kind}"
    except OSError as error:
        return f"the table {told} cannot be read ({error.strerror})"
    if found.file_bytes != written.file_bytes:
        return (
            f"the table {told} has {found.file_bytes:,} bytes, "
            f"and its build wrote {written.file_bytes:,}"
        )
    if found.sha256 != written.sha256:
        return f"the table {told} does not hold what its build wrote"
    return None
