"""The slim text of an event is read by Dagster as the event that it was."""

from typing import Any

import dagster as dg
import pytest
from dagster._core.events import AssetObservationData, StepMaterializationData
from dagster._core.events.log import EventLogEntry
from dagster._serdes import deserialize_value, serialize_value

from catalog_pipeline.orchestration.instance.sql.event_rows import SLIM_TYPES, EventRow
from catalog_pipeline.orchestration.instance.sql.materialization_json import materialization_text
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


def test_what_is_stored_of_a_page_is_slim() -> None:
    event = _materialization(dict.fromkeys("abcdefghij", "text") | {"status": 200})
    text = EventRow(event).columns[1]
    assert len(text) < 0.8 * len(serialize_value(event))
    assert serialize_value(deserialize_value(text)) == serialize_value(event)


def test_what_is_stored_of_a_failed_page_is_slim() -> None:
    run = RunHistory(Clock())
    for event in (*run.planned(PAGES, "1"), run.observed(PAGES, "1")):
        row = EventRow(event)
        assert row.type in SLIM_TYPES
        assert len(row.columns[1]) < 0.9 * len(serialize_value(event))
        assert serialize_value(deserialize_value(row.columns[1])) == serialize_value(event)


def _observation(metadata: dict[str, Any]) -> EventLogEntry:
    seen = dg.AssetObservation(PAGES, partition="é,1", metadata=metadata)
    return RunHistory(Clock()).event(KINDS.ASSET_OBSERVATION, AssetObservationData(seen))


def _materialization(metadata: dict[str, Any]) -> EventLogEntry:
    made = dg.AssetMaterialization(PAGES, partition="é,1", metadata=metadata, tags={"a": "b"})
    return RunHistory(Clock()).event(KINDS.ASSET_MATERIALIZATION, StepMaterializationData(made))
