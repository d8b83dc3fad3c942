"""The process of which workers are forked: it has imported all that they need, and only waits.

It forks siblings, so that a worker is the child of whoever asked for it, and ends when that has
ended or let go of it. Whoever asks is in `starting`; what a worker does is in `process`.
"""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import socket
import struct
import time
from dataclasses import dataclass

from catalog_pipeline.system.sampled import let_be_sampled
from catalog_pipeline.system.sibling import fork_sibling

LENGTH = struct.Struct("=I")
"""How long the request for a fork is, which comes first, with the descriptors."""
REPLY = struct.Struct("=i")
"""The process id of a worker, or the negative number of the error for which there is none."""
_MOST_DESCRIPTORS = 250
"""How many can be handed over at once (unix(7) has 253)."""


@dataclass(frozen=True)
class ForkRequest:
    """A worker is wanted that has these `descriptors`, by these numbers, and this `environment`.

    The descriptors follow the one to which the `REPLY` is written. The worker serves the first. The
    last one that is wanted is the template itself, of which there is no reply.
    """

    descriptors: tuple[int, ...]
    environment: dict[str, str]
    is_last: bool


def connection_of_fork(asked_by: int) -> int:
    """Fork a worker for each request; in a worker, returns the descriptor that it is to serve.

    In the template itself it ends the process when nobody can ask any more.
    """
    asking = socket.socket(fileno=asked_by)
    # What is there now is shared with all workers, as long as nobody writes to it.
    gc.freeze()
    while True:
        head, received, _, _ = socket.recv_fds(asking, LENGTH.size, _MOST_DESCRIPTORS)
        if not head:
            os._exit(0)
        reply, *handed = received
        (length,) = LENGTH.unpack(head)
        request: ForkRequest = pickle.loads(  # noqa: S301 - of our parent
            asking.recv(length, socket.MSG_WAITALL)
        )
        if request.is_last or _is_worker(reply):
            asking.close()
            os.close(reply)
            return _become_worker(request, handed)
        for descriptor in received:
            os.close(descriptor)


def _is_worker(reply: int) -> bool:
    """Fork, and tell the outcome; whether this is the fork."""
    try:
        pid = fork_sibling()
    except OSError as error:
        pid = -(error.errno or 1)
    if pid != 0:
        os.write(reply, REPLY.pack(pid))
    else:
        os.setsid()
        let_be_sampled()
    return pid == 0


def _become_worker(request: ForkRequest, handed: list[int]) -> int:
    """Take over what was handed."""
    above = max(request.descriptors) + 1
    # Out of the way first: a number that is wanted may be that of another one.
    moved = [fcntl.fcntl(each, fcntl.F_DUPFD_CLOEXEC, above) for each in handed]
    for descriptor in handed:
        os.close(descriptor)
    for descriptor, wanted in zip(moved, request.descriptors, strict=True):
        os.dup2(descriptor, wanted)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request.environment)
    time.tzset()
    return request.descriptors[0]
