"""Pooled connections to one PostgreSQL database, for all storages of an instance.

Dagster's own open a connection for each question, which costs ten times as much as the question.
Here: opening, reusing and closing connections, transactions, a server that is away for a moment,
and noticing that this process was forked. Not here: statements (`insertion`, `event_log`).
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import sqlalchemy as db
from dagster_postgres.utils import create_pg_engine, set_pg_statement_timeout
from sqlalchemy.exc import OperationalError

if TYPE_CHECKING:
    from dagster_postgres.auth import PgTokenProvider

IDLE_CONNECTIONS = 3
"""Kept open by each process; more are opened as threads need them."""
PATIENCE_SECONDS = 5.0
"""How long a server may be away, as while it is restarted, before that is an error."""
_PAUSE_SECONDS = 0.2
LOCK_NOT_AVAILABLE = "55P03"
"""What the server says by its code of a lock that somebody else has for longer than one waits."""


class Server:
    """Connections to the database, for many threads; a thread's transaction is joined by it."""

    def __init__(self, url: str, token_provider: "PgTokenProvider | None" = None) -> None:
        self.url = url
        self._token_provider = token_provider
        self._statement_timeout: int | None = None
        self._engine = self._make_engine()
        self._away_since: float | None = None
        self._begin_here()

    def _begin_here(self) -> None:
        self._pid = os.getpid()
        self._held = threading.local()

    def _make_engine(self, **settings: Any) -> db.Engine:
        # What a connection has gone through is asked before it is used again: a server that was
        # restarted meanwhile has closed it.
        engine = create_pg_engine(
            self.url,
            self._token_provider,
            isolation_level="AUTOCOMMIT",
            pool_size=IDLE_CONNECTIONS,
            max_overflow=-1,
            pool_use_lifo=True,
            pool_pre_ping=True,
            **settings,
        )
        if self._statement_timeout is not None:
            db.event.listen(engine, "connect", self._bound_statements)
        return engine

    def _bound_statements(self, connection: Any, record: Any) -> None:
        set_pg_statement_timeout(connection, self._statement_timeout or 0)

    def optimize_for_webserver(self, statement_timeout: int, pool_recycle: int) -> None:
        """Bound what one question of the web UI may take, in milliseconds."""
        if self._statement_timeout is None:
            self._statement_timeout = statement_timeout
            self._engine.dispose()
            self._engine = self._make_engine(pool_recycle=pool_recycle)

    @contextmanager
    def connection(self) -> Iterator[db.Connection]:
        """A connection that commits each statement, or this thread's transaction, if it is in one.

        Raises:
            OperationalError: the server cannot be reached.
        """
        held = self._transaction_here()
        if held is not None:
            yield held
            return
        with self._connected() as connection:
            yield connection

    @contextmanager
    def transaction(self) -> Iterator[db.Connection]:
        """A connection with a transaction, committed at the end; a nested call joins it.

        Raises:
            OperationalError: the server cannot be reached.
        """
        held = self._transaction_here()
        if held is not None:
            yield held
            return
        with self._connected() as opened:
            connection = opened.execution_options(isolation_level="READ COMMITTED")
            with connection.begin():
                self._held.transaction = connection
                try:
                    yield connection
                finally:
                    self._held.transaction = None

    def dispose(self) -> None:
        """Close what is idle."""
        self._engine.dispose()

    def _transaction_here(self) -> db.Connection | None:
        if self._pid != os.getpid():
            # Those of the parent are its own: they are neither used nor closed here.
            self._engine.dispose(close=False)
            self._begin_here()
        found: db.Connection | None = getattr(self._held, "transaction", None)
        return found

    def _connected(self) -> db.Connection:
        """A connection, for which a server that is away is waited for, once for all who ask."""
        while True:
            try:
                connection = self._engine.connect()
            except OperationalError:
                now = time.monotonic()
                self._away_since = self._away_since or now
                if now - self._away_since > PATIENCE_SECONDS:
                    raise
                time.sleep(_PAUSE_SECONDS)
            else:
                self._away_since = None
                return connection
