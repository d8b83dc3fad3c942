"""The JSON text of an event, without what its reader fills in by itself.

A crawl of a hundred thousand pages stores several events of each in two files, and half of their
text is spaces, nulls and wrappings of plain values. Left out here is only what Dagster's own
`deserialize_value` puts back, so that any Dagster reads the same event; a test compares them.
Not here: the whole text (`event_json`), and which events are kept slim (`event_rows`).
"""

import inspect
from functools import cache
from json.encoder import encode_basestring_ascii
from typing import Any

import dagster as dg
import msgspec
from dagster._core.events.log import EventLogEntry
from dagster_shared.serdes.serdes import _WHITELIST_MAP as WHITELIST

from catalog_pipeline.orchestration.instance.sqlite.event_json import serialize_event

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()

_PLAIN_VALUES = {
    "TextMetadataEntryData": ("text", str),
    "IntMetadataEntryData": ("value", int),
    "FloatMetadataEntryData": ("value", float),
}
"""Metadata of these kinds is what Dagster makes of a bare value: the field, and its type."""
_EMPTY_IF_LEFT_OUT = {"DagsterEvent": "logging_tags", "AssetObservation": "tags"}
"""Fields that are an empty mapping when they are not there."""

_DIFFERS = (
    "dagster_event",
    "event_specific_data",
    "asset_observation",
    "metadata_entries",
    "partition",
    "timestamp",
)
"""Fields that differ from page to page, or hold some that do; so does a failure's message."""


def slim(text: str) -> str:
    """A shorter JSON text of the same event; the text itself if not all in it is proper JSON."""
    try:
        return _encoder.encode(_slimmed(_decoder.decode(text))).decode()
    except (msgspec.MsgspecError, UnicodeError, OverflowError):
        return text


_NO_ENTRIES = '"metadata_entries": []'
_BARE_KINDS: dict[type, type] = {
    dg.TextMetadataValue: str,
    dg.IntMetadataValue: int,
    dg.FloatMetadataValue: float,
    dg.NullMetadataValue: type(None),
}


def materialization_text(event: EventLogEntry) -> str:
    """The text of a materialization with slim metadata, which is most of it.

    A crawl stores one for each page: to slim the whole text would take as long again as writing it.
    """
    told: Any = event.dagster_event
    data = told.event_specific_data
    made = data.materialization
    empty = data._replace(materialization=made._replace(metadata={}))
    text = serialize_event(event._replace(dagster_event=told._replace(event_specific_data=empty)))
    entries = ", ".join([_entry_text(label, value) for label, value in made.metadata.items()])
    # No text that an event holds has such a key in it: its quotes would have backslashes before.
    return text.replace(_NO_ENTRIES, f'"metadata_entries": [{entries}]', 1)


def _entry_text(label: str, data: Any) -> str:
    bare = data.value if type(data) in _BARE_KINDS else data
    kind = _BARE_KINDS.get(type(data))
    value = serialize_event(bare if type(bare) is kind else data)
    label = encode_basestring_ascii(label)
    return f'{{"__class__": "EventMetadataEntry", "label": {label}, "value": {value}}}'


def _slimmed(value: Any) -> Any:
    if isinstance(value, list):
        return [_slimmed(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("__class__")
    if kind is None:
        return {key: _slimmed(item) for key, item in value.items()}
    if kind == "EventMetadataEntry":
        return _slimmed_entry(value)
    needless, ignored = _fields_of(kind)
    kept = {
        key: _slimmed(item)
        for key, item in value.items()
        if key not in ignored and (item is not None or key not in needless)
    }
    empty = _EMPTY_IF_LEFT_OUT.get(kind, "")
    if kept.get(empty) == {}:
        del kept[empty]
    if kind == "AssetObservation":
        kept["asset_key"] = kept["asset_key"]["path"]
    return _in_order(kept)


def _in_order(kept: dict[str, Any]) -> dict[str, Any]:
    """What differs from page to page comes last, so that texts begin alike (`packed_events`)."""
    is_failure = kept.get("event_type_value") == "ASSET_OBSERVATION"
    last = [name for name in (*_DIFFERS, *("message",) * is_failure) if name in kept]
    return {name: kept[name] for name in kept if name not in last} | {n: kept[n] for n in last}


def _slimmed_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of metadata; what a value that is not plain holds inside is left as it is."""
    slimmed = {"__class__": entry["__class__"], "label": entry["label"]}
    return slimmed | {"value": _bare(entry["entry_data"])}


def _bare(data: dict[str, Any]) -> Any:
    """A metadata value without its wrapping, where it is one that Dagster wraps the same way."""
    kind = data["__class__"]
    if kind == "NullMetadataEntryData":
        return None
    field, type_of_value = _PLAIN_VALUES.get(kind, ("", None))
    value = data.get(field)
    return value if type(value) is type_of_value else data


@cache
def _fields_of(kind: str) -> tuple[frozenset[str], frozenset[str]]:
    """Stored fields of a class that are null when they are not there, and those nobody reads."""
    serializer = WHITELIST.object_deserializers.get(kind)
    if serializer is None:
        return frozenset(), frozenset()
    parameters = inspect.signature(serializer.klass.__new__).parameters
    needless = {
        serializer.storage_field_names.get(name, name)
        for name, parameter in parameters.items()
        if parameter.default is None
    }
    return frozenset(needless), frozenset(serializer.old_fields.keys() - parameters.keys())
