"""A broker of the tests' own: Redis from the distribution's package, in a folder of its own.

It writes down whatever it is told before it answers, and may be killed and started again. Not here:
what is asserted.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from catalog_pipeline_tests.waiting import wait_for


class RedisServer:
    """A server with a socket in its folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = folder / "socket"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address as Celery takes it."""
        return f"redis+socket://{self._socket}?virtual_host=0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            raise FileNotFoundError("no Redis: apt-get install redis-server")
        settings = ["--port", "0", "--unixsocket", str(self._socket), "--dir", str(self._folder)]
        settings += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen([program, *settings], stdout=log, stderr=log)
        wait_for("Redis", self._answers)

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def waiting(self) -> int:
        """How many tasks wait in Dagster's queue, whatever their priority."""
        with self._client() as client:
            return sum(client.llen(key) for key in client.keys("dagster*"))

    def _answers(self) -> bool:
        try:
            with self._client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def _client(self) -> redis.Redis:
        return redis.Redis(unix_socket_path=str(self._socket))


@contextmanager
def redis_server(folder: Path) -> Iterator[RedisServer]:
    """A server until the end of the block.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    folder.mkdir(parents=True)
    server = RedisServer(folder)
    server.start()
    try:
        yield server
    finally:
        server.kill()
