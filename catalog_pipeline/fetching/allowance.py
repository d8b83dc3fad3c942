"""What one exchange may use up of time, bytes and addresses, and whose turn it is.

Spending it belongs in `catalog_pipeline.fetching.connections` and
`catalog_pipeline.fetching.bounded_response`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from catalog_pipeline.fetching.failures import BrokenExchange

Resolver: TypeAlias = "Callable[..., list[tuple[Any, ...]]]"
"""Called and answering like `socket.getaddrinfo`."""

MAX_HEADER_BYTES = 256 * 1024
BUFFER_BYTES = 64 * 1024
_threads_allowance = threading.local()


@dataclass
class Allowance:
    """What one exchange may use up. Times are of `time.monotonic`; networks None means any."""

    deadline: float
    read_timeout_seconds: float
    max_wire_bytes: int
    networks: frozenset[str] | None
    resolver: Resolver
    bytes_left: int = MAX_HEADER_BYTES
    in_body: bool = False

    def seconds_left(self, at_most: float) -> float:
        """Time for the next operation, of `at_most` seconds.

        Raises:
            BrokenExchange: there is none left.
        """
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise BrokenExchange("timeout", "the whole answer took too long")
        return min(left, at_most)

    def spend(self, count: int) -> None:
        """Count bytes that came in."""
        self.bytes_left -= count
        if self.bytes_left < 0:
            if self.in_body:
                raise BrokenExchange("too_large", f"more than {self.max_wire_bytes} bytes came in")
            raise BrokenExchange("protocol", f"the headers exceed {MAX_HEADER_BYTES} bytes")

    def start_body(self) -> None:
        """The headers are complete; from now on the body's bytes count, chunk framing included."""
        self.in_body = True
        self.bytes_left = self.max_wire_bytes + BUFFER_BYTES


@contextmanager
def allowance_in_force(allowance: Allowance) -> Iterator[None]:
    """Connections used by this thread within the block keep to `allowance`."""
    _threads_allowance.value = allowance
    try:
        yield
    finally:
        del _threads_allowance.value


def allowance_of_thread() -> Allowance:
    """The one in force in this thread."""
    allowance: Allowance = _threads_allowance.value
    return allowance
