"""Dagster's event log in SQLite files, stored in batches over pooled connections.

Named in `dagster.yaml`; a subclass of Dagster's own storage that keeps its files and its
answers, so that either can be put in the other's place. Here: what is stored, and where. Not
here: what it has in common with other engines (`sql/event_log`), statements (`insertion`),
connections (`connections`), tables (`schema`).

A run's own file, asked by the run's page and its statistics, is written before the index file,
asked by asset status, the partition grid and the crawl. A process killed between the two leaves
events in the run's log that the index does not know: their pages are still due, and the next run
records them from their stored files. A page that is done in the index is always in its run's log.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from itertools import groupby
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster import StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    INDEX_SHARD_NAME,
    SqliteEventLogStorage,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import NullPool

from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog
from catalog_pipeline.orchestration.instance.sql.event_rows import MIRRORED, EventRow
from catalog_pipeline.orchestration.instance.sqlite import insertion
from catalog_pipeline.orchestration.instance.sqlite.addresses import database_url
from catalog_pipeline.orchestration.instance.sqlite.connections import ConnectionPool
from catalog_pipeline.orchestration.instance.sqlite.index_recovery import (
    recover_index,
    report_damage,
)
from catalog_pipeline.orchestration.instance.sqlite.schema import prepare_file
from catalog_pipeline.orchestration.instance.sqlite.space import bytes_on_disk


class BatchedSqliteEventLogStorage(BatchedEventLog, SqliteEventLogStorage):
    """Dagster's SQLite event log with pooled connections and one transaction per file and batch.

    Without `base_dir` the files are in `history/runs` of the instance's root folder, where
    Dagster's own storage has them.
    """

    index_is_apart = True
    insertion = insertion

    def __init__(self, base_dir: str | None = None, inst_data: ConfigurableClassData | None = None):
        self._pool = ConnectionPool(self._prepare, report_damage)
        self._inst_data = inst_data
        if base_dir is not None:
            self._open(base_dir)

    def _open(self, base_dir: str) -> None:
        os.makedirs(base_dir, exist_ok=True)
        self._base_dir = os.path.abspath(base_dir)
        self._prepare(self.path_for_shard(INDEX_SHARD_NAME))
        super().__init__(self._base_dir, self._inst_data)

    def register_instance(self, instance: dg.DagsterInstance) -> None:
        if not hasattr(self, "_base_dir"):
            self._open(os.path.join(instance.root_directory, "history", "runs"))
        super().register_instance(instance)

    def conn_string_for_shard(self, shard_name: str) -> Any:
        return database_url(self.path_for_shard(shard_name))

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {"base_dir": dg.Field(StringSource, is_required=False)}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "BatchedSqliteEventLogStorage":
        return cls(inst_data=inst_data, **config_value)

    def store_rows(self, rows: Sequence[EventRow]) -> None:
        """Stores the rows, a transaction per file.

        The run files are committed first, inside the transaction of the index.
        """
        mirrored = [row for row in rows if row.type in MIRRORED]
        if not mirrored:
            self._store_in_run_files(rows)
            return
        with self.index_for_writing() as connection:
            self.insert_into_index(connection, mirrored)
            self._store_in_run_files(rows)

    def _store_in_run_files(self, rows: Sequence[EventRow]) -> None:
        for run_id, group in groupby(sorted(rows, key=_run_id_of), key=_run_id_of):
            path = self.path_for_shard(run_id)
            with self._pool.transaction(path, immediate=True) as connection:
                insertion.insert_events(connection, list(group))
            # The UI's live log watches the modification time, which WAL leaves alone.
            os.utime(path)

    def run_connection(self, run_id: str | None = None) -> Any:
        return self._pool.transaction(self.path_for_shard(str(run_id)))

    def index_connection(self) -> AbstractContextManager[db.Connection]:
        return self._pool.transaction(self.path_for_shard(INDEX_SHARD_NAME))

    def _connect(self, shard: str) -> Any:
        return self._pool.transaction(self.path_for_shard(shard))

    def index_for_writing(self) -> AbstractContextManager[db.Connection]:
        """A connection to the index that holds the write lock from the start."""
        return self._pool.transaction(self.index_path, immediate=True)

    @property
    def index_path(self) -> str:
        """Where the index is."""
        return self.path_for_shard(INDEX_SHARD_NAME)

    def log_bytes(self, run_id: str) -> int:
        return bytes_on_disk(self.path_for_shard(run_id))

    def remove_log(self, run_id: str) -> None:
        """Removes the file of a run that has none of its events in the index any more.

        What SQLite has beside it goes first: left alone, it would be taken for that of a file that
        is made under the same name.
        """
        path = self.path_for_shard(run_id)
        self._pool.close(path)
        for suffix in ("-wal", "-shm", ""):
            with suppress(FileNotFoundError):
                os.unlink(path + suffix)

    def wipe(self) -> None:
        self._pool.close()
        super().wipe()

    def dispose(self) -> None:
        super().dispose()
        self._pool.close()

    def _prepare(self, path: str) -> None:
        is_index = path == self.path_for_shard(INDEX_SHARD_NAME)
        if is_index:
            recover_index(self._base_dir, BatchedSqliteEventLogStorage)
        run_id = None if is_index else os.path.basename(path).removesuffix(".db")
        if not prepare_file(path, run_id):
            engine = db.create_engine(
                db.URL.create("sqlite", database=path),
                poolclass=NullPool,
                connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS},
            )
            self._initdb(engine, for_index_shard=is_index)


def _run_id_of(row: EventRow) -> str:
    return str(row.columns[0])
