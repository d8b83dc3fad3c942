"""A table that Dagster's storage does not have: it is made in its database when it is first needed.

One that an earlier release made is given the columns that it lacks. Not here: what such tables hold
(`lease_rows`, `pace`).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import ProgrammingError

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.postgres.making import making
from catalog_pipeline.orchestration.instance.postgres.server import Server

_COLUMNS = """
SELECT count(*) FROM pg_attribute
WHERE attrelid = to_regclass(%s) AND attname = ANY(%s) AND NOT attisdropped"""


class OwnTable:
    """A table by its name, what it is a table of, and its columns, of which the first is its key.

    A column that a release adds is null or has a default.
    """

    def __init__(self, server: Server, name: str, of: str, columns: Mapping[str, str]) -> None:
        self._server = server
        self._name, self._of, self._columns = name, of, columns
        self._is_there = False

    def is_there(self) -> bool:
        """Whether it has been made with all its columns, by whomever."""
        if not self._is_there:
            with self._server.connection() as connection:
                asked = (self._name, list(self._columns))
                found = connection.exec_driver_sql(_COLUMNS, asked).scalar()
            self._is_there = found == len(self._columns)
        return self._is_there

    def make(self) -> None:
        """Make it, or what it lacks, unless all is there.

        Raises:
            StorageError: it may not be made; it says how somebody else can.
        """
        if self.is_there():
            return
        statement = self._statement()
        try:
            with making(self._server) as connection:
                connection.exec_driver_sql(statement)
        except ProgrammingError as error:
            raise StorageError(
                f"The database of Dagster's storage has no table of {self._of} as it is needed, "
                f"and it cannot be made: {' '.join(str(error.orig).split())}. Let whoever may do "
                f"so make it: {statement}"
            ) from error
        self._is_there = True

    def _statement(self) -> str:
        key, *others = (" ".join(column) for column in self._columns.items())
        added = ", ".join(f"ADD COLUMN IF NOT EXISTS {column}" for column in others)
        return (
            f"CREATE TABLE IF NOT EXISTS {self._name} ({key} PRIMARY KEY); "
            f"ALTER TABLE {self._name} {added}"
        )
