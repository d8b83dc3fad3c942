"""Which run announced a partition last and counts, as the web UI's grid colours it by.

Dagster looks at the latest announcement alone: a run that was cancelled, or never began, hides the
failure of the one before it, or shows what it never tried as failed. Such runs are looked past
here. Not here: which runs these are (`liveness`), what a failure says (`failure_events`).
"""

from collections.abc import Collection, Mapping

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from catalog_pipeline.orchestration.instance.liveness import came_to_nothing

_PER_QUERY = 500


class AttemptTellingStorage(SqliteEventLogStorage):
    """Dagster's event log, which looks past the announcements of runs that came to nothing."""

    def get_latest_asset_partition_materialization_attempts_without_materializations(
        self, asset_key: dg.AssetKey, after_storage_id: int | None = None
    ) -> Mapping[str, tuple[str, int]]:
        ask = super().get_latest_asset_partition_materialization_attempts_without_materializations
        found = dict(ask(asset_key, after_storage_id))
        void = self._came_to_nothing({run_id for run_id, _ in found.values()})
        hidden = {partition for partition, (run_id, _) in found.items() if run_id in void}
        if not hidden:
            return found
        kept = {partition: found[partition] for partition in found.keys() - hidden}
        return kept | self._earlier_attempts(asset_key, hidden, after_storage_id or 0)

    def _earlier_attempts(
        self, asset_key: dg.AssetKey, partitions: Collection[str], after_id: int
    ) -> dict[str, tuple[str, int]]:
        """The latest announcement of each partition that counts, if it has not come since."""
        table = SqlEventLogStorageTable.c
        done_at = self.get_latest_storage_id_by_partition(
            asset_key, dg.DagsterEventType.ASSET_MATERIALIZATION, set(partitions)
        )
        since = max(after_id, min(done_at.get(partition, 0) for partition in partitions))
        query = db.select(table.partition, table.run_id, table.id).where(
            table.asset_key == asset_key.to_string(),
            table.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value,
            table.id > since,
        )
        with self.index_connection() as connection:
            rows = [tuple(row) for row in connection.execute(query.order_by(table.id))]
        theirs = [
            (partition, run_id, event_id)
            for partition, run_id, event_id in rows
            if partition in partitions and event_id > done_at.get(partition, 0)
        ]
        void = self._came_to_nothing({run_id for _, run_id, _ in theirs})
        return {
            partition: (run_id, event_id)
            for partition, run_id, event_id in theirs
            if run_id not in void
        }

    def _came_to_nothing(self, run_ids: Collection[str]) -> set[str]:
        """Those of the runs that came to nothing."""
        if not self.has_instance:
            return set()
        ordered = sorted(run_ids)
        some_at_once = (
            dg.RunsFilter(run_ids=ordered[start : start + _PER_QUERY])
            for start in range(0, len(ordered), _PER_QUERY)
        )
        return {
            record.dagster_run.run_id
            for some in some_at_once
            for record in self._instance.get_run_records(some)
            if came_to_nothing(record)
        }
