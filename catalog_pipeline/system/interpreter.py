"""How another interpreter is started that runs a module of this program.

What such a process does, and what it inherits besides, belongs to whoever starts it.
"""

from __future__ import annotations

import os
import sys


def running_module(module: str) -> list[str]:
    """The beginning of a command that runs a module.

    Python would look for every module in the working folder first, where somebody may have a
    `random.py` of their own: a child does so only if this process does. Before Python 3.11 there is
    no way to say it.
    """
    is_sayable = sys.version_info >= (3, 11)
    safe = ["-P"] if is_sayable and not _working_folder_is_searched() else []
    return [sys.executable, *safe, "-m", module]


def _working_folder_is_searched() -> bool:
    try:
        folder = os.getcwd()
    except OSError:
        folder = ""
    return bool({"", folder} & set(sys.path))
