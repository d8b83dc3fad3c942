"""Dagster's event log in PostgreSQL, stored in batches over pooled connections.

A subclass of dagster-postgres's own storage that keeps its tables and its answers, so that either
can be put in the other's place. The log of a run and the index of all are one table, so that events
are in both or in none. Not here: what it has in common with other engines (`sql/event_log`),
statements (`insertion`), connections (`server`).
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as db
from dagster._core.storage.event_log import SqlEventLogStorageMetadata
from dagster_postgres import PostgresEventLogStorage

from catalog_pipeline.orchestration.instance.postgres import insertion
from catalog_pipeline.orchestration.instance.postgres.leases import PostgresLeases
from catalog_pipeline.orchestration.instance.postgres.making import make_tables
from catalog_pipeline.orchestration.instance.postgres.pace import PostgresPace
from catalog_pipeline.orchestration.instance.postgres.server import Server
from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog
from catalog_pipeline.orchestration.instance.sql.event_rows import EventRow
from catalog_pipeline.orchestration.instance.unusable_storage import server_in_use


class BatchedPostgresEventLogStorage(BatchedEventLog, PostgresEventLogStorage):
    """Dagster's PostgreSQL event log with pooled connections and one transaction per batch."""

    index_is_apart = False
    insertion = insertion

    def __init__(self, server: Server, *, make_tables: bool) -> None:
        self.server = server
        self._assets_made: set[str] = set()
        self.leases = PostgresLeases(server)
        super().__init__(server.url, should_autocreate_tables=make_tables)

    def _init_db(self) -> None:
        with self.index_for_writing() as connection:
            make_tables(connection, SqlEventLogStorageMetadata)

    def pace_of(self, catalogue: str) -> PostgresPace:
        return PostgresPace(self.server, catalogue)

    def store_rows(self, rows: Sequence[EventRow]) -> None:
        """Stores the rows in one transaction.

        Raises:
            StorageError: the server does not take them; its own words would show all of them, and
                Dagster prints what it is told.
        """
        with server_in_use():
            self._store_rows(rows)

    def _store_rows(self, rows: Sequence[EventRow]) -> None:
        new = [key for key in insertion.assets_of(rows) if key not in self._assets_made]
        if new:
            with self.index_connection() as connection:
                insertion.make_assets(connection, new)
            self._assets_made.update(new)

        def store(connection: db.Connection) -> Sequence[int]:
            insertion.take_turns(connection, rows)
            return self.insert_into_index(connection, rows)

        def are_in(connection: db.Connection, event_ids: Sequence[int]) -> bool:
            return insertion.is_stored(connection, event_ids[-1], rows[-1])

        if rows:
            self.server.transact(store, are_in)

    def index_for_writing(self) -> AbstractContextManager[db.Connection]:
        return self.server.transaction()

    @contextmanager
    def index_transaction(self) -> Iterator[db.Connection]:
        with self.server.transaction() as connection:
            yield connection

    def log_bytes(self, run_id: str) -> int:
        return 0

    def remove_log(self, run_id: str) -> None:
        with self.index_for_writing() as connection:
            self.delete_events_for_run(connection, run_id)

    def _connect(self) -> AbstractContextManager[db.Connection]:
        return self.server.connection()

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        self.server.optimize_for_webserver(statement_timeout, pool_recycle)

    def wipe(self) -> None:
        super().wipe()
        self._assets_made.clear()

    def dispose(self) -> None:
        super().dispose()
        self.server.dispose()
