"""What the event logs of this package have in common, in whatever database they are.

Here: what other rooms ask of an event log beyond Dagster's own questions, in which order the tables
of an index are written, and what an event log forgets. Not here: statements, connections and files,
which are each engine's own (`sqlite/event_log`, `postgres/event_log`).

Importing this module sets `DAGSTER_EVENT_BATCH_SIZE`, unless the environment does, in whatever
process uses the storage (daemon, webserver, code server, command line): Dagster writes the planned
events of a new run in batches only if it is set.
"""

import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timezone
from functools import cached_property
from typing import Any, ClassVar, Protocol

import dagster as dg
import sqlalchemy as db
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.partition_status_cache import AssetStatusCacheValue

from catalog_pipeline.crawling.ports import Pace
from catalog_pipeline.orchestration.instance.host_leases import HostLeases
from catalog_pipeline.orchestration.instance.sql.event_rows import (
    EventRow,
    asset_columns,
    row_of,
    rows_of_pages,
    tag_rows,
)
from catalog_pipeline.orchestration.instance.sql.failure_events import FailureTellingStorage
from catalog_pipeline.orchestration.instance.sql.materialization_json import Made
from catalog_pipeline.orchestration.instance.sql.partition_wipe import (
    forget_cached_status,
    keep_cached_status,
    wipe_partitions,
)
from catalog_pipeline.orchestration.instance.sql.superseded import forget_plans

EVENT_BATCH_SIZE = 1000
os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENT_BATCH_SIZE))


class Insertion(Protocol):
    """The statements of an engine, which are a module of its room."""

    def insert_events(self, connection: db.Connection, rows: Sequence[EventRow]) -> list[int]:
        """Inserts the events and returns their ids."""

    def insert_tags(self, connection: db.Connection, tags: Sequence[tuple[Any, ...]]) -> None:
        """Inserts rows of tags."""

    def keep_asset(
        self, connection: db.Connection, asset_key: str, columns: Mapping[str, Any]
    ) -> None:
        """Sets columns of an asset's row, which is made if there is none."""


class BatchedEventLog(FailureTellingStorage):
    """Dagster's event log in SQL, as far as it is the same for all engines."""

    insertion: Insertion
    index_is_apart: ClassVar[bool]
    """Whether the logs of runs are kept beside the index, so that events may leave it."""
    leases: HostLeases | None = None
    """Of all machines, where several can share it."""

    def pace_of(self, catalogue: str) -> Pace | None:
        """The pace of all machines at a catalogue's site, where several can share it."""
        return None

    @abstractmethod
    def index_for_writing(self) -> AbstractContextManager[db.Connection]:
        """A transaction of the index, in which what is read still holds when it writes.

        A nested one joins it.
        """

    @abstractmethod
    def store_rows(self, rows: Sequence[EventRow]) -> None:
        """Stores the rows of events in order: all, or after an error none."""

    @abstractmethod
    def remove_log(self, run_id: str) -> None:
        """Removes the log of a run that has none of its events in the index any more."""

    @abstractmethod
    def log_bytes(self, run_id: str) -> int:
        """What the log of a run takes beside its events in the index."""

    def store_event(self, event: EventLogEntry) -> None:
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Stores the events in order: all, or after an error none."""
        self.store_rows([row_of(event) for event in events])

    def store_pages(self, last: EventLogEntry, pages: Sequence[Made]) -> bool:
        """Stores materializations of a step, of the last of which that is the event.

        False if the event has a shape in which they have to be stored as events.
        """
        rows = rows_of_pages(last, pages)
        if rows is not None:
            self.store_rows(rows)
        return rows is not None

    def insert_into_index(
        self, connection: db.Connection, rows: Sequence[EventRow]
    ) -> Sequence[int]:
        """Inserts events into the index and brings what it says of their assets up to date.

        Returns their ids.
        """
        event_ids = self.insertion.insert_events(connection, rows)
        stored = list(zip(rows, event_ids, strict=True))
        assets = [(row, event_id) for row, event_id in stored if row.type in ASSET_EVENTS]
        if tags := tag_rows(assets, self._tags_of):
            self.insertion.insert_tags(connection, tags)
        for asset_key, columns in asset_columns(assets, self._get_asset_entry_values).items():
            self.insertion.keep_asset(connection, asset_key, columns)
        for row, event_id in stored:
            if row.type in ASSET_CHECK_EVENTS and row.event:
                self.store_asset_check_event(row.event, event_id)
            elif row.type == dg.DagsterEventType.ASSET_WIPED and row.asset_key:
                forget_cached_status(connection, row.asset_key)
        return event_ids

    def _tags_of(self, row: EventRow) -> Mapping[str, str]:
        """Those tags of an asset's event that are looked up by value."""
        if row.event is not None:
            return self._tags_for_asset_event(row.event)
        tags = row.tags or {}
        return {key: tags[key] for key in self.get_asset_tags_to_index(set(tags))}

    def latest_event_texts(
        self, asset_key: dg.AssetKey, event_type: dg.DagsterEventType
    ) -> Iterator[tuple[str, str]]:
        """Partition and JSON text of the latest event of that type of each partition.

        One by one, since all texts together may take more memory than all else; whoever takes them
        writes nothing meanwhile.
        """
        latest = self._latest_event_ids_by_partition_subquery(asset_key, [event_type])
        query = db.select(latest.c.partition, SqlEventLogStorageTable.c.event).select_from(
            latest.join(SqlEventLogStorageTable, SqlEventLogStorageTable.c.id == latest.c.id)
        )
        with self.index_connection() as connection:
            for row in connection.execute(query):
                yield row[0], row[1]

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

    def wipe_asset_partitions(self, asset_key: dg.AssetKey, partition_keys: Sequence[str]) -> None:
        """Removes the partitions' events from the index, so that they are missing again."""
        with self.index_for_writing() as connection:
            wipe_partitions(
                connection, asset_key, partition_keys, index_is_apart=self.index_is_apart
            )

    def forget_superseded_plans(self, asset_key: dg.AssetKey, run_id: str) -> None:
        """Removes from an index that is apart what a run announced and what has come since."""
        if self.index_is_apart:
            with self.index_for_writing() as connection:
                forget_plans(connection, asset_key, run_id)

    def update_asset_cached_status_data(
        self, asset_key: dg.AssetKey, cache_values: AssetStatusCacheValue
    ) -> None:
        with self.index_for_writing() as connection:
            keep_cached_status(connection, asset_key, cache_values)

    def has_table(self, table_name: str) -> bool:
        return self._remember("table", table_name, self._look_for_table)

    def has_asset_key_col(self, column_name: str) -> bool:
        return self._remember("column", column_name, super().has_asset_key_col)

    def has_secondary_index(self, name: str) -> bool:
        return self._remember("index", name, super().has_secondary_index)

    def _remember(self, kind: str, name: str, look: Any) -> bool:
        """Asks the database until the answer is yes: tables and columns are added, not dropped."""
        if not self._known.get((kind, name)):
            self._known[kind, name] = look(name)
        return self._known[kind, name]

    @cached_property
    def _known(self) -> dict[tuple[str, str], bool]:
        return {}

    def _look_for_table(self, table_name: str) -> bool:
        with self.index_connection() as connection:
            return bool(connection.dialect.has_table(connection, table_name))
