"""Dagster's SQLite storages of runs and of schedules, over pooled connections.

Dagster's own make a new engine for each question, and read all of alembic's migrations whenever
they are opened. These keep the files and every statement of Dagster's own, make new files with the
tables and versions that those would have, and leave migrating to them. Not here: what they do
otherwise (`sql/run_storage`), the event log (`event_log`), how a file is made whole (`new_file`),
and the pool itself (`connections`).
"""

import fcntl
import glob
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, ClassVar, NoReturn

import dagster as dg
import sqlalchemy as db
from dagster import StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.runs.migration import (
    OPTIONAL_DATA_MIGRATIONS as OPTIONAL_RUN_MIGRATIONS,
)
from dagster._core.storage.runs.migration import REQUIRED_DATA_MIGRATIONS as RUN_MIGRATIONS
from dagster._core.storage.runs.schema import RunStorageSqlMetadata
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.schedules.migration import (
    OPTIONAL_SCHEDULE_DATA_MIGRATIONS,
    REQUIRED_SCHEDULE_DATA_MIGRATIONS,
)
from dagster._core.storage.schedules.schema import ScheduleStorageSqlMetadata
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS, create_db_conn_string
from dagster._serdes import ConfigurableClassData

from catalog_pipeline.errors import StorageError
from catalog_pipeline.orchestration.instance.sql.run_storage import (
    RetryKeepingRunStorage,
    SkipForgettingScheduleStorage,
)
from catalog_pipeline.orchestration.instance.sqlite.addresses import plain_path
from catalog_pipeline.orchestration.instance.sqlite.connections import ConnectionPool, FileId
from catalog_pipeline.orchestration.instance.sqlite.damage import damage_of
from catalog_pipeline.orchestration.instance.sqlite.new_file import (
    index_statements,
    make_whole,
    table_statements,
    version_statements,
)

_CHECKPOINT_PAGES = 32
"""Daemons write a little all the time: what an idle evening adds would be write-ahead logs."""


class _Pooled:
    """What the two have in common; without `base_dir` the file is below the instance's root."""

    _folder: ClassVar[str]
    _database: ClassVar[str]
    _needed_table: ClassVar[str]
    _content: ClassVar[str]
    _tables: ClassVar[Sequence[db.Table]]
    _migrations: ClassVar[Collection[str]]
    _stock: ClassVar[Any]

    def __init__(self, base_dir: str | None, inst_data: ConfigurableClassData | None) -> None:
        super().__init__("", inst_data)  # type: ignore[call-arg]
        self._pool = ConnectionPool(
            self._prepare, self._report_damage, checkpoint_pages=_CHECKPOINT_PAGES
        )
        self._path = ""
        if base_dir is not None:
            self._open(base_dir)

    def _open(self, base_dir: str) -> None:
        self._base_dir = base_dir
        self._conn_string = create_db_conn_string(base_dir, self._database)
        self._path = os.path.join(os.path.abspath(base_dir), f"{self._database}.db")
        self._prepare(self._path)

    def _prepare(self, path: str) -> None:
        damage = damage_of(path, self._has_history)
        if damage is not None and os.path.lexists(path):
            raise StorageError(self._sentence(path, damage))
        if _is_made(path, self._needed_table):
            return
        with _alone_in(self._base_dir):
            is_new = not os.path.exists(path)
            if is_new and make_whole(path, (), self._statements()):
                return
            if not _is_made(path, self._needed_table):
                with plain_path(self._base_dir) as base_dir:
                    self._stock.from_local(base_dir)

    def _statements(self) -> list[str]:
        tables = table_statements(self._tables)
        return [*tables, *index_statements(self._tables), *version_statements(self._migrations)]

    def _has_history(self) -> bool:
        """Whether runs have been recorded, so that the file cannot be one that is just made."""
        root = os.path.dirname(os.path.abspath(self._base_dir))
        return bool(glob.glob(os.path.join(glob.escape(root), "history", "runs", "*-*.db")))

    def _report_damage(self, path: str, which: FileId | None, error: Exception) -> NoReturn:
        raise StorageError(self._sentence(path, f"is damaged: {error}")) from error

    def _sentence(self, path: str, damage: str) -> str:
        return (
            f"Dagster's file {path} {damage}. It holds {self._content}, and no page: bring it "
            f"back from a backup, or move it away, with {os.path.basename(path)}-wal and -shm "
            f"beside it, and start again. Pages, checkpoints and tables stay as they are."
        )

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        if not self._path:
            self._open(os.path.join(instance.root_directory, self._folder))
        super().register_instance(instance)  # type: ignore[misc]

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {"base_dir": dg.Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Any:
        return cls(config_value.get("base_dir"), inst_data)

    def connect(self) -> Any:
        return self._pool.transaction(self._path)

    def dispose(self) -> None:
        super().dispose()  # type: ignore[misc]
        self._pool.close()


class PooledSqliteRunStorage(_Pooled, RetryKeepingRunStorage, SqliteRunStorage):
    """Dagster's run storage over pooled connections."""

    _folder = "history"
    _database = "runs"
    _needed_table = "instance_info"
    _content = "the list of runs, the queue and the backfills"
    _stock = SqliteRunStorage
    _tables = RunStorageSqlMetadata.sorted_tables
    _migrations = (*RUN_MIGRATIONS, *OPTIONAL_RUN_MIGRATIONS)


class PooledSqliteScheduleStorage(_Pooled, SkipForgettingScheduleStorage, SqliteScheduleStorage):
    """Dagster's schedule storage over pooled connections."""

    _folder = "schedules"
    _database = "schedules"
    _needed_table = "job_ticks"
    _content = "which schedules and sensors are on, and what they did"
    _stock = SqliteScheduleStorage
    _tables = ScheduleStorageSqlMetadata.sorted_tables
    _migrations = (*REQUIRED_SCHEDULE_DATA_MIGRATIONS, *OPTIONAL_SCHEDULE_DATA_MIGRATIONS)


@contextmanager
def _alone_in(folder: str) -> Iterator[None]:
    """Within the block no other process makes files there: a migration is for one alone."""
    os.makedirs(folder, exist_ok=True)
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)


def _is_made(path: str, table: str) -> bool:
    """Whether the file has a version and the table that Dagster makes last."""
    if not os.path.exists(path):
        return False
    with closing(sqlite3.connect(path, timeout=SQLITE_BUSY_TIMEOUT_SECONDS)) as connection:
        names = "SELECT name FROM sqlite_master WHERE name IN ('alembic_version', ?)"
        if len(connection.execute(names, (table,)).fetchall()) < 2:
            return False
        return bool(connection.execute("SELECT version_num FROM alembic_version").fetchone())
