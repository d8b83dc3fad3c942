"""A PostgreSQL server of the tests' own, from the distribution's package, in a folder of its own.

It listens at a socket in that folder, asks for a password as a server elsewhere would, may be
stopped and started again, and ends with whoever opened it. Not here: what is asserted.
"""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import psycopg

from catalog_pipeline.places import SETTINGS_NAME
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS, wait_for

_PACKAGED = Path("/usr/lib/postgresql")
_UNPRIVILEGED = "postgres"
"""Who runs it where the tests run as root, which the server refuses."""
_SETTINGS = ("listen_addresses=", "shared_buffers=16MB", "max_connections=40")
SETTINGS = Path(__file__).parents[1] / "deploy" / "postgres" / "dagster.yaml"
USER = "shop"
PASSWORD = "pass@word/of:the shop"


@dataclass(frozen=True)
class Database:
    """A database of a running server."""

    url: str

    @property
    def name(self) -> str:
        """What the server knows it by."""
        return urlsplit(self.url).path.removeprefix("/")

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which `deploy/postgres/dagster.yaml` finds it."""
        return {
            "DAGSTER_PG_USERNAME": USER,
            "DAGSTER_PG_PASSWORD": PASSWORD,
            "DAGSTER_PG_HOST": parse_qs(urlsplit(self.url).query)["host"][0],
            "DAGSTER_PG_PORT": "5432",
            "DAGSTER_PG_DB": self.name,
        }

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What a query finds, asked by a connection of its own."""
        with psycopg.connect(self.url) as connection:
            # A query is a text of the tests' own.
            return connection.execute(query.encode()).fetchall()

    @property
    def waiting(self) -> int:
        """How many wait in it for what others have locked."""
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database()"
        )
        ((count,),) = self.rows(query)
        assert isinstance(count, int)
        return count

    def does(self, *statements: str) -> None:
        """Execute statements, all in one transaction."""
        with psycopg.connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def does_alone(self, statement: str) -> None:
        """Execute a statement that can be in no transaction."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())


def write_postgres_home(home: Path, database: Database | None = None) -> None:
    """Make a home of the settings that a user is given for PostgreSQL.

    Where the database is the environment says, or the home itself if it is given here.
    """
    settings = SETTINGS.read_text()
    for name, value in database.environ.items() if database is not None else ():
        said = value if value.isdigit() else json.dumps(value)
        settings = settings.replace(f"{{env: {name}}}", said)
    home.mkdir(parents=True)
    (home / SETTINGS_NAME).write_text(settings)


@dataclass
class PostgresServer:
    """A server in a folder, which also holds its socket."""

    folder: Path
    programs: Path
    user: str | None
    settings: tuple[str, ...]
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def database(self) -> Database:
        """The database that every server has."""
        return self._database("postgres")

    def _database(self, name: str) -> Database:
        password = quote(PASSWORD, safe="")
        return Database(f"postgresql://{USER}:{password}@/{name}?host={self.folder}")

    def new_database(self, like: Database | None = None) -> Database:
        """A database of its own: empty, or a copy of one to which nobody is connected."""
        name = f"made_{next(self._numbers)}"
        template = f" TEMPLATE {like.name} STRATEGY FILE_COPY" if like else ""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}{template}".encode())
        return self._database(name)

    def drop_database(self, database: Database) -> None:
        """Remove a database, whoever is connected to it."""
        with psycopg.connect(self.database.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE {database.name} WITH (FORCE)".encode())

    def uses(self, program: str, *arguments: str | Path) -> None:
        """Run one of PostgreSQL's own programs to its end."""
        environ = {"PATH": os.environ["PATH"], "PGHOST": str(self.folder)}
        environ |= {"PGUSER": USER, "PGPASSWORD": PASSWORD}
        command = [self.programs / program, *arguments]
        subprocess.run(command, env=environ, check=True, capture_output=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [part for each in (*_SETTINGS, *self.settings) for part in ("-c", each)]
        command: list[str | Path] = [self.programs / "postgres", "-D", self.folder / "data"]
        command += ["-k", self.folder, *settings]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command, user=self.user, cwd=self.folder, stdout=log, stderr=log
            )
        wait_for("PostgreSQL", self._answers)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it at once, whoever is connected; by SIGQUIT without a word to anybody."""
        assert self._process is not None
        self._process.send_signal(how)
        self._process.wait(timeout=PATIENCE_SECONDS)
        self._process = None

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """It is stopped within the block."""
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """All its processes stand still within the block."""
        assert self._process is not None
        # None is made any more once the first stands still.
        pids = [self._process.pid]
        os.kill(pids[0], signal.SIGSTOP)
        try:
            for pid in _children_of(pids[0]):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSTOP)
                    pids.append(pid)
            yield
        finally:
            for pid in reversed(pids):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "PostgreSQL has ended"
        try:
            psycopg.connect(self.database.url).close()
        except psycopg.OperationalError:
            return False
        return True

    def close(self) -> None:
        """Stop it, if it runs."""
        if self._process is not None:
            self.stop()


@contextmanager
def running_server() -> Iterator[Database]:
    """A server until the end of the block, with an empty database in UTF-8.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    with postgres_server() as server:
        yield server.database


@contextmanager
def postgres_server(*settings: str) -> Iterator[PostgresServer]:
    """A server until the end of the block; without further settings nothing waits for the disk.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    programs = _programs()
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="postgres-", dir=os.environ.get("PYTEST_DEBUG_TEMPROOT")))
    server = PostgresServer(folder, programs, user, settings or ("fsync=off",))
    try:
        password = folder / "password"
        password.write_text(PASSWORD)
        if user is not None:
            owner = pwd.getpwnam(user).pw_uid
            os.chown(folder, owner, -1)
            os.chown(password, owner, -1)
        made: list[str | Path] = [programs / "initdb", "-D", folder / "data", "-U", USER]
        made += ["-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N", f"--pwfile={password}"]
        subprocess.run(made, user=user, check=True, capture_output=True, cwd=folder)
        server.start()
        yield server
    finally:
        server.close()
        shutil.rmtree(folder)


def _children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _programs() -> Path:
    found = sorted(_PACKAGED.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    other = shutil.which("initdb")
    if other is None:
        raise FileNotFoundError("no PostgreSQL: apt-get install postgresql")
    return Path(other).resolve().parent
