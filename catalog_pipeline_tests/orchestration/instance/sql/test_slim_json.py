"""The slim text of an event is read by Dagster as the event that it was."""

import json
from collections.abc import Mapping
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import AssetObservationData, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._serdes import deserialize_value, serialize_value

from catalog_pipeline.orchestration.instance.sql.event_rows import SLIM_TYPES, row_of
from catalog_pipeline.orchestration.instance.sql.materialization_json import (
    Made,
    materialization_text,
    materialization_texts,
    plan_text,
)
from catalog_pipeline.orchestration.instance.sql.slim_json import slim
from catalog_pipeline_tests.orchestration.histories import KINDS, PAGES, Clock, RunHistory, history
from catalog_pipeline_tests.orchestration.instance.sql.test_event_json import METADATA

METADATA_OF_ANY_KIND: list[dict[str, Any]] = [
    *({name: value} for name, value in METADATA.items()),
    {"yes": True, "one": 1, "float": 1.0, "text": "", "path": dg.MetadataValue.path("1")},
    {"lone surrogate": "a\ud800", "text": "b"},
    {"json": {"__class__": "TextMetadataEntryData", "text": "not one"}},
    {"json": {"description": None, "deep": [None, {"label": None, "tags": {}}]}},
    {},
    {"like none": '"metadata_entries": []', "json": {"metadata_entries": []}},
]
VALUES_OF_ANY_KIND = [
    *METADATA_OF_ANY_KIND,
    {"none": None, "no": False, "many": 10**30, "few": -0.0, "never": float("inf"), "list": [1]},
    {"two": {"b": [{"c": None}], "a": 0.1}, "": "\x7f\u2028", "small": 5e-324, "large": 1e22},
]
RUN = RunHistory(Clock())
EVENTS = [event for act in history()[1] if isinstance(act, list) for event in act]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.dagster_event_type))
def test_any_event_is_read_as_it_was(event: EventLogEntry) -> None:
    whole = serialize_value(event)
    assert serialize_value(deserialize_value(slim(whole))) == whole


@pytest.mark.parametrize("metadata", METADATA_OF_ANY_KIND, ids=str)
def test_any_observation_is_read_as_it_was(metadata: dict[str, Any]) -> None:
    whole = serialize_value(_observation(metadata))
    assert serialize_value(deserialize_value(slim(whole))) == whole


@pytest.mark.parametrize("metadata", METADATA_OF_ANY_KIND, ids=str)
def test_any_materialization_is_read_as_it_was(metadata: dict[str, Any]) -> None:
    event = _materialization(metadata)
    assert serialize_value(deserialize_value(materialization_text(event))) == serialize_value(event)


@pytest.mark.parametrize("values", VALUES_OF_ANY_KIND, ids=str)
def test_pages_are_written_as_dagster_would_write_each(values: dict[str, Any]) -> None:
    """Out of one event and what the others differ by, values that Dagster wraps among it."""
    pages = [
        Made("1", values, {"a": "b"}, "Page 1 is stored."),
        Made("é,2", {}, {"c": "x_y"}, '"partition":"\\u0001partition"'),
        Made("3", {"another": 3} | values, {"a": "", "b": "1.2-3"}, "\x01message"),
    ]
    events = [_materialization(page.metadata, page) for page in pages]
    texts = materialization_texts(events[-1], pages)
    assert texts is not None
    for event, text in zip(events, texts, strict=True):
        same_time = event._replace(timestamp=events[-1].timestamp)
        assert serialize_value(deserialize_value(text)) == serialize_value(same_time)


def test_what_announces_pages_is_read_as_it_was() -> None:
    run = RunHistory(Clock())
    for event in run.planned(PAGES, "1", "2", "é\x01partition", None):
        text = plan_text(event)
        assert json.dumps(json.loads(text)) == json.dumps(json.loads(slim(serialize_value(event))))
        assert serialize_value(deserialize_value(text)) == serialize_value(event)


def test_what_is_stored_of_a_page_is_slim() -> None:
    event = _materialization(dict.fromkeys("abcdefghij", "text") | {"status": 200})
    text = row_of(event).columns[1]
    assert len(text) < 0.8 * len(serialize_value(event))
    assert serialize_value(deserialize_value(text)) == serialize_value(event)


def test_what_is_stored_of_a_failed_page_is_slim() -> None:
    run = RunHistory(Clock())
    for event in (*run.planned(PAGES, "1"), run.observed(PAGES, "1")):
        row = row_of(event)
        assert row.type in SLIM_TYPES
        assert len(row.columns[1]) < 0.9 * len(serialize_value(event))
        assert serialize_value(deserialize_value(row.columns[1])) == serialize_value(event)


def _observation(metadata: dict[str, Any]) -> EventLogEntry:
    seen = dg.AssetObservation(PAGES, partition="é,1", metadata=metadata)
    return RunHistory(Clock()).event(KINDS.ASSET_OBSERVATION, AssetObservationData(seen))


def _materialization(metadata: Mapping[str, Any], page: Made | None = None) -> EventLogEntry:
    partition, tags = (page.partition, page.tags) if page else ("é,1", {"a": "b"})
    made = dg.AssetMaterialization(PAGES, partition=partition, metadata=metadata, tags=tags)
    event = RUN.event(KINDS.ASSET_MATERIALIZATION, StepMaterializationData(made))
    told = event.get_dagster_event()
    return event._replace(dagster_event=told._replace(message=page.message if page else "stored"))
