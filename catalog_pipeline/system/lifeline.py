"""Lets a process end with the one that started it, however that one ended.

The one that starts it holds a pipe open, and the system closes it with that process. Standard input
is the other end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading


def end_with_starter() -> None:
    """Take the end of standard input for a Ctrl-C, from now on."""
    threading.Thread(target=_watch, args=(sys.stdin.fileno(),), daemon=True).start()


def _watch(descriptor: int) -> None:
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGINT)
