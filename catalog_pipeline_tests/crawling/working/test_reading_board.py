"""What a worker is reading, as whoever started it sees it, also after the worker's death."""

import subprocess
import sys
import time

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.working.reading_board import ReadingBoard, mark_of

DIE_READING = """
import os, sys
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.working.reading_board import ReadingBoard
board = ReadingBoard(int(sys.argv[1]), 3)
with board.reading(PageKey(5)):
    pass
with board.reading(PageKey(7)), board.reading(PageKey(7, "phones")):
    os.abort()
"""


def test_a_page_is_noted_for_as_long_as_it_is_read():
    board = ReadingBoard.make(2)
    assert board.now() == []
    before = time.monotonic()
    with board.reading(PageKey(3)):
        (reading,) = board.now()
        assert reading.mark == mark_of(PageKey(3))
        assert before <= reading.since <= time.monotonic()
        assert reading.bytes_before > 2**20
        with board.reading(PageKey(4)):
            assert len(board.now()) == 2
    assert board.now() == []
    board.close()


@pytest.mark.processes
def test_what_a_process_was_reading_when_it_died_is_still_seen():
    board = ReadingBoard.make(3)
    ended = subprocess.run(
        [sys.executable, "-c", DIE_READING, str(board.descriptor)],
        pass_fds=[board.descriptor],
        check=False,
    )
    assert ended.returncode < 0
    marks = {mark_of(PageKey(7)), mark_of(PageKey(7, "phones"))}
    assert {reading.mark for reading in board.now()} == marks
    board.close()


def test_pages_that_were_begun_are_counted():
    board = ReadingBoard.make(2)
    for _ in range(3):
        board.page_begins()
    with board.reading(PageKey(3)) as field_begins:
        field_begins(2)
        (reading,) = board.now()
        assert (reading.mark, reading.place) == (mark_of(PageKey(3)), 2)
    assert board.begun == 3
    board.close()
