"""A connection to PostgreSQL that breaks, or is refused, and questions that are asked again.

Not here: how long a server is waited for (`server`).
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import psycopg2
import sqlalchemy as db
from sqlalchemy.exc import DBAPIError

DRIVERS_OWN = (psycopg2.OperationalError, psycopg2.InterfaceError)
"""What the driver says where SQLAlchemy lets it through."""
_REFUSAL = re.compile(
    r"FATAL: +((password|Peer|Ident|certificate) authentication failed|permission denied for data"
    r'|(database|role) ".*" does not|role ".*" is not permitted to log in'
    r"|no pg_hba\.conf entry|pg_hba\.conf rejects)|no password supplied|server does not support SSL"
)
"""In words of the server and of libpq: of a connection that was not made there is no code."""


class SteadyConnection(db.Connection):
    """A connection that asks again what only reads, if the server is lost meanwhile."""

    def __init__(
        self,
        engine: db.Engine,
        may_come: Callable[[Exception, float], bool],
        wait: Callable[[], None],
    ) -> None:
        super().__init__(engine)
        self._may_come, self._wait = may_come, wait
        self.asks_again = True

    def execute(self, statement: Any, *arguments: Any, **options: Any) -> Any:
        """The result of a statement."""
        began_at = time.monotonic()
        while True:
            try:
                return super().execute(statement, *arguments, **options)
            except (DBAPIError, *DRIVERS_OWN) as error:
                is_question = self.asks_again and getattr(statement, "is_select", False)
                if not is_question or not self._may_come(error, began_at):
                    raise
            self.rollback()
            self._wait()


def is_loss(error: BaseException | None) -> bool:
    """Whether a connection broke, whatever was made of that on the way."""
    while error is not None:
        if isinstance(error, DBAPIError):
            return error.connection_invalidated
        if isinstance(error, DRIVERS_OWN):
            return True
        error = error.__cause__ or error.__context__
    return False


def is_refusal(error: DBAPIError) -> bool:
    """Whether the server is there and lets nobody in so, however long one waits.

    One that speaks another language than English is not understood, and waited for.
    """
    return _REFUSAL.search(str(error.orig)) is not None
