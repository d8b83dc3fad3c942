"""The slim JSON text of a materialization, of which a crawl stores one for each page.

To slim each whole text would take three times as long as writing it: what all pages of a step have
in common is made once, and what differs is put in. Not here: what is left out (`slim_json`).
"""

from json.encoder import encode_basestring_ascii
from math import isfinite
from typing import Any, NamedTuple

import dagster as dg
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
_BARE_KINDS: dict[type, type] = {
    dg.TextMetadataValue: str,
    dg.IntMetadataValue: int,
    dg.FloatMetadataValue: float,
    dg.BoolMetadataValue: bool,
    dg.NullMetadataValue: type(None),
}


class _Shell(NamedTuple):
    """An event with blanks, and the texts before, between and after them."""

    event: EventLogEntry
    texts: tuple[str, ...]


_last: _Shell | None = None
"""That of the last event: those that follow each other are mostly of one step."""


def materialization_text(event: EventLogEntry) -> str:
    """The slim text of a materialization."""
    global _last
    told: Any = event.dagster_event
    made = told.event_specific_data.materialization
    if not (isinstance(made.partition, str) and made.tags and isinstance(told.message, str)):
        return slim(serialize_event(event))
    blank = _blank(event)
    shell = _last
    if shell is None or shell.event != blank:
        shell = _shell_of(blank)
        if shell is None:
            return slim(serialize_event(event))
        _last = shell
    entries = ",".join([_entry_text(label, value) for label, value in made.metadata.items()])
    tags = ",".join([f"{_text(name)}:{_text(value)}" for name, value in made.tags.items()])
    before, after_entries, after_partition, after_tags, after_message, end = shell.texts
    return (
        f'{before}"metadata_entries":[{entries}]{after_entries}"partition":{_text(made.partition)}'
        f'{after_partition}"tags":{{{tags}}}{after_tags}"message":{_text(told.message)}'
        f'{after_message}"timestamp":{event.timestamp!r}{end}'
    )


def _blank(event: EventLogEntry) -> EventLogEntry:
    told: Any = event.dagster_event
    data = told.event_specific_data
    made = data.materialization._replace(partition=_PARTITION, metadata={}, tags={_TAG: ""})
    data = data._replace(materialization=made)
    told = told._replace(message=_MESSAGE, event_specific_data=data)
    return event._replace(timestamp=_TIMESTAMP, dagster_event=told)


def _shell_of(blank: EventLogEntry) -> _Shell | None:
    """The texts around the blanks; None if they are not to be found, as in no proper JSON."""
    rest = slim(serialize_event(blank))
    texts = []
    for each in _BLANKS:
        before, found, rest = rest.partition(each)
        if not found:
            return None
        texts.append(before)
    return _Shell(blank, (*texts, rest))


def _entry_text(label: str, data: Any) -> str:
    kind = _BARE_KINDS.get(type(data))
    bare = data.value if kind is not None else None
    if kind is not None and type(bare) is kind:
        value = _bare_text(bare)
    elif type(data) is dg.UrlMetadataValue and type(data.value) is str:
        value = f'{{"__class__":"UrlMetadataEntryData","url":{_text(data.value)}}}'
    else:
        value = slim(serialize_event(data))
    return f'{{"__class__":"EventMetadataEntry","label":{_text(label)},"value":{value}}}'


def _bare_text(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, float):
        return repr(value) if isfinite(value) else serialize_event(value)
    return _CONSTANTS[value] if value is None or isinstance(value, bool) else str(value)


_CONSTANTS = {None: "null", True: "true", False: "false"}
_text = encode_basestring_ascii
