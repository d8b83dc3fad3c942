"""The JSON text of an event, without what its reader fills in by itself.

A crawl of a hundred thousand pages stores several events of each in two files, and half of their
text is spaces, nulls and wrappings of plain values. Left out here is only what Dagster's own
`deserialize_value` puts back, so that any Dagster reads the same event; a test compares them.
Not here: the whole text (`event_json`), and which events are kept slim (`event_rows`).
"""

import inspect
from functools import cache
from typing import Any

import msgspec
from dagster_shared.serdes.serdes import _WHITELIST_MAP as WHITELIST

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()

_PLAIN_VALUES = {
    "TextMetadataEntryData": ("text", str),
    "IntMetadataEntryData": ("value", int),
    "FloatMetadataEntryData": ("value", float),
    "BoolMetadataEntryData": ("value", bool),
}
"""Metadata of these kinds is what Dagster makes of a bare value: the field, and its type."""
_EMPTY_IF_LEFT_OUT = {
    "DagsterEvent": "logging_tags",
    "AssetObservation": "tags",
    "AssetMaterialization": "tags",
    "StepMaterializationData": "asset_lineage",
}
"""Fields that are an empty mapping or list when they are not there."""
_KEYED_BY_PATH = ("AssetObservation", "AssetMaterialization")
"""Classes that take an asset's key as the list of its parts."""

_DIFFERS = (
    "dagster_event",
    "event_specific_data",
    "asset_observation",
    "materialization",
    "metadata_entries",
    "partition",
    "tags",
    "timestamp",
)
"""Fields that differ from page to page, or hold some that do; so do the messages of some events."""
_TELLING = ("ASSET_OBSERVATION", "ASSET_MATERIALIZATION")
"""Events whose message names the page."""


def slim(text: str) -> str:
    """A shorter JSON text of the same event; the text itself if not all in it is proper JSON."""
    try:
        return _encoder.encode(_slimmed(_decoder.decode(text))).decode()
    except (msgspec.MsgspecError, UnicodeError, OverflowError):
        return text


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
    if empty in kept and not kept[empty]:
        del kept[empty]
    if kind in _KEYED_BY_PATH:
        kept["asset_key"] = kept["asset_key"]["path"]
    return _in_order(kept)


def _in_order(kept: dict[str, Any]) -> dict[str, Any]:
    """What differs from page to page comes last, so that texts begin alike (`packed_events`)."""
    names_page = kept.get("event_type_value") in _TELLING
    last = [name for name in (*_DIFFERS, *("message",) * names_page) if name in kept]
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
