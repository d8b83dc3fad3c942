"""dagster-postgres's storages of runs and of schedules, over pooled connections.

Tables and statements are Dagster's own. Not here: what they do otherwise (`sql/run_storage`),
connections (`server`).
"""

from contextlib import AbstractContextManager
from typing import Any

import sqlalchemy as db
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from dagster_postgres import PostgresRunStorage, PostgresScheduleStorage

from catalog_pipeline.orchestration.instance.postgres.making import make_tables
from catalog_pipeline.orchestration.instance.postgres.server import Server
from catalog_pipeline.orchestration.instance.sql.run_storage import (
    RetryKeepingRunStorage,
    SkipForgettingScheduleStorage,
)


class _Pooled:
    """What the two have in common."""

    def __init__(self, server: Server, *, make_tables: bool) -> None:
        self._server = server
        stock: Any = super()
        stock.__init__(server.url, should_autocreate_tables=make_tables)

    def connect(self, run_id: str | None = None) -> AbstractContextManager[db.Connection]:
        return self._server.connection()

    def optimize_for_webserver(
        self, statement_timeout: int, pool_recycle: int, max_overflow: int
    ) -> None:
        self._server.optimize_for_webserver(statement_timeout, pool_recycle)

    def dispose(self) -> None:
        self._server.dispose()


class PooledPostgresRunStorage(_Pooled, RetryKeepingRunStorage, PostgresRunStorage):
    """Dagster's run storage over pooled connections."""

    def _init_db(self) -> None:
        with self._server.transaction() as connection:
            make_tables(connection, RunStorageSqlMetadata)


class PooledPostgresScheduleStorage(
    _Pooled, SkipForgettingScheduleStorage, PostgresScheduleStorage
):
    """Dagster's schedule storage over pooled connections."""

    def _init_db(self) -> None:
        with self._server.transaction() as connection:
            make_tables(connection, ScheduleStorageSqlMetadata)
        self.migrate()
        self.optimize()
