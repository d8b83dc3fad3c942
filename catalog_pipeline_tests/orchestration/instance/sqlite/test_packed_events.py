"""A run's own file holds its events packed, and shows them to anybody as they were."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.events import AssetObservationData
from dagster._core.events.log import EventLogEntry
from dagster._serdes import deserialize_value, serialize_value

from catalog_pipeline.orchestration.instance.sqlite import packed_events
from catalog_pipeline.orchestration.instance.sqlite.event_log import BatchedSqliteEventLogStorage
from catalog_pipeline_tests.orchestration.histories import KINDS, PAGES, Clock, RunHistory

pytestmark = pytest.mark.embedded("is about SQLite's files")


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[BatchedSqliteEventLogStorage]:
    opened = BatchedSqliteEventLogStorage(str(tmp_path))
    yield opened
    opened.dispose()


def _failure(run: RunHistory, key: dg.AssetKey, text: str, page: str = "1") -> EventLogEntry:
    url = dg.MetadataValue.url(f"http://shop.example/{text}")
    metadata: dict[str, Any] = {"error": text, "url": url}
    seen = dg.AssetObservation(key, partition=page, metadata=metadata)
    return run.event(KINDS.ASSET_OBSERVATION, AssetObservationData(seen))


def _texts(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT event FROM event_logs ORDER BY id")]


def _stored(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT sum(length(event)) FROM packed_events").fetchone()[0]


def test_whoever_reads_the_file_sees_whole_events(
    storage: BatchedSqliteEventLogStorage, tmp_path: Path
) -> None:
    run = RunHistory(Clock())
    other = dg.AssetKey(["other", "product_pages"])
    texts = [
        "",
        "'\"\\",
        "\x00\x01\x02",
        "é\U0001f600\ud800",
        '{"__class__":"EventMetadataEntry"',
        "x" * 900,
    ]
    events = [
        *run.planned(PAGES, "1", "2", None),
        *run.planned(other, "1"),
        *(_failure(run, key, text) for text in texts for key in (PAGES, other)),
        *(run.materialized(key, "1", "v1") for key in (PAGES, other)),
        run.log_line(),
    ]
    for event in events:
        storage.store_event(event)
    path = tmp_path / f"{run.run_id}.db"
    assert [serialize_value(deserialize_value(text)) for text in _texts(path)] == [
        serialize_value(event) for event in events
    ]
    with closing(sqlite3.connect(path)) as database:
        query = "SELECT DISTINCT run_id, step_key FROM event_logs"
        assert database.execute(query).fetchall() == [(run.run_id, events[0].step_key)]


def test_what_many_pages_have_in_common_is_stored_once(
    storage: BatchedSqliteEventLogStorage, tmp_path: Path
) -> None:
    run = RunHistory(Clock())
    storage.store_event_batch([_failure(run, PAGES, "no", str(page)) for page in range(200)])
    path = tmp_path / f"{run.run_id}.db"
    assert _stored(path) < 0.4 * sum(map(len, _texts(path)))


def test_a_file_made_when_fewer_wrappings_were_known_is_read_as_it_was_meant(
    storage: BatchedSqliteEventLogStorage, tmp_path: Path
) -> None:
    """As that of a run which waited in the queue while another release was installed."""
    run = RunHistory(Clock())
    storage.store_event_batch([_failure(run, PAGES, "no", "1")])
    storage.dispose()
    path = tmp_path / f"{run.run_id}.db"
    with closing(sqlite3.connect(path)) as database, database:
        (view,) = database.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'event_logs'"
        ).fetchone()
        known = list(packed_events._WRAPPINGS.items())[:2]
        unpacked = "event"
        for mark, wrapping in known:
            unpacked = f"replace({unpacked}, char({ord(mark)}), '{wrapping}')"
        head, _, rest = view.partition("WITH")
        body = rest[rest.index("SELECT\n        id,") :].replace("|| unpacked", f"|| {unpacked}")
        before_source = body[: body.rindex("FROM")]
        database.execute("DROP VIEW event_logs")
        database.execute(f"{head}{before_source}FROM packed_events")
    events = [
        *run.planned(PAGES, "7"),
        run.materialized(PAGES, "7", "v7"),
        _failure(run, PAGES, "no", "8"),
    ]
    storage.store_event_batch(events)
    assert [serialize_value(deserialize_value(text)) for text in _texts(path)[1:]] == [
        serialize_value(event) for event in events
    ]


def test_more_kinds_than_are_packed_are_stored_whole(
    storage: BatchedSqliteEventLogStorage, tmp_path: Path
) -> None:
    run = RunHistory(Clock())
    assets = [dg.AssetKey([f"shop{n}"]) for n in range(packed_events._MOST_BEGINNINGS + 5)]
    storage.store_event_batch([_failure(run, asset, "no") for asset in assets])
    found = [record.asset_key for record in _events(storage, run)]
    assert found == assets


def test_the_view_takes_what_dagster_itself_writes(
    storage: BatchedSqliteEventLogStorage, tmp_path: Path
) -> None:
    run = RunHistory(Clock())
    storage.store_event_batch([_failure(run, PAGES, text) for text in ("first", "second")])
    with closing(sqlite3.connect(tmp_path / f"{run.run_id}.db")) as database, database:
        (text,) = database.execute("SELECT event FROM event_logs WHERE id = 2").fetchone()
        changed = text.replace("second", "changed")
        database.execute("UPDATE event_logs SET event = ? WHERE id = 2", (changed,))
        database.execute(
            "INSERT INTO event_logs (run_id, event, dagster_event_type) VALUES (?, ?, ?)",
            (run.run_id, changed.replace("changed", "third"), "ASSET_OBSERVATION"),
        )
        database.execute("DELETE FROM event_logs WHERE id = 1")
    errors = [event.asset_observation_data.asset_observation for event in _events(storage, run)]
    assert [each.metadata["error"].value for each in errors] == ["changed", "third"]


def _events(storage: BatchedSqliteEventLogStorage, run: RunHistory) -> list[dg.DagsterEvent]:
    return [entry.get_dagster_event() for entry in storage.get_logs_for_run(run.run_id)]
