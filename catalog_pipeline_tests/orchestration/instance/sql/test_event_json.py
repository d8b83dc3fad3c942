"""The fast JSON text of events equals Dagster's own, to the byte."""

from typing import Any

import dagster as dg
import pytest
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.event_log.base import EventLogRecord
from dagster._serdes import deserialize_value, serialize_value

from catalog_pipeline.orchestration.instance.sql.event_json import (
    UnknownShapeError,
    encode,
    serialize_event,
)
from catalog_pipeline_tests.orchestration.histories import PAGES, Clock, RunHistory, history

EVENTS = [event for act in history()[1] if isinstance(act, list) for event in act]
METADATA: dict[str, Any] = {
    "json": dg.MetadataValue.json({"b": [1, None, 2.5], "a": {"z": "é", "y": True}}),
    "table": dg.TableMetadataValue([dg.TableRecord({"title": "Ä", "price": 1.5})], None),
    "schema": dg.TableSchema([dg.TableColumn("title", "text")]),
    "null": None,
    "nan": float("nan"),
    "infinite": float("-inf"),
    "small": 1e-7,
    "large": 2**70,
    "markdown": dg.MetadataValue.md('a|b\n"\\ \u2028 \U0001f600 \x00'),
    "path": dg.MetadataValue.path("/a/b"),
    "asset": PAGES,
    "run": dg.MetadataValue.dagster_run("abc"),
}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.dagster_event_type))
def test_an_event_has_the_text_that_dagster_gives_it(event: EventLogEntry) -> None:
    assert serialize_event(event) == serialize_value(event)


@pytest.mark.parametrize("name", METADATA)
def test_any_metadata_has_the_text_that_dagster_gives_it(name: str) -> None:
    event = RunHistory(Clock()).materialized(PAGES, "1", "v")
    told = event.get_dagster_event()
    data: Any = told.event_specific_data
    made = dg.AssetMaterialization(PAGES, metadata={name: METADATA[name]}, partition="é,1")
    event = event._replace(
        dagster_event=told._replace(event_specific_data=data._replace(materialization=made))
    )
    assert serialize_event(event) == serialize_value(event)
    assert serialize_value(deserialize_value(serialize_event(event))) == serialize_value(event)


def test_the_events_of_a_crawl_take_the_fast_way() -> None:
    run = RunHistory(Clock())
    page = run.materialized(PAGES, "1", "v")
    for value in (
        *run.planned(PAGES, "1"),
        page,
        run.observed(PAGES, "1"),
        EventLogRecord(7, page),
    ):
        assert encode(value) == serialize_value(value)


def test_what_has_rules_of_its_own_is_left_to_dagster() -> None:
    value = dg.MetadataValue.json({"a": 1})
    with pytest.raises(UnknownShapeError):
        encode(value)
    assert serialize_event(value) == serialize_value(value)
