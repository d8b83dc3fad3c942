"""The requests of one process: so many at once, and none of a wave that any process holds."""

import os
import threading

import pytest

from catalog_pipeline.crawling.working.request_slots import HeldWaves, RequestSlots
from catalog_pipeline.system.clock import seconds_since_boot
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS


def test_no_more_than_its_number_are_sent_at_once():
    slots = RequestSlots(2, HeldWaves.make())
    inside, leave = threading.Semaphore(0), threading.Event()

    def send() -> None:
        with slots:
            inside.release()
            leave.wait()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert inside.acquire(timeout=PATIENCE_SECONDS)
    assert inside.acquire(timeout=PATIENCE_SECONDS)
    assert not inside.acquire(timeout=0.1)
    leave.set()
    assert inside.acquire(timeout=PATIENCE_SECONDS)
    for thread in threads:
        thread.join()


def test_a_slot_is_free_again_after_an_error():
    slots = RequestSlots(1, HeldWaves.make())
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"), slots:
            raise ValueError("broken")
    with slots:
        pass


def test_waves_before_the_one_that_holds_are_not_sent_and_never_come_back():
    slots = RequestSlots(1, HeldWaves.make())
    assert slots.may_send(0)
    slots.hold(2)
    slots.hold(1)
    assert [slots.may_send(wave) for wave in range(4)] == [False, False, True, True]


@pytest.mark.processes
def test_what_one_process_holds_all_hold():
    held = HeldWaves.make()
    child = os.fork()
    if child == 0:
        HeldWaves(held.descriptor).hold(3)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert held.first_wave == 3
    held.close()


def test_nothing_is_sent_once_the_instant_has_come_from_which_all_is_held():
    held = HeldWaves.make()
    slots = RequestSlots(1, held)
    held.hold_from(seconds_since_boot() + 60)
    assert slots.may_send(7)
    held.hold_from(seconds_since_boot())
    assert not slots.may_send(7)
    held.hold_from(seconds_since_boot() + 60)
    assert slots.may_send(7)
    held.close()
