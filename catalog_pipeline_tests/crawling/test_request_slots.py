"""The requests of one process: so many at once, and none of a wave that is held."""

import threading

from catalog_pipeline.crawling.request_slots import RequestSlots


def test_no_more_than_its_number_are_sent_at_once():
    slots = RequestSlots(2)
    inside, leave = threading.Semaphore(0), threading.Event()

    def send() -> None:
        with slots:
            inside.release()
            leave.wait()

    threads = [threading.Thread(target=send) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert inside.acquire(timeout=5)
    assert inside.acquire(timeout=5)
    assert not inside.acquire(timeout=0.1)
    leave.set()
    assert inside.acquire(timeout=5)
    for thread in threads:
        thread.join()


def test_a_slot_is_free_again_after_an_error():
    slots = RequestSlots(1)
    for _ in range(2):
        try:
            with slots:
                raise ValueError
        except ValueError:
            pass
    with slots:
        pass


def test_waves_before_the_one_that_holds_are_not_sent_and_never_come_back():
    slots = RequestSlots(1)
    assert slots.may_send(0)
    slots.hold(2)
    slots.hold(1)
    assert [slots.may_send(wave) for wave in range(4)] == [False, False, True, True]
