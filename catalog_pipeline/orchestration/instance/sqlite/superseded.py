"""What of the index of the event log is superseded, and how it is removed.

An announcement whose page has come since says nothing any more, and takes as much room as a third
of a checkpoint. The first and the last one of each run stay: by them one tells when a run was made,
and which one announced pages last. The logs of the runs keep all. Not here: transactions and files
(`event_log`).
"""

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable

Events = SqlEventLogStorageTable.c
_PLANNED = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value
_MADE = dg.DagsterEventType.ASSET_MATERIALIZATION.value


def forget_plans(connection: db.Connection, asset_key: dg.AssetKey, run_id: str) -> int:
    """Removes the announcements of a run whose partitions have come since; returns how many."""
    key = asset_key.to_string()
    of_run = db.and_(
        Events.asset_key == key, Events.dagster_event_type == _PLANNED, Events.run_id == run_id
    )
    ends = connection.execute(
        db.select(db.func.min(Events.id), db.func.max(Events.id)).where(of_run)
    ).one()
    later = SqlEventLogStorageTable.alias()
    has_come = db.exists().where(
        later.c.asset_key == key,
        later.c.dagster_event_type == _MADE,
        later.c.partition == Events.partition,
        later.c.id > Events.id,
    )
    gone = SqlEventLogStorageTable.delete().where(of_run, Events.id.not_in(ends), has_come)
    return connection.execute(gone).rowcount
