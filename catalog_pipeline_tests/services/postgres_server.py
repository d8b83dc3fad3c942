"""A PostgreSQL server of the tests' own, from the distribution's package, in a folder of its own.

It listens at a socket in that folder, asks for a password as a server elsewhere would, and ends
with whoever opened it. Not here: what is asserted.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg

from catalog_pipeline_tests.waiting import wait_for

_PACKAGED = Path("/usr/lib/postgresql")
_UNPRIVILEGED = "postgres"
"""Who runs it where the tests run as root, which the server refuses."""
_SETTINGS = ("listen_addresses=", "fsync=off", "shared_buffers=16MB", "max_connections=20")
PASSWORD = "pass@word/of:the shop"


@dataclass(frozen=True)
class Database:
    """A database of a running server."""

    url: str

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query finds, asked by a connection of its own."""
        with psycopg.connect(self.url) as connection:
            # A query is a text of the tests' own.
            return connection.execute(query.encode()).fetchall()

    def does(self, *statements: str) -> None:
        """Execute statements, all in one transaction."""
        with psycopg.connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement.encode())


@contextmanager
def running_server() -> Iterator[Database]:
    """A server until the end of the block, with an empty database in UTF-8.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    programs = _programs()
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        if user is not None:
            owner = pwd.getpwnam(user).pw_uid
            os.chown(folder, owner, -1)
            os.chown(password, owner, -1)
        data = folder / "data"
        made: list[str | Path] = [
            programs / "initdb",
            "-D",
            data,
            "-U",
            "shop",
            "-A",
            "scram-sha-256",
        ]
        made += ["-E", "UTF8", "--locale=C", "-N", f"--pwfile={password}"]
        subprocess.run(made, user=user, check=True, capture_output=True, cwd=folder)
        with _serving(programs, data, folder, user) as database:
            yield database
    finally:
        shutil.rmtree(folder)


@contextmanager
def _serving(programs: Path, data: Path, folder: Path, user: str | None) -> Iterator[Database]:
    settings = [part for each in _SETTINGS for part in ("-c", each)]
    command: list[str | Path] = [programs / "postgres", "-D", data, "-k", folder, *settings]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, user=user, cwd=folder, stdout=log, stderr=log)
    database = Database(f"postgresql://shop:{quote(PASSWORD, safe='')}@/postgres?host={folder}")
    try:
        wait_for("PostgreSQL", lambda: _answers(server, database.url))
        yield database
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=30)


def _answers(server: subprocess.Popen[bytes], url: str) -> bool:
    assert server.poll() is None, "PostgreSQL has ended"
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def _programs() -> Path:
    found = sorted(_PACKAGED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    if other is None:
        raise FileNotFoundError("no PostgreSQL: apt-get install postgresql")
    return Path(other).resolve().parent
