"""Lets a process end with the one that started it, however that one ended, and at a Ctrl-C of it.

The one that starts it holds a pipe open, and the system closes it with that process. Standard input
is the other end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

_held: set[signal.Signals] = set()


def end_with_starter() -> None:
    """Take the end of standard input for a Ctrl-C; one is held back until `take_ctrl_c`."""
    _held.add(signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, _held)
    threading.Thread(target=_watch, args=(sys.stdin.fileno(),), daemon=True).start()


def take_ctrl_c() -> None:
    """Let a Ctrl-C come that was held back: from now on somebody knows what to do with it."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _held)
    _held.clear()


def _watch(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGINT)
