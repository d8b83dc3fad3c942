"""Which run announced a partition last and counts, as the web UI's grid colours it by.

Dagster looks at the latest announcement alone: a run that was cancelled, or never began, hides the
failure of the one before it, or shows what it never tried as failed. Such runs are looked past
here. Not here: which runs these are (`liveness`), what a failure says (`failure_events`).
"""

from collections.abc import Collection, Mapping

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.event_log.base import PlannedMaterializationInfo
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from catalog_pipeline.orchestration.instance.liveness import came_to_nothing

Events = SqlEventLogStorageTable.c
PLANNED = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value
_PER_QUERY = 500


class AttemptTellingStorage(SqlEventLogStorage):
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

    def get_latest_planned_materialization_info(
        self, asset_key: dg.AssetKey, partition: str | None = None
    ) -> PlannedMaterializationInfo | None:
        """The latest announcement; of a page that came, its run's, of which a crawl forgets all
        but the first and the last (`superseded`)."""
        info = super().get_latest_planned_materialization_info(asset_key, partition)
        run_id = self._run_that_made(asset_key, partition) if partition is not None else None
        if run_id is None or (info is not None and info.run_id == run_id):
            return info
        with self.index_connection() as connection:
            first = connection.scalar(
                db.select(db.func.min(Events.id)).where(
                    Events.run_id == run_id,
                    Events.asset_key == asset_key.to_string(),
                    Events.dagster_event_type == PLANNED,
                )
            )
        if first is None or (info is not None and info.storage_id > first):
            return info
        return PlannedMaterializationInfo(storage_id=first, run_id=run_id)

    def _run_that_made(self, asset_key: dg.AssetKey, partition: str) -> str | None:
        """The run of a partition's latest materialization."""
        latest = db.select(Events.run_id).where(
            Events.asset_key == asset_key.to_string(),
            Events.dagster_event_type == dg.DagsterEventType.ASSET_MATERIALIZATION.value,
            Events.partition == partition,
        )
        with self.index_connection() as connection:
            return connection.scalar(latest.order_by(Events.id.desc()).limit(1))

    def _earlier_attempts(
        self, asset_key: dg.AssetKey, partitions: Collection[str], after_id: int
    ) -> dict[str, tuple[str, int]]:
        """The latest announcement of each partition that counts, if it has not come since."""
        done_at = self.get_latest_storage_id_by_partition(
            asset_key, dg.DagsterEventType.ASSET_MATERIALIZATION, set(partitions)
        )
        since = max(after_id, min(done_at.get(partition, 0) for partition in partitions))
        query = db.select(Events.partition, Events.run_id, Events.id).where(
            Events.asset_key == asset_key.to_string(),
            Events.dagster_event_type == PLANNED,
            Events.id > since,
        )
        with self.index_connection() as connection:
            rows = [tuple(row) for row in connection.execute(query.order_by(Events.id))]
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
