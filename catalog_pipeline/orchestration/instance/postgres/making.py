"""Tables are made by one process at a time, all that are needed or none.

Several that open an empty database at the same instant would be in each other's way, and what one
that dies has half made nobody would make whole. Not here: which tables (`storage`, `own_table`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import dagster_postgres.event_log
import sqlalchemy as db
from dagster._core.storage.sql import stamp_alembic_rev
from dagster_postgres.utils import pg_alembic_config

from catalog_pipeline.orchestration.instance.postgres.others_tables import check_tables
from catalog_pipeline.orchestration.instance.postgres.server import Server
from catalog_pipeline.orchestration.instance.unusable_server import check_encoding

_IN_TURN = "SELECT pg_advisory_xact_lock(7267354412830652)"


@contextmanager
def making(server: Server) -> Iterator[db.Connection]:
    """A transaction of this thread, of a kind of which there is only one at a time."""
    with server.transaction() as connection:
        connection.exec_driver_sql(_IN_TURN)
        yield connection


@contextmanager
def making_what_lacks(server: Server, tables: Sequence[str], *, may_make: bool) -> Iterator[bool]:
    """Whether Dagster's storages, opened within the block, are to make their tables.

    Raises:
        StorageError: the database cannot hold every text, or has another program's tables.
    """
    with server.connection() as connection:
        check_encoding(connection.exec_driver_sql("SHOW server_encoding").scalar_one())
        check_tables(lambda *asked: connection.exec_driver_sql(*asked).fetchall())
    if not may_make or _are_there(server, tables):
        yield False
        return
    with making(server):
        yield True


def make_tables(connection: db.Connection, metadata: db.MetaData) -> None:
    """Make the tables of one of Dagster's storages, in a transaction that has begun."""
    metadata.create_all(connection)
    stamp_alembic_rev(pg_alembic_config(dagster_postgres.event_log.__file__), connection)


def _are_there(server: Server, tables: Sequence[str]) -> bool:
    with server.connection() as connection:
        found = connection.execute(db.select(*(db.func.to_regclass(name) for name in tables)))
        return None not in found.one()
