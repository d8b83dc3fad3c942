"""A table that Dagster's storage does not have: it is made in its database when it is first needed.

Not here: what such tables hold (`lease_rows`, `pace`).
"""

from __future__ import annotations

from sqlalchemy.exc import ProgrammingError

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.postgres.server import Server

_EXISTS = "SELECT to_regclass(%s) IS NOT NULL"
_IN_TURN = "SELECT pg_advisory_xact_lock(7267354412830652)"
"""Two that make a table at once are in each other's way."""


class OwnTable:
    """A table by its name, what it is a table of, and the statement that makes it."""

    def __init__(self, server: Server, name: str, of: str, statement: str) -> None:
        self._server = server
        self._name, self._of, self._statement = name, of, statement
        self._is_there = False

    def is_there(self) -> bool:
        """Whether it has been made, by whomever."""
        if not self._is_there:
            with self._server.connection() as connection:
                self._is_there = bool(connection.exec_driver_sql(_EXISTS, (self._name,)).scalar())
        return self._is_there

    def make(self) -> None:
        """Make it, unless it is there.

        Raises:
            StorageError: it may not be made; it says how somebody else can.
        """
        if self.is_there():
            return
        try:
            with self._server.transaction() as connection:
                connection.exec_driver_sql(f"{_IN_TURN}; {self._statement}")
        except ProgrammingError as error:
            raise StorageError(
                f"The database of Dagster's storage has no table of {self._of}, and it cannot be "
                f"made: {' '.join(str(error.orig).split())}. Let whoever may do so make it: "
                f"{self._statement}"
            ) from error
        self._is_there = True
