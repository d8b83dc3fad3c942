"""Rows of events put into PostgreSQL, many with one statement, in the order of their ids.

Whoever follows the ids, as Dagster's daemon does, must not see a later one before an earlier one:
the writers of an asset, and those of changes of runs, draw them one after the other. Not here: what
is in a row (`sql/event_rows`), and the transaction around it (`event_log`).
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from typing import Any

import sqlalchemy as db
from dagster._core.events import ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.storage.event_log.schema import AssetKeyTable
from sqlalchemy.dialects import postgresql

from catalog_pipeline.orchestration.instance.sql.event_rows import EventRow

INSERT_EVENTS = (
    "INSERT INTO event_logs "
    '(run_id, event, dagster_event_type, timestamp, step_key, asset_key, "partition") VALUES '
)
INSERT_TAGS = (
    "INSERT INTO asset_event_tags (event_id, asset_key, key, value, event_timestamp) VALUES "
)
_STORED = "SELECT count(*) FROM event_logs WHERE id = %s AND run_id = %s AND event = %s"
_ROWS_PER_STATEMENT = 1000
_CHANGES_OF_RUNS = 7_267_354_412_830_651
"""The number of this package's advisory lock, for a transaction, on changes of runs."""


def assets_of(rows: Sequence[EventRow]) -> list[str]:
    """The assets whose rows the events touch, in the order in which they are locked."""
    return sorted({row.asset_key for row in rows if row.asset_key and row.type in ASSET_EVENTS})


def make_assets(connection: db.Connection, asset_keys: Collection[str]) -> None:
    """Makes the rows of assets that have none."""
    rows = [{"asset_key": key} for key in asset_keys]
    connection.execute(postgresql.insert(AssetKeyTable).values(rows).on_conflict_do_nothing())


def take_turns(connection: db.Connection, rows: Sequence[EventRow]) -> None:
    """Waits until no other transaction writes of the same assets, or of runs, and holds them."""
    if any(row.type in EVENT_TYPE_TO_PIPELINE_RUN_STATUS for row in rows):
        connection.execute(db.select(db.func.pg_advisory_xact_lock(_CHANGES_OF_RUNS)))
    if asset_keys := assets_of(rows):
        locked = db.select(AssetKeyTable.c.id).where(AssetKeyTable.c.asset_key.in_(asset_keys))
        connection.execute(locked.order_by(AssetKeyTable.c.asset_key).with_for_update())


def insert_events(connection: db.Connection, rows: Sequence[EventRow]) -> list[int]:
    """Inserts the events and returns their ids."""
    columns = [row.columns for row in rows]
    return sorted(_insert(connection, INSERT_EVENTS, columns, " RETURNING id"))


def is_stored(connection: db.Connection, event_id: int, row: EventRow) -> bool:
    """Whether that event has that id: an id that was drawn in vain may be drawn again."""
    run_id, event, *_ = row.columns
    found = connection.exec_driver_sql(_STORED, (event_id, run_id, event)).scalar()
    return bool(found)


def insert_tags(connection: db.Connection, tags: Sequence[tuple[Any, ...]]) -> None:
    """Inserts rows of tags."""
    _insert(connection, INSERT_TAGS, tags)


def keep_asset(connection: db.Connection, asset_key: str, columns: Mapping[str, Any]) -> None:
    """Sets columns of an asset's row, which is made if there is none."""
    insert = postgresql.insert(AssetKeyTable).values(asset_key=asset_key, **columns)
    connection.execute(insert.on_conflict_do_update(index_elements=["asset_key"], set_=columns))


def _insert(
    connection: db.Connection, into: str, rows: Sequence[tuple[Any, ...]], end: str = ""
) -> list[int]:
    ids: list[int] = []
    for start in range(0, len(rows), _ROWS_PER_STATEMENT):
        some = rows[start : start + _ROWS_PER_STATEMENT]
        marks = f"({', '.join(['%s'] * len(some[0]))})"
        statement = into + ", ".join([marks] * len(some)) + end
        result = connection.exec_driver_sql(statement, tuple(chain.from_iterable(some)))
        ids += [row[0] for row in result] if end else []
    return ids
