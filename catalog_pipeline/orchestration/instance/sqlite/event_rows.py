"""Events as rows of the event log's tables, inserted many at a time.

Here: the row of an event, and the statements that insert events, their tags and what the assets
table says of their assets. The values are those that Dagster's storage writes for the same events
one by one. Not here: transactions and files (`event_log`, `connections`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import dagster as dg
import sqlalchemy as db
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    DagsterEventType,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.schema import AssetKeyTable
from sqlalchemy.dialects import sqlite

from catalog_pipeline.orchestration.instance.sqlite import packed_events
from catalog_pipeline.orchestration.instance.sqlite.event_json import serialize_event
from catalog_pipeline.orchestration.instance.sqlite.materialization_json import materialization_text
from catalog_pipeline.orchestration.instance.sqlite.slim_json import slim

MIRRORED = {
    *ASSET_EVENTS,
    *ASSET_CHECK_EVENTS,
    *EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    DagsterEventType.ASSET_WIPED,
}
"""Types whose events are stored in the index file too, for questions across runs.

Dagster does not ask for wipes there; `partition_wipe` does.
"""

INSERT_EVENT = (
    "INSERT INTO event_logs "
    '(id, run_id, event, dagster_event_type, timestamp, step_key, asset_key, "partition") '
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_TAG = (
    "INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp) "
    "VALUES (?, ?, ?, ?, ?)"
)
ASSET_ENTRY_TYPES = (
    DagsterEventType.ASSET_MATERIALIZATION,
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_OBSERVATION,
)
TAGGED_TYPES = (DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_OBSERVATION)

SLIM_TYPES = (
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    DagsterEventType.ASSET_OBSERVATION,
    DagsterEventType.ASSET_MATERIALIZATION,
)
"""Types whose texts are kept slim: what a page costs, however many there are."""


class EventRow:
    """One event with the columns it is found by; the JSON text is made once for both files."""

    __slots__ = ("asset_key", "columns", "event", "timestamp", "type")

    def __init__(self, event: EventLogEntry) -> None:
        self.event = event
        dagster_event = event.dagster_event
        self.type: DagsterEventType | None = None
        self.asset_key: str | None = None
        type_text = partition = None
        step_key = event.step_key
        if dagster_event:
            type_text = dagster_event.event_type_value
            self.type = DagsterEventType(type_text)
            step_key = dagster_event.step_key
            asset_key = dagster_event.asset_key
            self.asset_key = _asset_key_text(asset_key) if asset_key else None
            partition = dagster_event.partition or None
        self.timestamp = _timestamp_text(event.timestamp)
        if self.type is DagsterEventType.ASSET_MATERIALIZATION:
            text = materialization_text(event)
        elif self.type in SLIM_TYPES:
            text = slim(serialize_event(event))
        else:
            text = serialize_event(event)
        self.columns = (
            event.run_id,
            text,
            type_text,
            self.timestamp,
            step_key,
            self.asset_key,
            partition,
        )


def insert_events(connection: db.Connection, rows: Sequence[EventRow]) -> list[int]:
    """Inserts the events and returns their ids; the transaction must hold the write lock."""
    cursor = _cursor(connection)
    (last,) = cursor.execute("SELECT coalesce(max(id), 0) FROM event_logs").fetchone()
    ids = list(range(last + 1, last + 1 + len(rows)))
    numbered = [(event_id, *row.columns) for event_id, row in zip(ids, rows, strict=True)]
    if packed_events.packs(cursor):
        packed_events.insert_packed(cursor, numbered, [row.type in SLIM_TYPES for row in rows])
    else:
        cursor.executemany(INSERT_EVENT, numbered)
    return ids


def insert_tags(
    connection: db.Connection,
    stored: Sequence[tuple[EventRow, int]],
    tags_of: Callable[[EventLogEntry], Mapping[str, str]],
) -> None:
    """Inserts those tags of the asset events that are looked up by value."""
    tags = [
        (event_id, row.asset_key, key, value, row.timestamp)
        for row, event_id in stored
        if row.type in TAGGED_TYPES
        for key, value in tags_of(row.event).items()
    ]
    if tags:
        _cursor(connection).executemany(INSERT_TAG, tags)


def update_assets(
    connection: db.Connection,
    stored: Sequence[tuple[EventRow, int]],
    values_of: Callable[[EventLogEntry, int, bool], dict[str, Any]],
) -> None:
    """Brings the assets' rows to where storing the events one by one would have left them.

    Each type of event sets some of the columns, so the last event of each type is enough.
    """
    latest = {
        (row.asset_key, row.type): (event_id, row.event)
        for row, event_id in stored
        if row.asset_key and row.type in ASSET_ENTRY_TYPES
    }
    values: dict[str, dict[str, Any]] = {}
    for (asset_key, _), (event_id, event) in sorted(latest.items(), key=lambda item: item[1][0]):
        values.setdefault(str(asset_key), {}).update(values_of(event, event_id, True))
    for asset_key, columns in values.items():
        insert = sqlite.insert(AssetKeyTable).values(asset_key=asset_key, **columns)
        connection.execute(insert.on_conflict_do_update(index_elements=["asset_key"], set_=columns))


def _cursor(connection: db.Connection) -> Any:
    """The driver's own cursor: its `executemany` costs a tenth of SQLAlchemy's."""
    return connection.connection.cursor()


@lru_cache(maxsize=1000)
def _asset_key_text(asset_key: dg.AssetKey) -> str:
    return asset_key.to_string()


def _timestamp_text(timestamp: float) -> str:
    """UTC without a zone, as SQLAlchemy writes a TIMESTAMP into SQLite."""
    moment = datetime.fromtimestamp(timestamp, timezone.utc).replace(tzinfo=None)
    return moment.isoformat(" ", "microseconds")
