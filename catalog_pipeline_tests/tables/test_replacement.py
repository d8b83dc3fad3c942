"""The table is replaced at once: readers never fail, and a killed build leaves the old table.

A reader must open the file once. Given a path, `pyarrow.parquet.read_table` and with it
`pandas.read_parquet` open it twice, and may get the end of one table with the data of another.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

from catalog_pipeline.errors import LeaseLostError
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.tables.preview import first_rows, read_summary
from catalog_pipeline_tests.tables import shop

_BUILDER = """
import pathlib, sys
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.tables.preview import first_rows, read_summary
from catalog_pipeline_tests.tables import shop

store = FolderStore(pathlib.Path(sys.argv[1]))
pages = [store.recognise(name) for name in store.newest().values()]
print("ready", flush=True)
while True:
    shop.build_table(shop.catalogue(), pages, store, pathlib.Path(sys.argv[2]))
    print("built", flush=True)
"""


def test_a_reader_that_polls_throughout_never_fails(store: FolderStore, table: Path) -> None:
    pages = shop.store_pages(store, 30)
    shop.build_table(shop.catalogue(), pages, store, table)
    counts: set[int] = set()
    failures: list[Exception] = []
    is_over = threading.Event()

    def poll() -> None:
        while not is_over.is_set():
            try:
                with table.open("rb") as file:
                    counts.add(len(pd.read_parquet(file)))
                counts.add(read_summary(table).rows)
                assert len(first_rows(table, 3)) == 3
            except Exception as error:
                failures.append(error)

    reader = threading.Thread(target=poll)
    reader.start()
    try:
        for used in (10, 30, 10, 30, 10, 30, 10, 30):
            shop.build_table(shop.catalogue(), pages[:used], store, table)
    finally:
        is_over.set()
        reader.join()
    assert failures == []
    assert counts <= {200, 600}


@pytest.mark.processes
@pytest.mark.parametrize("seed", range(4))
def test_a_killed_build_leaves_a_whole_table_and_the_next_one_tidies_up(
    store: FolderStore, table: Path, seed: int
) -> None:
    pages = shop.store_pages(store, 100)
    shop.build_table(shop.catalogue(), pages[:1], store, table)
    builder = subprocess.Popen(
        [sys.executable, "-c", _BUILDER, str(store.folder), str(table)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert builder.stdout is not None
    try:
        assert builder.stdout.readline() == "ready\n"
        if seed:
            assert builder.stdout.readline() == "built\n"
        else:
            while not shop.leftovers(table) and builder.poll() is None:
                time.sleep(0.001)
        time.sleep(random.Random(seed).uniform(0, 0.1))
    finally:
        builder.kill()
        builder.wait()
        builder.stdout.close()
    assert pq.read_table(table).num_rows in {20, 2000}
    shop.build_table(shop.catalogue(), pages, store, table)
    assert pq.read_table(table).num_rows == 2000
    assert shop.leftovers(table) == []


def test_a_build_that_has_lost_its_turn_says_so_when_what_it_has_made_is_gone(
    store: FolderStore, table: Path
) -> None:
    """As one that stood still while another machine has taken over and built."""
    pages = shop.store_pages(store, 1)
    shop.build_table(shop.catalogue(), pages, store, table)
    before = table.read_bytes()
    asked: list[int] = []

    def may_replace() -> None:
        asked.append(len(asked))
        if len(asked) > 1:
            raise LeaseLostError("another has taken over")
        for path in table.parent.glob(".*"):
            path.unlink()

    with pytest.raises(LeaseLostError):
        shop.build_table(shop.catalogue(), pages, store, table, may_replace=may_replace)
    assert (asked, table.read_bytes()) == ([0, 1], before)
