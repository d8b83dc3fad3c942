"""Processes by their numbers: real ones that live, have ended, or wait to be buried."""

import os
import subprocess
import sys
import time

import pytest

from catalog_pipeline.system.processes import (
    arguments,
    is_alive,
    is_alive_since,
    own_resident_bytes,
    resident_bytes,
    start_mark,
    started_at,
)

pytestmark = pytest.mark.processes

ENDLESS = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)", "a word"]


def test_a_process_lives_until_it_has_ended_whether_or_not_anybody_has_asked():
    with subprocess.Popen(ENDLESS) as process:
        assert is_alive(process.pid)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(process.pid)
    assert not is_alive(process.pid)


def test_its_start_is_known_to_a_second_or_two():
    before = time.time()
    with subprocess.Popen(ENDLESS) as process:
        start = started_at(process.pid)
        process.kill()
    assert start is not None
    assert before - 2 <= start <= time.time() + 2


def test_its_command_is_known_word_by_word():
    with subprocess.Popen(ENDLESS, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        found = arguments(process.pid)
        process.kill()
    assert found == ENDLESS


def test_of_a_process_that_is_no_more_nothing_is_known():
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert started_at(process.pid) is None
    assert arguments(process.pid) == []


def test_a_number_that_was_given_again_is_another_process():
    with subprocess.Popen(ENDLESS) as process:
        mark = start_mark(process.pid)
        assert mark is not None
        assert start_mark(process.pid) == mark
        assert is_alive_since(process.pid, mark)
        assert is_alive_since(process.pid, None)
        assert mark != start_mark(os.getpid())
        assert not is_alive_since(os.getpid(), mark)
        process.kill()
    assert not is_alive_since(process.pid, mark)
    assert start_mark(process.pid) is None


@pytest.mark.parametrize("number", [0, -1, 10**30])
def test_what_is_no_number_of_a_process_is_none_that_lives(number: int):
    assert not is_alive(number)


def test_a_process_sees_what_it_takes_of_the_memory():
    before = own_resident_bytes()
    held = b"x" * (64 << 20)
    assert own_resident_bytes() - before > len(held) // 2
    assert resident_bytes(os.getpid()) > len(held)
