"""Lets a sampler look into this process, where a system asks the process itself for that.

On Linux with Yama a process is looked into by its ancestors only, unless it names another one. A
sampler is a child of the command whose processes it looks at: each of these names the command,
whose children are meant with it. Which sampler that is, and what it writes, is not known here.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable

COMMAND = "CATALOG_PIPELINE_SAMPLED"
"""Which process started the sampler: an environment variable, so that all that it starts know."""

_PR_SET_PTRACER = 0x59616D61


def let_be_sampled() -> None:
    """Let the children of the command look into this process, if one of them is a sampler."""
    command = os.environ.get(COMMAND, "")
    if command.isdecimal() and sys.platform.startswith("linux"):
        # Refused where there is no Yama, and no need of it.
        ctypes.CDLL(None).prctl(_PR_SET_PTRACER, ctypes.c_ulong(int(command)), 0, 0, 0)


def before_its_program() -> Callable[[], None] | None:
    """What a process that is started does before its program begins: the sampler comes at once."""
    return let_be_sampled if COMMAND in os.environ else None
