"""Signals become a wish to stop; a second Ctrl-C is taken at its word; none goes unnoticed."""

import os
import signal
import threading

import pytest

from catalog_pipeline.system.signals import signals_noticed, stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_is_a_wish(number: signal.Signals):
    with stop_on_signals() as wish:
        assert not wish.is_set
        os.kill(os.getpid(), number)
        assert wish.is_set
        assert wish.by_signal == number


def test_a_second_ctrl_c_interrupts():
    with stop_on_signals():
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_first_ctrl_c_after_the_run_was_told_to_stop_is_a_wish_still():
    """Terminate in the web UI marks the run before it sends the signal."""
    with stop_on_signals() as wish:
        wish.is_set = True
        os.kill(os.getpid(), signal.SIGINT)
        assert wish.by_signal == signal.SIGINT


def test_a_second_sigterm_is_the_same_wish():
    with stop_on_signals() as wish:
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert wish.is_set


def test_afterwards_signals_do_what_they_did():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with stop_on_signals():
        assert signal.getsignal(signal.SIGINT) != before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_another_thread_changes_nothing():
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def within() -> None:
        with stop_on_signals() as wish:
            seen.extend([wish.is_set, signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=within)
    thread.start()
    thread.join()
    assert seen == [False, before]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_noticed_whatever_its_handler_does(number: signal.Signals):
    before = signal.getsignal(number)
    with signals_noticed() as has_come:
        signal.signal(number, lambda number, frame: None)
        try:
            assert not has_come()
            os.kill(os.getpid(), number)
            assert has_come()
            assert has_come()
        finally:
            signal.signal(number, before)


def test_other_signals_are_not_noticed():
    before = signal.signal(signal.SIGUSR1, lambda number, frame: None)
    try:
        with signals_noticed() as has_come:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not has_come()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_a_signal_before_the_block_is_not_noticed():
    before = signal.signal(signal.SIGTERM, lambda number, frame: None)
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        with signals_noticed() as has_come:
            assert not has_come()
    finally:
        signal.signal(signal.SIGTERM, before)
