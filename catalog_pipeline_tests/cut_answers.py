"""A way to a PostgreSQL server that breaks at the end of a transaction, as networks do.

It listens at a socket of its own and hands everything on, until it is told to break at the next
COMMIT: before the server hears of it, or before the client hears of the server's answer.
"""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

NAME = ".s.PGSQL.5432"
_COMMIT = b"COMMIT\0"
"""What READ COMMITTED is not."""


class CutAnswers:
    """A socket in `folder` that leads to the one in the server's folder."""

    def __init__(self, folder: Path, server: Path) -> None:
        self._server = server / NAME
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(folder / NAME))
        self._socket.listen()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()
        self.breaks_at_commit: str | None = None
        """`before` or `after` the server has heard of it; None: it does not."""

    def close(self) -> None:
        """Let nobody come any more, and wait until all have gone."""
        self._socket.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._socket.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._socket.accept()
                thread = threading.Thread(target=self._lead, args=[client])
                self._threads.append(thread)
                thread.start()

    def _lead(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server, suppress(OSError):
            server.connect(str(self._server))
            is_cut = False
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    said = ready.recv(65536)
                    if not said or (is_cut and ready is server):
                        return
                    if ready is client and _COMMIT in said and self.breaks_at_commit is not None:
                        how, self.breaks_at_commit = self.breaks_at_commit, None
                        if how == "before":
                            return
                        is_cut = True
                    (server if ready is client else client).sendall(said)


@contextmanager
def cut_answers(folder: Path, server: Path) -> Iterator[CutAnswers]:
    """Such a way until the end of the block."""
    way = CutAnswers(folder, server)
    try:
        yield way
    finally:
        way.close()
