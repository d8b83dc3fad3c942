"""Pooled connections to one PostgreSQL database, for all storages of an instance.

Dagster's own open a connection for each question, which costs ten times as much as the question.
Here: opening, reusing and closing connections, transactions, a server that is away for a moment,
and noticing that this process was forked. Not here: statements (`insertion`, `event_log`).
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as db
from dagster_postgres.utils import create_pg_engine, set_pg_statement_timeout
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.patience import (
    PATIENCE_SECONDS,
    first_patience_seconds,
)
from catalog_pipeline.orchestration.instance.postgres.steadiness import (
    DRIVERS_OWN,
    SteadyConnection,
    is_loss,
    is_refusal,
)
from catalog_pipeline.showing import as_line

if TYPE_CHECKING:
    from dagster_postgres.auth import PgTokenProvider

T = TypeVar("T")

IDLE_CONNECTIONS = 3
"""Kept open by each process; more are opened as threads need them."""
_PAUSE_SECONDS = 0.2
_SILENT_SECONDS = 3.0
"""How long one waits for it without a word."""
LOCK_NOT_AVAILABLE = "55P03"
"""What the server says by its code of a lock that somebody else has for longer than one waits."""

_log = logging.getLogger(__name__)


class Server:
    """Connections to the database, for many threads; a thread's transaction is joined by it."""

    def __init__(self, url: str, token_provider: "PgTokenProvider | None" = None) -> None:
        self.url = url
        self._token_provider = token_provider
        self._statement_timeout: int | None = None
        self._engine = self._make_engine()
        self._patience_seconds = first_patience_seconds()
        self._away_since: float | None = None
        self._is_told = False
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

        What only reads is asked again if the server is lost meanwhile.

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
        with self._connected(is_for_transaction=True) as connection, connection.begin():
            self._held.transaction = connection
            try:
                yield connection
            finally:
                self._held.transaction = None

    def transact(
        self, act: Callable[[db.Connection], T], has_come: Callable[[db.Connection, T], bool]
    ) -> T:
        """What `act` gives in a transaction, which is begun again if the server is lost meanwhile.

        Of a transaction whose end was not heard of `has_come` tells by the other's answer whether
        it is in. Joins the transaction of this thread, if there is one.

        Raises:
            SQLAlchemyError, StorageError: as `act`; or the server is lost for too long.
        """
        if (held := self._transaction_here()) is not None:
            return act(held)
        began_at = time.monotonic()
        while True:
            answers: list[T] = []
            try:
                with self.transaction() as connection:
                    answers.append(act(connection))
            except (SQLAlchemyError, StorageError) as error:
                if not self._may_come(error, began_at):
                    raise
                if answers and self._is_in(answers[0], has_come):
                    return answers[0]
            else:
                return answers[0]

    def ask(self, statement: str, values: Any) -> Sequence[Any]:
        """The rows of a statement, which may be executed twice if the server is lost meanwhile.

        Raises:
            SQLAlchemyError: it cannot be executed; or the server is lost for too long.
        """
        began_at = time.monotonic()
        while True:
            try:
                with self.connection() as connection:
                    result = connection.exec_driver_sql(statement, values)
                    return result.fetchall() if result.returns_rows else ()
            except SQLAlchemyError as error:
                if self._transaction_here() is not None or not self._may_come(error, began_at):
                    raise

    def _may_come(self, error: Exception, began_at: float) -> bool:
        """Whether what was broken off by that error may be done if it is begun again."""
        now = time.monotonic()
        is_late = now - began_at > 2 * PATIENCE_SECONDS or self._is_away_for_long(now)
        return is_loss(error) and not is_late

    def _is_in(self, answer: T, has_come: Callable[[db.Connection, T], bool]) -> bool:
        with self.connection() as connection:
            return has_come(connection, answer)

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

    def _connected(self, *, is_for_transaction: bool = False) -> db.Connection:
        """A connection, for which a server that is away is waited for, once for all who ask."""
        while True:
            connection = None
            try:
                connection = SteadyConnection(self._engine, self._may_come, self._wait)
                if is_for_transaction:
                    connection.asks_again = False
                    connection.execution_options(isolation_level="READ COMMITTED")
            except OperationalError as error:
                if is_refusal(error) or self._is_away():
                    raise
            except DRIVERS_OWN:
                # It was lost between two questions: the next one is told in a way that counts.
                if connection is not None:
                    connection.invalidate()
                    connection.close()
            else:
                self._is_back()
                return connection

    def _wait(self) -> None:
        self._connected().close()

    def _is_back(self) -> None:
        self._away_since = None
        self._is_told = False
        self._patience_seconds = PATIENCE_SECONDS

    def _is_away(self) -> bool:
        """Whether that is an error by now; if not, a moment has passed."""
        now = time.monotonic()
        self._away_since = self._away_since or now
        if self._is_away_for_long(now):
            return True
        self._tell_away(now - self._away_since)
        time.sleep(_PAUSE_SECONDS)
        return False

    def _is_away_for_long(self, now: float) -> bool:
        return self._away_since is not None and now - self._away_since > self._patience_seconds

    def _tell_away(self, seconds: float) -> None:
        if seconds > _SILENT_SECONDS and not self._is_told:
            self._is_told = True
            _log.warning(
                as_line(
                    f"PostgreSQL is away; waiting for it, {self._patience_seconds:.0f} s at most."
                )
            )
