"""One daemon at a time that a web UI starts for a home: two would make two runs of each tick.

The web UI holds a locked file in the home and shares it with its daemon, which does not end with a
web UI that is killed: whoever starts the next one ends what is left of the last. Not here: how a
lock is held (`system/locked_file`), what is started (`services`), daemons that others start.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from catalog_pipeline.errors import StorageError
from catalog_pipeline.system.locked_file import LockedFile, is_locked, read_values
from catalog_pipeline.system.processes import is_alive_since, kill_if_it_is, start_mark

DAEMON_MODULE = "dagster._daemon"
_LOCK = "ui.lock"
_POLL_SECONDS = 0.2
_LONGEST_AFTERLIFE_SECONDS = 15.0
"""How long a web UI or daemon that was killed may take to be gone."""


class DaemonLock:
    """The lock of a home that this process holds, for itself and its daemon."""

    def __init__(self, file: LockedFile) -> None:
        self._file = file

    @property
    def descriptor(self) -> int:
        """What the daemon has to keep open to share the lock."""
        return self._file.descriptor

    def name_daemon(self, pid: int) -> None:
        """Say in the lock which process shares it."""
        daemon = {"daemon": pid, "daemon_started": start_mark(pid)}
        self._file.write({**read_values(self._file.path), **daemon})


def check_that_no_other_is_on(home: Path) -> None:
    """Look before anything is begun, as a port that is taken would be told of first.

    Raises:
        StorageError: a web UI with a daemon is on in that home.
    """
    values = read_values(home / _LOCK)
    if _lives(values) and is_locked(home / _LOCK):
        raise _already_on(home, values)


@contextmanager
def only_daemon(home: Path, url: str) -> Iterator[DaemonLock]:
    """Hold the lock of a home within the block; others are told the `url`.

    Raises:
        StorageError: a web UI with a daemon is on in that home.
    """
    file = _taken(home, url)
    try:
        yield DaemonLock(file)
    finally:
        file.release(remove=False)


def _taken(home: Path, url: str) -> LockedFile:
    pid = os.getpid()
    values = {"pid": pid, "started": start_mark(pid), "url": url}
    deadline = time.monotonic() + _LONGEST_AFTERLIFE_SECONDS
    while (taken := LockedFile.try_take(home / _LOCK, values)) is None:
        found = read_values(home / _LOCK)
        if _lives(found):
            raise _already_on(home, found)
        _kill_daemon_of(found)
        if time.monotonic() > deadline:
            raise StorageError(
                f"Something that a web UI of {home} has started is still on "
                f"(process {found.get('daemon', 'unknown')}), and cannot be ended from here. "
                f"End it, and start the web UI again."
            )
        # Without values its holder has just taken it, or is letting go of it.
        time.sleep(_POLL_SECONDS)
    return taken


def _already_on(home: Path, values: Mapping[str, Any]) -> StorageError:
    pid, url = values.get("pid"), values.get("url")
    return StorageError(
        f"The web UI of {home} is on already: {url}, process {pid}. Use that one, or end it first "
        f"(Ctrl-C where it runs, or kill {pid}); with a second daemon each tick of a schedule "
        f"would become two runs. With --workspace FILE one more web UI comes without a daemon."
    )


def _lives(values: Mapping[str, Any]) -> bool:
    """Whether the web UI that wrote these values into its lock is still there."""
    pid = values.get("pid")
    return isinstance(pid, int) and is_alive_since(pid, values.get("started"))


def _kill_daemon_of(values: Mapping[str, Any]) -> None:
    """Kill the daemon that a web UI has left behind."""
    pid = values.get("daemon")
    if isinstance(pid, int):
        kill_if_it_is(pid, values.get("daemon_started"), DAEMON_MODULE)
