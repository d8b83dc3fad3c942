"""Dagster's event log in SQLite files, stored in batches over pooled connections.

Named in `dagster.yaml`; a subclass of Dagster's own storage that keeps its files and its
answers, so that either can be put in the other's place. Here: what is stored, and where. Not
here: JSON text (`event_json`), rows (`event_rows`), connections
(`connections`), tables (`schema`), what is removed again (`forgetting`).

A run's own file, asked by the run's page and its statistics, is written before the index file,
asked by asset status, the partition grid and the crawl. A process killed between the two leaves
events in the run's log that the index does not know: their pages are still due, and the next run
records them from their stored files. A page that is done in the index is always in its run's log.

Importing this module sets `DAGSTER_EVENT_BATCH_SIZE`, unless the environment does, in whatever
process uses the storage (daemon, webserver, code server, command line): Dagster writes the planned
events of a new run in batches only if it is set.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from itertools import groupby
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster import StringSource
from dagster._config.config_schema import UserConfigSchema
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import ConfigurableClassData
from sqlalchemy.pool import NullPool

from catalog_pipeline.orchestration.instance.sqlite import event_rows
from catalog_pipeline.orchestration.instance.sqlite.addresses import database_url
from catalog_pipeline.orchestration.instance.sqlite.connections import ConnectionPool
from catalog_pipeline.orchestration.instance.sqlite.forgetting import ForgettingStorage
from catalog_pipeline.orchestration.instance.sqlite.index_recovery import (
    recover_index,
    report_damage,
)
from catalog_pipeline.orchestration.instance.sqlite.partition_wipe import forget_cached_status
from catalog_pipeline.orchestration.instance.sqlite.schema import prepare_file

EVENT_BATCH_SIZE = 1000
os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENT_BATCH_SIZE))


class BatchedSqliteEventLogStorage(ForgettingStorage):
    """Dagster's SQLite event log with pooled connections and one transaction per file and batch.

    Without `base_dir` the files are in `history/runs` of the instance's root folder, where
    Dagster's own storage has them.
    """

    def __init__(self, base_dir: str | None = None, inst_data: ConfigurableClassData | None = None):
        self._pool = ConnectionPool(self._prepare, report_damage)
        self._known: dict[tuple[str, str], bool] = {}
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

    def store_event(self, event: EventLogEntry) -> None:
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Stores the events in order, a transaction per file: all, or after an error none.

        The run files are committed first, inside the transaction of the index.
        """
        rows = [event_rows.EventRow(event) for event in events]
        mirrored = [row for row in rows if row.type in event_rows.MIRRORED]
        if not mirrored:
            self._store_in_run_files(rows)
            return
        with self.index_for_writing() as connection:
            self.insert_into_index(connection, mirrored)
            self._store_in_run_files(rows)

    def _store_in_run_files(self, rows: Sequence[event_rows.EventRow]) -> None:
        for run_id, group in groupby(sorted(rows, key=_run_id_of), key=_run_id_of):
            path = self.path_for_shard(run_id)
            with self._pool.transaction(path, immediate=True) as connection:
                event_rows.insert_events(connection, list(group))
            # The UI's live log watches the modification time, which WAL leaves alone.
            os.utime(path)

    def insert_into_index(
        self, connection: db.Connection, rows: Sequence[event_rows.EventRow]
    ) -> None:
        """Inserts events into the index and brings what it says of their assets up to date."""
        event_ids = event_rows.insert_events(connection, rows)
        stored = list(zip(rows, event_ids, strict=True))
        assets = [(row, event_id) for row, event_id in stored if row.type in ASSET_EVENTS]
        event_rows.insert_tags(connection, assets, self._tags_for_asset_event)
        event_rows.update_assets(connection, assets, self._get_asset_entry_values)
        for row, event_id in stored:
            if row.type in ASSET_CHECK_EVENTS:
                self.store_asset_check_event(row.event, event_id)
            elif row.type == dg.DagsterEventType.ASSET_WIPED and row.asset_key:
                forget_cached_status(connection, row.asset_key)

    def run_connection(self, run_id: str | None = None) -> Any:
        return self._pool.transaction(self.path_for_shard(str(run_id)))

    def index_connection(self) -> AbstractContextManager[db.Connection]:
        return self._pool.transaction(self.path_for_shard(INDEX_SHARD_NAME))

    def _connect(self, shard: str) -> Any:
        return self._pool.transaction(self.path_for_shard(shard))

    def latest_event_texts(
        self, asset_key: dg.AssetKey, event_type: dg.DagsterEventType
    ) -> Sequence[tuple[str, str]]:
        """Partition and JSON text of the latest event of that type of each partition."""
        latest = self._latest_event_ids_by_partition_subquery(asset_key, [event_type])
        query = db.select(latest.c.partition, SqlEventLogStorageTable.c.event).select_from(
            latest.join(SqlEventLogStorageTable, SqlEventLogStorageTable.c.id == latest.c.id)
        )
        with self.index_connection() as connection:
            return [(row[0], row[1]) for row in connection.execute(query)]

    def get_logs_for_all_runs_by_log_id(
        self,
        after_cursor: int = -1,
        dagster_event_type: dg.DagsterEventType | set[dg.DagsterEventType] | None = None,
        limit: int | None = None,
    ) -> Mapping[int, EventLogEntry]:
        """Events of all runs by their ids; runs of whose failure they tell have failed by then.

        Dagster stores a run's failure before its status. Its daemon, which asks here for failures,
        looks at each once: a run that did not have the status yet, or whose process was killed
        before it got it, would never be retried.
        """
        found = super().get_logs_for_all_runs_by_log_id(after_cursor, dagster_event_type, limit)
        for entry in found.values():
            if entry.dagster_event is not None and entry.dagster_event.is_run_failure:
                self._let_run_have_failed(entry)
        return found

    def _let_run_have_failed(self, failure: EventLogEntry) -> None:
        run = self._instance.get_run_by_id(failure.run_id) if self.has_instance else None
        if run is not None and not run.is_finished:
            failed_at = datetime.fromtimestamp(failure.timestamp, timezone.utc)
            self._instance.run_storage.handle_run_event(
                failure.run_id, failure.get_dagster_event(), failed_at
            )

    def has_table(self, table_name: str) -> bool:
        return self._remember("table", table_name, self._look_for_table)

    def has_asset_key_col(self, column_name: str) -> bool:
        return self._remember("column", column_name, super().has_asset_key_col)

    def has_secondary_index(self, name: str) -> bool:
        return self._remember("index", name, super().has_secondary_index)

    def _remember(self, kind: str, name: str, look: Any) -> bool:
        """Asks the file until the answer is yes: tables and columns are added, never dropped."""
        if not self._known.get((kind, name)):
            self._known[kind, name] = look(name)
        return self._known[kind, name]

    def _look_for_table(self, table_name: str) -> bool:
        with self.index_connection() as connection:
            return bool(connection.dialect.has_table(connection, table_name))

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


def _run_id_of(row: event_rows.EventRow) -> str:
    return row.event.run_id
