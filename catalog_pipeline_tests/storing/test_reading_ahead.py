"""Many files are read in order, and never more ahead than a few for each reader."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalog_pipeline.errors import StorageError
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.storing.object_store import ObjectStore
from catalog_pipeline.storing.objects import Objects
from catalog_pipeline.storing.reading_ahead import read_ahead, read_chunks_ahead
from catalog_pipeline.storing.store import Store
from catalog_pipeline_tests.object_server import Bucket
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

ITEMS = 500


@pytest.fixture(params=["folder", "objects"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A store of each kind."""
    if request.param == "folder":
        return FolderStore(tmp_path)
    bucket: Bucket = request.getfixturevalue("bucket")
    return ObjectStore(Objects(bucket.address))


def test_no_more_is_taken_than_what_is_read_now_and_waits(store: Store) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1, ITEMS + 1):
            taken.append(item)
            yield item

    for number, found in enumerate(read_ahead(store, items(), str), start=1):
        assert found == str(number)
        assert len(taken) <= number + store.reads_at_once
    assert len(taken) == ITEMS


def test_chunks_are_read_in_order_and_only_some_ahead(store: Store) -> None:
    taken = 0

    def chunks() -> Iterator[list[int]]:
        nonlocal taken
        for taken in range(ITEMS):
            yield [2 * taken, 2 * taken + 1]

    for number, found in enumerate(read_chunks_ahead(store, chunks(), str)):
        assert found == str(number)
        assert taken <= number // 2 + store.reads_at_once + 1
    assert taken == ITEMS - 1


def test_as_many_are_read_at_once_as_a_store_likes(bucket: Bucket) -> None:
    store = ObjectStore(Objects(bucket.address))
    together = threading.Barrier(store.reads_at_once, timeout=PATIENCE_SECONDS)

    def read(_: int) -> int:
        return together.wait()

    found = list(read_ahead(store, range(2 * store.reads_at_once), read))
    assert sorted(found) == sorted(2 * list(range(store.reads_at_once)))


def test_a_store_that_fails_ends_it(store: Store) -> None:
    def read(item: int) -> int:
        if item == 50:
            raise StorageError("The store is away.")
        return item

    with pytest.raises(StorageError, match=r"The store is away\."):
        list(read_ahead(store, range(ITEMS), read))
