"""Events as rows of the event log's tables.

Here: the row of an event, those of its tags, and what the assets table says of its asset. The
values are those that Dagster's storage writes for the same events one by one. Not here: the
statements that insert them, which are each engine's own (`sqlite/insertion`, `postgres/insertion`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

import dagster as dg
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    DagsterEventType,
)
from dagster._core.events.log import EventLogEntry

from catalog_pipeline.orchestration.instance.sql.event_json import serialize_event
from catalog_pipeline.orchestration.instance.sql.materialization_json import materialization_text
from catalog_pipeline.orchestration.instance.sql.slim_json import slim

MIRRORED = {
    *ASSET_EVENTS,
    *ASSET_CHECK_EVENTS,
    *EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    DagsterEventType.ASSET_WIPED,
}
"""Types whose events are stored in the index too where it is apart, for questions across runs.

Dagster does not ask for wipes there; `partition_wipe` does.
"""

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
    """One event with the columns it is found by; the JSON text is made once."""

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


def tag_rows(
    stored: Sequence[tuple[EventRow, int]], tags_of: Callable[[EventLogEntry], Mapping[str, str]]
) -> list[tuple[Any, ...]]:
    """The rows of those tags of the asset events that are looked up by value."""
    return [
        (event_id, row.asset_key, key, value, row.timestamp)
        for row, event_id in stored
        if row.type in TAGGED_TYPES
        for key, value in tags_of(row.event).items()
    ]


def asset_columns(
    stored: Sequence[tuple[EventRow, int]],
    values_of: Callable[[EventLogEntry, int, bool], dict[str, Any]],
) -> dict[str, dict[str, Any]]:
    """By asset what storing the events one by one would have left in its row.

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
    return values


@lru_cache(maxsize=1000)
def _asset_key_text(asset_key: dg.AssetKey) -> str:
    return asset_key.to_string()


def _timestamp_text(timestamp: float) -> str:
    """UTC without a zone, as SQLAlchemy writes a TIMESTAMP."""
    moment = datetime.fromtimestamp(timestamp, timezone.utc).replace(tzinfo=None)
    return moment.isoformat(" ", "microseconds")
