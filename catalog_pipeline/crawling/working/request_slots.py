"""How many requests of one process are at the site at once, and which are not sent any more.

Within a worker; what is given to it, and when it is taken back, is decided in `prefetch`.
"""

from __future__ import annotations

import math
import mmap
import os
import struct
import tempfile
import threading

from catalog_pipeline.system.clock import seconds_since_boot

SLOW_EXCHANGE_SECONDS = 0.02
"""From here on a site's answer takes so long that its next page should not wait for the parser."""

_NUMBER = struct.Struct("=q")
_INSTANT = struct.Struct("=d")
_BYTES = _NUMBER.size + _INSTANT.size


class HeldWaves:
    """Memory that all processes of a crawl share: the first wave that is not held, and until when.

    Whoever learns first that the site wants a rest holds the waves before it, for all of them. All
    are held from the instant on, in `seconds_since_boot`, until which the crawl is certainly ours:
    a machine that stood still finds out by itself that it may not go on.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _BYTES)

    @classmethod
    def make(cls) -> HeldWaves:
        """New memory, in which nothing is held; it goes with the last process that has it."""
        with tempfile.TemporaryFile() as file:
            file.truncate(_BYTES)
            made = cls(os.dup(file.fileno()))
        made.hold_from(math.inf)
        return made

    @property
    def first_wave(self) -> int:
        """The first wave that may still be asked for."""
        number: int = _NUMBER.unpack_from(self._memory)[0]
        return number

    def hold(self, first_wave: int) -> None:
        """Let nothing be sent any more of the waves before that one."""
        if first_wave > self.first_wave:
            _NUMBER.pack_into(self._memory, 0, first_wave)

    @property
    def is_over(self) -> bool:
        """Whether all waves are held by now."""
        instant: float = _INSTANT.unpack_from(self._memory, _NUMBER.size)[0]
        return seconds_since_boot() >= instant

    def hold_from(self, instant: float) -> None:
        """Let nothing be sent from that instant on, unless another one is said before."""
        _INSTANT.pack_into(self._memory, _NUMBER.size, instant)

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()
        os.close(self.descriptor)


class RequestSlots:
    """A context in which a request may be sent, if its wave is not held."""

    def __init__(self, requests: int, held: HeldWaves) -> None:
        self._free = threading.Semaphore(requests)
        self._held = held

    def __enter__(self) -> RequestSlots:
        self._free.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self._free.release()

    def may_send(self, wave: int) -> bool:
        """Whether a page of that wave may still be asked for."""
        return wave >= self._held.first_wave and not self._held.is_over

    def hold(self, first_wave: int) -> None:
        """Let no process send anything any more of the waves before that one."""
        self._held.hold(first_wave)
