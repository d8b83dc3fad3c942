"""Stored files read in order, some ahead of whoever uses them: as many at once as a store likes.

What is read, and what becomes of it, is the callers'; only so much of it is ever in memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from catalog_pipeline.storing.store import Store

_FEW = 2
_T = TypeVar("_T")
_R = TypeVar("_R")


def read_ahead(store: Store, items: Iterable[_T], read: Callable[[_T], _R]) -> Iterator[_R]:
    """What `read` makes of each item, in their order, for whoever has nothing else to do."""
    if store.reads_at_once <= _FEW:
        # Reading here is work: threads would wait for each other.
        return map(read, items)
    return read_chunks_ahead(store, ([item] for item in items), read)


def read_chunks_ahead(
    store: Store, chunks: Iterable[list[_T]], read: Callable[[_T], _R]
) -> Iterator[_R]:
    """What `read` makes of each item of all chunks, of which one more than are read waits."""

    def read_all(chunk: list[_T]) -> list[_R]:
        return list(map(read, chunk))

    readers = ThreadPoolExecutor(store.reads_at_once, thread_name_prefix="page-reader")
    waiting: deque[Future[list[_R]]] = deque()
    try:
        for chunk in chunks:
            waiting.append(readers.submit(read_all, chunk))
            if len(waiting) > store.reads_at_once:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        readers.shutdown(cancel_futures=True)


def most_in_a_chunk(store: Store, wanted: int) -> int:
    """Many readers that wait are given a page each; few that work many, to be told seldom."""
    return wanted if store.reads_at_once <= _FEW else 1
