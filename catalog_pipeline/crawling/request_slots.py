"""How many requests of one process are at the site at once, and which are not sent any more.

Within a worker; what is given to it, and when it is taken back, is decided in `read_ahead`.
"""

from __future__ import annotations

import threading

SLOW_EXCHANGE_SECONDS = 0.02
"""From here on a site's answer takes so long that its next page should not wait for the parser."""


class RequestSlots:
    """A context in which a request may be sent, if its wave is not held."""

    def __init__(self, requests: int) -> None:
        self._free = threading.Semaphore(requests)
        self._first_wave = 0
        self._lock = threading.Lock()

    def __enter__(self) -> RequestSlots:
        self._free.acquire()
        return self

    def __exit__(self, *error: object) -> None:
        self._free.release()

    def may_send(self, wave: int) -> bool:
        """Whether a page of that wave may still be asked for."""
        return wave >= self._first_wave

    def hold(self, first_wave: int) -> None:
        """Send nothing any more of the waves before that one."""
        with self._lock:
            self._first_wave = max(self._first_wave, first_wave)
