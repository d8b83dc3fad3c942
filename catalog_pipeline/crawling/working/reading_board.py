"""What the threads of a worker are reading at this moment, in memory that the scheduler shares.

A page can crash or hang the process that reads it, and neither can be told from inside. So each
thread notes the page before it reads its content, and what of the YAML it evaluates, and whoever
started the process sees which page it was, and since when. The process also shows that it lives and
gets on. What is made of that is decided in `handle` and `scheduling.casualties`.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.reading.watch import Place
from catalog_pipeline.system.processes import own_resident_bytes

_COUNT = struct.Struct("q")
_BEGUN_AT, _BEATS_AT, _STEPS_AT = range(0, 3 * _COUNT.size, _COUNT.size)
"""At the beginning: how many pages the process has begun with, to ask for them or to read them;
how often it has shown that it lives; and how often something began or ended in it."""
_SLOTS_AT = 3 * _COUNT.size
_SINCE = struct.Struct("dqqd")
_PLACE = struct.Struct("q")
_MARK = struct.Struct("q")
"""Written after, and taken back alone, so that whoever looks never sees half of what is noted."""
_MARK_AT = _SINCE.size + _PLACE.size
_SLOT_BYTES = _MARK_AT + _MARK.size
_NO_PAGE = 0
_LOGIN = -1


@dataclass(frozen=True)
class Reading:
    """A page that is being read: the mark of its key, since which `time.monotonic()`, how much
    memory its process had in use then, by which thread, how much of a processor that had had
    until then, and the number of the field that it reads, or of another `watch.Place`."""

    mark: int
    since: float
    bytes_before: int
    thread: int
    seconds_before: float
    place: int


def mark_of(page: PageKey | None) -> int:
    """A number that stands for a page among the few that one worker has; None is the login."""
    return _LOGIN if page is None else zlib.crc32(str(page).encode()) + 1


class ReadingBoard:
    """A slot for each thread of one worker process."""

    def __init__(self, descriptor: int, slots: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _SLOTS_AT + slots * _SLOT_BYTES)
        self._free = list(range(slots))
        self._slots = slots
        self._lock = threading.Lock()

    @classmethod
    def make(cls, slots: int) -> ReadingBoard:
        """New memory, in which nothing is noted; it goes with the last process that has it."""
        with tempfile.TemporaryFile() as file:
            file.truncate(_SLOTS_AT + slots * _SLOT_BYTES)
            return cls(os.dup(file.fileno()), slots)

    @classmethod
    def of(cls, descriptor: int | None, slots: int) -> ReadingBoard:
        """The memory of that descriptor; new memory that nobody sees without one."""
        return cls.make(slots) if descriptor is None else cls(descriptor, slots)

    def page_begins(self) -> None:
        """Note that the process begins with one more page."""
        with self._lock:
            self._count(_BEGUN_AT)
            self._count(_STEPS_AT)

    def beat(self) -> None:
        """Show that the process lives, and that Python runs in it."""
        self._count(_BEATS_AT)

    @property
    def begun(self) -> int:
        """How many pages the process has begun with."""
        return self._counted(_BEGUN_AT)

    @property
    def beats(self) -> int:
        """How often it has shown that it lives."""
        return self._counted(_BEATS_AT)

    @property
    def steps(self) -> int:
        """How often it has begun or ended to do something."""
        return self._counted(_STEPS_AT)

    def _count(self, place: int) -> None:
        _COUNT.pack_into(self._memory, place, self._counted(place) + 1)

    def _counted(self, place: int) -> int:
        (count,) = _COUNT.unpack_from(self._memory, place)
        return int(count)

    @contextmanager
    def reading(self, page: PageKey | None) -> Iterator[Callable[[int], None]]:
        """Note the page for as long as its content is read; what it gives notes a place."""
        with self._lock:
            slot = self._free.pop()
            self._count(_STEPS_AT)
        begin = _SLOTS_AT + slot * _SLOT_BYTES
        now, in_use = time.monotonic(), own_resident_bytes()
        thread, had = threading.get_native_id(), time.thread_time()
        _SINCE.pack_into(self._memory, begin, now, in_use, thread, had)
        _PLACE.pack_into(self._memory, begin + _SINCE.size, Place.NONE)
        _MARK.pack_into(self._memory, begin + _MARK_AT, mark_of(page))
        try:
            yield partial(_PLACE.pack_into, self._memory, begin + _SINCE.size)
        finally:
            _MARK.pack_into(self._memory, begin + _MARK_AT, _NO_PAGE)
            with self._lock:
                self._free.append(slot)
                self._count(_STEPS_AT)

    def now(self) -> list[Reading]:
        """What is being read; of a process that has ended, what it was reading then."""
        found = []
        for slot in range(self._slots):
            begin = _SLOTS_AT + slot * _SLOT_BYTES
            (mark,) = _MARK.unpack_from(self._memory, begin + _MARK_AT)
            (place,) = _PLACE.unpack_from(self._memory, begin + _SINCE.size)
            if mark != _NO_PAGE:
                since, in_use, thread, had = _SINCE.unpack_from(self._memory, begin)
                found.append(Reading(mark, since, in_use, thread, had, place))
        return found

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()
        os.close(self.descriptor)
