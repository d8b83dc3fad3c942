"""Event log entries to JSON text, as Dagster writes it, at a fraction of the cost.

Here: one encoder per class, put together once from Dagster's own serializer of that class, that
writes JSON text directly instead of a tree of dictionaries. The text equals that of
`serialize_value` to the byte; whatever has a serializer with rules of its own is left to
`serialize_value`. Not here: reading events, and storing them (`event_log`).
"""

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from json.encoder import encode_basestring_ascii
from typing import Any

from dagster._core.definitions.metadata import MetadataFieldSerializer
from dagster._serdes import serialize_value
from dagster_shared.serdes.serdes import (
    _WHITELIST_MAP as WHITELIST,
)
from dagster_shared.serdes.serdes import (
    EnumSerializer,
    NamedTupleSerializer,
    ObjectSerializer,
)

Encoder = Callable[[Any], str]


class UnknownShapeError(TypeError):
    """A value whose JSON only `serialize_value` knows."""


def serialize_event(value: Any) -> str:
    """The JSON text of an event log entry or record, equal to `serialize_value(value)`."""
    try:
        return encode(value)
    except UnknownShapeError:
        return serialize_value(value)


def encode(value: Any) -> str:
    """The JSON text of one value.

    Raises:
        UnknownShapeError: its serializer has rules of its own.
    """
    kind = type(value)
    encoder = _encoders.get(kind)
    if encoder is None:
        encoder = _encoders[kind] = _encoder_for(value)
    return encoder(value)


def _encode_float(value: float) -> str:
    return float.__repr__(value) if value - value == 0 else json.dumps(value)


def _encode_dict(value: Mapping[str, Any]) -> str:
    if any(type(key) is not str for key in value):
        raise UnknownShapeError(f"a dictionary with other keys than text: {value!r}")
    items = [
        f"{encode_basestring_ascii(key)}: {encode(item)}" for key, item in sorted(value.items())
    ]
    return "{" + ", ".join(items) + "}"


def _encode_list(value: Sequence[Any]) -> str:
    return "[" + ", ".join([encode(item) for item in value]) + "]"


def _encode_set(marker: str) -> Encoder:
    def encode_set(value: Any) -> str:
        return f'{{"{marker}": {_encode_list(sorted(value, key=str))}}}'

    return encode_set


def _encode_metadata(value: Mapping[str, Any]) -> str:
    entries = [
        '{"__class__": "EventMetadataEntry", "description": null, "entry_data": '
        f'{encode(data)}, "label": {encode(label)}}}'
        for label, data in value.items()
    ]
    return "[" + ", ".join(entries) + "]"


def _encoder_for(value: Any) -> Encoder:
    """Puts together the encoder of a class, from the first value of it that is met."""
    kind = type(value)
    if isinstance(value, Enum):
        return _enum_encoder(kind)
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return _object_encoder(value)
    raise UnknownShapeError(f"no encoder for {kind.__name__}")


def _enum_encoder(kind: type[Enum]) -> Encoder:
    serializer = WHITELIST.enum_serializers.get(kind.__name__)
    if serializer is None or type(serializer).pack is not EnumSerializer.pack:
        raise UnknownShapeError(f"{kind.__name__} has a serializer of its own")
    name = serializer.get_storage_name()
    texts = {member: f'{{"__enum__": {json.dumps(f"{name}.{member.name}")}}}' for member in kind}
    return texts.__getitem__


def _object_encoder(value: Any) -> Encoder:
    kind = type(value)
    serializer = WHITELIST.object_serializers.get(kind.__name__)
    if serializer is None or not _is_plain(serializer):
        raise UnknownShapeError(f"{kind.__name__} has a serializer of its own")
    mapping = serializer.object_as_mapping(value)
    if any(a is not b for a, b in zip(mapping.values(), tuple.__iter__(value), strict=True)):
        raise UnknownShapeError(f"{kind.__name__} does not keep its fields in order")
    fields, tail = _layout(serializer, list(mapping))
    fields_of = tuple.__iter__

    def encode_object(item: Any) -> str:
        values = [*fields_of(item)]
        return "".join([label + write(values[at]) for label, at, write in fields]) + tail

    return encode_object


def _layout(
    serializer: ObjectSerializer[Any], names: Sequence[str]
) -> tuple[list[tuple[str, int, Encoder]], str]:
    """The fields in the order of their stored names, each with the constant text before it.

    Returns (text before, position in the tuple, encoder) per field, and the text after the last.
    """
    constants = {"__class__": serializer.get_storage_name(), **serializer.old_fields}
    stored = {serializer.storage_field_names.get(name, name): name for name in names}
    fields: list[tuple[str, int, Encoder]] = []
    text = "{"
    for key in sorted({**constants, **stored}):
        text += ("" if text == "{" else ", ") + f"{json.dumps(key)}: "
        if key in constants:
            text += serialize_value(constants[key])
        else:
            name = stored[key]
            fields.append((text, names.index(name), _field_encoder(name, serializer)))
            text = ""
    return fields, text + "}"


def _field_encoder(name: str, serializer: ObjectSerializer[Any]) -> Encoder:
    custom = serializer.field_serializers.get(name)
    if custom is None:
        return encode
    if type(custom) is MetadataFieldSerializer:
        return _encode_metadata
    raise UnknownShapeError(f"the field {name} has a serializer of its own")


def _is_plain(serializer: ObjectSerializer[Any]) -> bool:
    """Whether the class is written by the general rules, with no hook and no left-out fields."""
    kind = type(serializer)
    return (
        not serializer.skip_when_empty_fields
        and not serializer.skip_when_none_fields
        and isinstance(serializer, NamedTupleSerializer)
        and kind.pack_items is ObjectSerializer.pack_items
        and kind.before_pack is ObjectSerializer.before_pack
        and kind.object_as_mapping is NamedTupleSerializer.object_as_mapping
    )


_encoders: dict[type, Encoder] = {
    str: encode_basestring_ascii,
    int: int.__repr__,
    float: _encode_float,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda value: "null",
    list: _encode_list,
    tuple: _encode_list,
    dict: _encode_dict,
    set: _encode_set("__set__"),
    frozenset: _encode_set("__frozenset__"),
}
