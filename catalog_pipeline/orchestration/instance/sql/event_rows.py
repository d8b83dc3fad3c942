"""Events as rows of the event log's tables.

Here: the row of an event, those of its tags, and what the assets table says of its asset. The
values are those that Dagster's storage writes for the same events one by one. Not here: the
statements that insert them, which are each engine's own (`sqlite/insertion`, `postgres/insertion`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any, NamedTuple

import dagster as dg
from dagster._core.events import (
    ASSET_CHECK_EVENTS,
    ASSET_EVENTS,
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    DagsterEventType,
)
from dagster._core.events.log import EventLogEntry

from catalog_pipeline.orchestration.instance.sql.event_json import serialize_event
from catalog_pipeline.orchestration.instance.sql.materialization_json import (
    Made,
    materialization_text,
    materialization_texts,
    plan_text,
)
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
_TEXTS: dict[DagsterEventType | None, Callable[[EventLogEntry], str]] = {
    DagsterEventType.ASSET_MATERIALIZATION_PLANNED: plan_text,
    DagsterEventType.ASSET_OBSERVATION: lambda event: slim(serialize_event(event)),
    DagsterEventType.ASSET_MATERIALIZATION: materialization_text,
}


class EventRow(NamedTuple):
    """An event as a row; `columns` are run, text, type, timestamp, step, asset and partition.

    Of many rows of one kind and asset the last alone needs its `event`; the others have `tags`.
    """

    type: DagsterEventType | None
    asset_key: str | None
    timestamp: str
    columns: tuple[Any, ...]
    event: EventLogEntry | None
    tags: Mapping[str, str] | None = None


def row_of(event: EventLogEntry) -> EventRow:
    """The row of an event; its JSON text is made once for both files."""
    kind = asset_key = type_text = partition = None
    step_key = event.step_key
    told = event.dagster_event
    if told:
        type_text = told.event_type_value
        kind = DagsterEventType(type_text)
        step_key = told.step_key
        asset_key = _asset_key_text(told.asset_key) if told.asset_key else None
        partition = told.partition or None
    timestamp = _timestamp_text(event.timestamp)
    text = _TEXTS.get(kind, serialize_event)(event)
    columns = (event.run_id, text, type_text, timestamp, step_key, asset_key, partition)
    return EventRow(kind, asset_key, timestamp, columns, event)


def rows_of_pages(last: EventLogEntry, pages: Sequence[Made]) -> list[EventRow] | None:
    """The rows of materializations that differ in the pages alone; `last` is the event of the last.

    None if they have to be made one by one.
    """
    texts = materialization_texts(last, pages)
    if texts is None:
        return None
    row = row_of(last)
    run_id, _, *others = row.columns[:-1]
    return [
        *(
            row._replace(
                columns=(run_id, text, *others, page.partition), event=None, tags=page.tags
            )
            for page, text in zip(pages[:-1], texts, strict=False)
        ),
        row,
    ]


def tag_rows(
    stored: Sequence[tuple[EventRow, int]], tags_of: Callable[[EventRow], Mapping[str, str]]
) -> list[tuple[Any, ...]]:
    """The rows of those tags of the asset events that are looked up by value."""
    return [
        (event_id, row.asset_key, key, value, row.timestamp)
        for row, event_id in stored
        if row.type in TAGGED_TYPES
        for key, value in tags_of(row).items()
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
        if row.event and row.asset_key and row.type in ASSET_ENTRY_TYPES
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
