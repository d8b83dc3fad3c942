"""A process that writes pages is killed: what reads as whole is whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.storing import samples

pytestmark = pytest.mark.processes

BODY_SIZE = 400_000
_WRITER = f"""
import itertools, pathlib, sys, threading
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.storing import samples

store = FolderStore(pathlib.Path(sys.argv[1]))
numbers = itertools.count(1)

def write():
    for page in numbers:
        samples.store_page(store, page, size={BODY_SIZE})

for _ in range(3):
    threading.Thread(target=write).start()
"""


@pytest.mark.parametrize("seed", range(5))
def test_every_file_under_a_page_name_is_whole_after_a_kill(tmp_path: Path, seed: int) -> None:
    store = FolderStore(tmp_path)
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)])
    try:
        while not store.newest():
            assert writer.poll() is None, "the writer ended by itself"
            time.sleep(0.002)
        time.sleep(random.Random(seed).uniform(0, 0.1))
    finally:
        writer.kill()
        writer.wait()
    found = store.newest()
    for name in found.values():
        stored = store.recognise(name)
        file = store.read(name.page, stored.file_name, stored.sha256)
        assert file.columns == samples.columns(name.page.number)
        assert file.body == samples.body(name.page.number, BODY_SIZE)
    store.prepare()
    assert {path.name for path in tmp_path.iterdir()} == {str(name) for name in found.values()}
