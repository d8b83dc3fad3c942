"""The slim JSON text of the events of which a crawl stores one for each page.

To slim each whole text would take three times as long as writing it: what all pages of a step have
in common is made once, and what differs is put in. Not here: what is left out (`slim_json`).
"""

from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring_ascii
from math import isfinite
from typing import Any, NamedTuple

import dagster as dg
from dagster._core.definitions.metadata import normalize_metadata_value
from dagster._core.events.log import EventLogEntry

from catalog_pipeline.orchestration.instance.sql.event_json import serialize_event
from catalog_pipeline.orchestration.instance.sql.slim_json import slim

_PARTITION, _TAG, _MESSAGE = "\x01partition", "\x01tag", "\x01message"
_TIMESTAMP = 1234567890.25
_BLANKS = (
    '"metadata_entries":[]',
    f'"partition":{encode_basestring_ascii(_PARTITION)}',
    f'"tags":{{{encode_basestring_ascii(_TAG)}:""}}',
    f'"message":{encode_basestring_ascii(_MESSAGE)}',
    f'"timestamp":{_TIMESTAMP}',
)
"""What stands for what differs, in the order in which a text has it.

No text that an event holds has such a key in it: its quotes would have backslashes before.
"""
_BLANKS_OF_PLANS = (_BLANKS[3], _BLANKS[1], _BLANKS[4])
"""So it is in what announces a page."""
_BARE_KINDS: dict[type, type] = {
    dg.TextMetadataValue: str,
    dg.IntMetadataValue: int,
    dg.FloatMetadataValue: float,
    dg.BoolMetadataValue: bool,
    dg.NullMetadataValue: type(None),
}


class Made(NamedTuple):
    """What the materializations of a step differ by; `metadata` are values that Dagster takes."""

    partition: str
    metadata: Mapping[str, Any]
    tags: Mapping[str, str]
    message: str


class _Shell(NamedTuple):
    """An event with blanks, and the texts before, between and after them."""

    event: EventLogEntry
    texts: tuple[str, ...]


_last: dict[tuple[str, ...], _Shell] = {}
"""Those of the last events, by their blanks: what follows each other is mostly of one step."""


def materialization_text(event: EventLogEntry) -> str:
    """The slim text of a materialization."""
    told: Any = event.dagster_event
    made = told.event_specific_data.materialization
    if not (isinstance(made.partition, str) and made.tags and isinstance(told.message, str)):
        return slim(serialize_event(event))
    page = Made(made.partition, made.metadata, made.tags, told.message)
    texts = materialization_texts(event, [page])
    return slim(serialize_event(event)) if texts is None else texts[0]


def materialization_texts(event: EventLogEntry, pages: Sequence[Made]) -> list[str] | None:
    """The slim texts of events that differ from this one in the pages alone.

    None if the event is of a shape that was not foreseen.
    """
    told: Any = event.dagster_event
    data = told.event_specific_data
    made = data.materialization._replace(partition=_PARTITION, metadata={}, tags={_TAG: ""})
    shell = _shell_of(event, data._replace(materialization=made), _BLANKS)
    if shell is None:
        return None
    start, after_entries, after_partition, after_tags, after_message, end = shell
    end = f'"timestamp":{event.timestamp!r}{end}'
    return [
        f'{start}"metadata_entries":[{_entries(page.metadata)}]{after_entries}'
        f'"partition":{_text(page.partition)}{after_partition}"tags":{{{_tags(page.tags)}}}'
        f'{after_tags}"message":{_text(page.message)}{after_message}{end}'
        for page in pages
    ]


def plan_text(event: EventLogEntry) -> str:
    """The slim text of an event that announces a page."""
    told: Any = event.dagster_event
    data = told.event_specific_data
    if isinstance(data.partition, str) and isinstance(told.message, str):
        shell = _shell_of(event, data._replace(partition=_PARTITION), _BLANKS_OF_PLANS)
        if shell is not None:
            start, after_message, after_partition, end = shell
            return (
                f'{start}"message":{_text(told.message)}{after_message}'
                f'"partition":{_text(data.partition)}{after_partition}'
                f'"timestamp":{event.timestamp!r}{end}'
            )
    return slim(serialize_event(event))


def _shell_of(
    event: EventLogEntry, blank_data: Any, blanks: tuple[str, ...]
) -> tuple[str, ...] | None:
    """The texts around the blanks; None if they are not to be found, as in no proper JSON."""
    told: Any = event.dagster_event
    told = told._replace(message=_MESSAGE, event_specific_data=blank_data)
    blank = event._replace(timestamp=_TIMESTAMP, dagster_event=told)
    shell = _last.get(blanks)
    if shell is None or shell.event != blank:
        rest = slim(serialize_event(blank))
        texts = []
        for each in blanks:
            before, found, rest = rest.partition(each)
            if not found:
                return None
            texts.append(before)
        shell = _last[blanks] = _Shell(blank, (*texts, rest))
    return shell.texts


def _entries(metadata: Mapping[str, Any]) -> str:
    return ",".join(
        [
            f'{{"__class__":"EventMetadataEntry","label":{_text(label)},"value":{_value(value)}}}'
            for label, value in metadata.items()
        ]
    )


def _tags(tags: Mapping[str, str]) -> str:
    return ",".join([f"{_text(name)}:{_text(value)}" for name, value in tags.items()])


def _value(value: Any) -> str:
    kind = type(value)
    bare_kind = _BARE_KINDS.get(kind)
    if bare_kind is not None and type(value.value) is bare_kind:
        value, kind = value.value, bare_kind
    write = _WRITERS.get(kind)
    if write is not None:
        return write(value)
    if kind is dg.UrlMetadataValue and type(value.value) is str:
        return f'{{"__class__":"UrlMetadataEntryData","url":{_text(value.value)}}}'
    return slim(serialize_event(normalize_metadata_value(value)))


def _float(value: float) -> str:
    return repr(value) if isfinite(value) else serialize_event(value)


_text = encode_basestring_ascii
_WRITERS: dict[type, Callable[[Any], str]] = {
    str: _text,
    int: int.__repr__,
    float: _float,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "null",
}
