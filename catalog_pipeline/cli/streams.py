"""Standard output and standard error that outlive whoever reads them.

A reader that has seen enough, as behind `| head -1`, ends the printing and nothing else: what is
left goes nowhere, the command does its work and ends with the code that is true of it. Which
characters are printed is decided in `terminal`.
"""

from __future__ import annotations

import io
import os
import select
import sys
from typing import TextIO


class _Lasting(io.FileIO):
    """A file that takes all that is written, also when nobody reads it any more."""

    reader_is_gone = False

    def write(self, data: object, /) -> int:
        view = memoryview(data)  # type: ignore[arg-type]
        try:
            return super().write(view) or 0
        except BrokenPipeError:
            self.reader_is_gone = True
            with open(os.devnull, "wb") as nowhere:
                # The number stays, since processes that are started later have it, too.
                os.dup2(nowhere.fileno(), self.fileno())
            return len(view)


def lasting(stream: TextIO) -> TextIO:
    """The same stream, which replaces characters that it cannot show and outlives its reader."""
    if not (isinstance(stream, io.TextIOWrapper) and isinstance(_raw(stream), io.FileIO)):
        return stream
    stream.flush()
    raw = _Lasting(stream.fileno(), "wb", closefd=False)
    return io.TextIOWrapper(
        raw if stream.buffer is _raw(stream) else io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="replace" if stream.errors in ("strict", "surrogateescape") else stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def reader_is_gone() -> bool:
    """Whether nobody reads standard output any more."""
    raw = _raw(sys.stdout)
    if not isinstance(raw, _Lasting):
        return False
    poll = select.poll()
    poll.register(raw.fileno(), 0)
    return raw.reader_is_gone or any(event & select.POLLERR for _, event in poll.poll(0))


def _raw(stream: TextIO) -> object:
    """What writes to the file itself; with `python -u` nothing stands between."""
    buffer = getattr(stream, "buffer", None)
    return getattr(buffer, "raw", buffer)
