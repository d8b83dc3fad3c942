"""What an event log in files forgets: wiped partitions, what is superseded, the logs of old runs.

Not here: what of it is superseded (`superseded`), what a wipe removes (`partition_wipe`), and what
is stored (`event_log`).
"""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.partition_status_cache import AssetStatusCacheValue

from catalog_pipeline.orchestration.instance.sqlite.connections import ConnectionPool
from catalog_pipeline.orchestration.instance.sqlite.failure_events import FailureTellingStorage
from catalog_pipeline.orchestration.instance.sqlite.partition_wipe import (
    keep_cached_status,
    wipe_partitions,
)
from catalog_pipeline.orchestration.instance.sqlite.superseded import forget_plans


class ForgettingStorage(FailureTellingStorage):
    """Dagster's event log over pooled connections, as far as something is removed from it."""

    _pool: ConnectionPool

    def index_for_writing(self) -> AbstractContextManager[db.Connection]:
        """A connection to the index that holds the write lock from the start."""
        return self._pool.transaction(self.index_path, immediate=True)

    def wipe_asset_partitions(self, asset_key: dg.AssetKey, partition_keys: Sequence[str]) -> None:
        """Removes the partitions' events from the index, so that they are missing again."""
        with self.index_for_writing() as connection:
            wipe_partitions(connection, asset_key, partition_keys)

    def forget_superseded_plans(self, asset_key: dg.AssetKey, run_id: str) -> None:
        """Removes from the index what a run announced and what has come since."""
        with self.index_for_writing() as connection:
            forget_plans(connection, asset_key, run_id)

    @property
    def index_path(self) -> str:
        """Where the index is."""
        return self.path_for_shard(INDEX_SHARD_NAME)

    def log_path(self, run_id: str) -> str:
        """Where the events of a run are."""
        return self.path_for_shard(run_id)

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

    def update_asset_cached_status_data(
        self, asset_key: dg.AssetKey, cache_values: AssetStatusCacheValue
    ) -> None:
        with self.index_for_writing() as connection:
            keep_cached_status(connection, asset_key, cache_values)
