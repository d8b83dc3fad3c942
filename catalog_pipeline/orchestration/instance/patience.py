"""How long a process waits for a PostgreSQL server that is away.

Long, as while it is restarted: whatever serves, or was launched for a run, and by nobody else would
be begun again. Short: a command, for which somebody waits at a terminal, until it has reached the
server. Not here: who is a command (`open`), waiting (`postgres/server`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PATIENCE_SECONDS = 45.0
_COMMANDS_SECONDS = 5.0

_first: ContextVar[float] = ContextVar("_first", default=PATIENCE_SECONDS)


def first_patience_seconds() -> float:
    """The patience with a server that this process has not reached yet."""
    return _first.get()


@contextmanager
def somebody_waits() -> Iterator[None]:
    """What is opened within the block is opened for a command."""
    before = _first.set(_COMMANDS_SECONDS)
    try:
        yield
    finally:
        _first.reset(before)
