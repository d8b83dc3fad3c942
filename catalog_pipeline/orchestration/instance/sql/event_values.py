"""The metadata in the JSON text of an event, as plain values.

Of the text only what is asked for is read, without Dagster: its objects take a hundred times as
long. Not here: how such texts are written (`event_json`, `slim_json`).
"""

from __future__ import annotations

from typing import Any

import msgspec

from catalog_pipeline.orchestration.instance.history import LatestEvent, Values

_NAMES_OF_VALUES = ("value", "text", "url", "data", "path", "md_str", "run_id")
"""What a value is called in the wrapping of its kind."""


class _Entry(msgspec.Struct):
    label: str
    entry_data: dict[str, Any] = {}
    value: Any = None
    """In place of `entry_data` where the text is kept slim (`slim_json`)."""


class _Subject(msgspec.Struct):
    metadata_entries: list[_Entry] = []


class _Specific(msgspec.Struct):
    materialization: _Subject | None = None
    asset_observation: _Subject | None = None


class _DagsterEvent(msgspec.Struct):
    event_specific_data: _Specific


class _StoredEvent(msgspec.Struct):
    dagster_event: _DagsterEvent
    timestamp: float
    run_id: str


# Made once, in the thread that imports: threads that make one at the same time crash the process.
_decoder = msgspec.json.Decoder(_StoredEvent)


def latest_event_of_text(partition: str, text: str) -> LatestEvent:
    """The event of a partition that is stored as that text."""
    event = _decoder.decode(text)
    return LatestEvent(partition, _values_of(event), event.timestamp, event.run_id)


def values_of_text(text: str) -> Values:
    """The metadata of the event that is stored as that text."""
    return _values_of(_decoder.decode(text))


def _values_of(event: _StoredEvent) -> Values:
    specific = event.dagster_event.event_specific_data
    subject = specific.materialization or specific.asset_observation or _Subject()
    values: Values = {}
    for entry in subject.metadata_entries:
        value = entry.entry_data or entry.value
        values[entry.label] = _unwrapped(value) if isinstance(value, dict) else value
    return values


def _unwrapped(data: dict[str, Any]) -> Any:
    """What is under a name of its kind; null entries keep none."""
    for name in _NAMES_OF_VALUES:
        if name in data:
            return data[name]
    return None
