"""Python's search for garbage in cycles, put off while very many values are made.

The search looks at all values that there are, again and again as they become more: a third of the
time in which a hundred thousand checkpoints are read. What is in no cycle is freed without it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collections() -> Iterator[None]:
    """No search within the block, in any thread; then as before."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
