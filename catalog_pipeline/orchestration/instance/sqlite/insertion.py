"""Rows of events put into SQLite, many with one statement.

Not here: what is in a row (`sql/event_rows`), transactions and files (`event_log`, `connections`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as db
from dagster._core.storage.event_log.schema import AssetKeyTable
from sqlalchemy.dialects import sqlite

from catalog_pipeline.orchestration.instance.sql.event_rows import SLIM_TYPES, EventRow
from catalog_pipeline.orchestration.instance.sqlite import packed_events

INSERT_EVENT = (
    "INSERT INTO event_logs "
    '(id, run_id, event, dagster_event_type, timestamp, step_key, asset_key, "partition") '
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
INSERT_TAG = (
    "INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp) "
    "VALUES (?, ?, ?, ?, ?)"
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


def insert_tags(connection: db.Connection, tags: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows of tags."""
    _cursor(connection).executemany(INSERT_TAG, tags)


def keep_asset(connection: db.Connection, asset_key: str, columns: Mapping[str, Any]) -> None:
    """Sets columns of an asset's row, which is made if there is none."""
    insert = sqlite.insert(AssetKeyTable).values(asset_key=asset_key, **columns)
    connection.execute(insert.on_conflict_do_update(index_elements=["asset_key"], set_=columns))


def _cursor(connection: db.Connection) -> Any:
    """The driver's own cursor: its `executemany` costs a tenth of SQLAlchemy's."""
    return connection.connection.cursor()
