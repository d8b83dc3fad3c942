"""Wiping some partitions of an asset from the index of the event log.

Dagster's own storages in SQL wipe whole assets only. A wiped partition is missing again: none of
its materializations, plans, observations and checks count any more; the logs of the runs keep
them. Where the index is a table with these logs, the events stay and lose what they are found by.
The grid's cached status must not survive it, nor be written by one who looked before it.
Not here: how the UI asks for it, and the transaction around it (`event_log`).
"""

from collections.abc import Sequence

import dagster as dg
import sqlalchemy as db
from dagster._core.events import ASSET_EVENTS, DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.base import EventLogRecord
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.partition_status_cache import AssetStatusCacheValue
from dagster._serdes import deserialize_value, serialize_value

Events = SqlEventLogStorageTable.c
PARTITIONS_PER_STATEMENT = 500


def wipe_partitions(
    connection: db.Connection,
    asset_key: dg.AssetKey,
    partition_keys: Sequence[str],
    *,
    index_is_apart: bool,
) -> None:
    """Removes the partitions' events and what was derived from them."""
    key = asset_key.to_string()
    for start in range(0, len(partition_keys), PARTITIONS_PER_STATEMENT):
        some = partition_keys[start : start + PARTITIONS_PER_STATEMENT]
        wiped = _events_of(key, some)
        _delete_what_was_derived(connection, key, some, wiped)
        if index_is_apart:
            _keep_last_id(connection, wiped)
            connection.execute(SqlEventLogStorageTable.delete().where(wiped))
        else:
            hidden = SqlEventLogStorageTable.update().where(wiped)
            connection.execute(hidden.values(asset_key=None, partition=None))
    latest = _latest_materialization(connection, key)
    connection.execute(
        AssetKeyTable.update()
        .where(AssetKeyTable.c.asset_key == key)
        .values(last_materialization=serialize_value(latest) if latest else None)
    )
    forget_cached_status(connection, key)


def forget_cached_status(connection: db.Connection, asset_key: str) -> None:
    """Lets what the partition grid shows be found out anew."""
    connection.execute(
        AssetKeyTable.update()
        .where(AssetKeyTable.c.asset_key == asset_key)
        .values(cached_status_data=None)
    )


def keep_cached_status(
    connection: db.Connection, asset_key: dg.AssetKey, status: AssetStatusCacheValue
) -> None:
    """Keeps a status for the partition grid, unless it was found out before the latest wipe.

    Later looks only add to it: a wiped partition in it would be shown as materialized for ever.
    """
    key = asset_key.to_string()
    later_wipe = db.select(Events.id).where(
        Events.asset_key == key,
        Events.dagster_event_type == DagsterEventType.ASSET_WIPED.value,
        Events.id > status.latest_storage_id,
    )
    connection.execute(
        AssetKeyTable.update()
        .where(AssetKeyTable.c.asset_key == key, ~later_wipe.exists())
        .values(cached_status_data=serialize_value(status))
    )


def _events_of(asset_key: str, partitions: Sequence[str]) -> db.ColumnElement[bool]:
    return db.and_(
        Events.asset_key == asset_key,
        Events.dagster_event_type.in_([event_type.value for event_type in ASSET_EVENTS]),
        Events.partition.in_(partitions),
    )


def _delete_what_was_derived(
    connection: db.Connection,
    asset_key: str,
    partitions: Sequence[str],
    wiped: db.ColumnElement[bool],
) -> None:
    tags = AssetEventTagsTable
    checks = AssetCheckExecutionsTable
    ids = db.select(Events.id).where(wiped)
    connection.execute(tags.delete().where(tags.c.event_id.in_(ids)))
    connection.execute(
        checks.delete().where(checks.c.asset_key == asset_key, checks.c.partition.in_(partitions))
    )


def _keep_last_id(connection: db.Connection, wiped: db.ColumnElement[bool]) -> None:
    """Empties the wiped event with the highest id of all, instead of deleting it.

    SQLite would give its id to the next event, which automation and caches, whose cursors have
    passed that id, would then not see.
    """
    last = db.select(db.func.max(Events.id)).scalar_subquery()
    connection.execute(
        SqlEventLogStorageTable.update()
        .where(wiped, Events.id == last)
        .values(asset_key=None, partition=None, dagster_event_type=None)
    )


def _latest_materialization(connection: db.Connection, asset_key: str) -> EventLogRecord | None:
    found = connection.execute(
        db.select(Events.id, Events.event)
        .where(
            Events.asset_key == asset_key,
            Events.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION.value,
        )
        .order_by(Events.id.desc())
        .limit(1)
    ).fetchone()
    if found is None:
        return None
    return EventLogRecord(found.id, deserialize_value(found.event, EventLogEntry))
