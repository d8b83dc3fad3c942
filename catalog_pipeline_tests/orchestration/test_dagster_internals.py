"""What the event log storage leans on in Dagster, written down, so that a change is noticed."""

import hashlib
import inspect
from typing import Any

from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.storage.event_log.migration import (
    ASSET_DATA_MIGRATIONS,
    EVENT_LOG_DATA_MIGRATIONS,
)
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster_shared.serdes import serdes

SOURCES: dict[str, Any] = {
    "SqliteEventLogStorage.__init__": SqliteEventLogStorage.__init__,
    "SqliteEventLogStorage._initdb": SqliteEventLogStorage._initdb,
    "SqliteEventLogStorage._connect": SqliteEventLogStorage._connect,
    "SqliteEventLogStorage.store_event": SqliteEventLogStorage.store_event,
    "SqliteEventLogStorage.wipe": SqliteEventLogStorage.wipe,
    "SqliteEventLogStorage.wipe_asset": SqliteEventLogStorage.wipe_asset,
    "SqlEventLogStorage._event_to_row": SqlEventLogStorage._event_to_row,
    "SqlEventLogStorage._event_insert_timestamp": SqlEventLogStorage._event_insert_timestamp,
    "SqlEventLogStorage._store_asset_event": SqlEventLogStorage._store_asset_event,
    "SqlEventLogStorage._get_asset_entry_values": SqlEventLogStorage._get_asset_entry_values,
    "SqlEventLogStorage._store_asset_event_tags": SqlEventLogStorage._store_asset_event_tags,
    "SqlEventLogStorage.store_asset_check_event": SqlEventLogStorage.store_asset_check_event,
    "SqlEventLogStorage.wipe_asset": SqlEventLogStorage.wipe_asset,
    "ObjectSerializer.pack_items": serdes.ObjectSerializer.pack_items,
    "NamedTupleSerializer.object_as_mapping": serdes.NamedTupleSerializer.object_as_mapping,
    "EnumSerializer.pack": serdes.EnumSerializer.pack,
    "serialize_value": serdes.serialize_value,
    "_transform_for_serialization": serdes._transform_for_serialization,
}


def _fingerprints() -> dict[str, str]:
    texts = {name: inspect.getsource(source) for name, source in SOURCES.items()}
    for table in SqlEventLogStorageMetadata.sorted_tables:
        texts[f"table {table.name}"] = ", ".join(f"{c.name} {c.type}" for c in table.columns)
    texts["event types"] = repr(
        [
            sorted(str(kind) for kind in kinds)
            for kinds in (ASSET_EVENTS, ASSET_CHECK_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS)
        ]
    )
    texts["data migrations"] = repr([*EVENT_LOG_DATA_MIGRATIONS, *ASSET_DATA_MIGRATIONS])
    return {name: hashlib.sha256(text.encode()).hexdigest()[:12] for name, text in texts.items()}


RECORDED: dict[str, str] = {
    "SqliteEventLogStorage.__init__": "264c15baa761",
    "SqliteEventLogStorage._initdb": "7a302d98eb61",
    "SqliteEventLogStorage._connect": "b8435f266568",
    "SqliteEventLogStorage.store_event": "f89aed406024",
    "SqliteEventLogStorage.wipe": "de02c63676e7",
    "SqliteEventLogStorage.wipe_asset": "92c01a079a75",
    "SqlEventLogStorage._event_to_row": "93d47fbe7edc",
    "SqlEventLogStorage._event_insert_timestamp": "02e6947ee3f9",
    "SqlEventLogStorage._store_asset_event": "fdb9340b9eef",
    "SqlEventLogStorage._get_asset_entry_values": "bb3b9df2c6c3",
    "SqlEventLogStorage._store_asset_event_tags": "85d6f17ef04b",
    "SqlEventLogStorage.store_asset_check_event": "6d148295fa69",
    "SqlEventLogStorage.wipe_asset": "1805a0437734",
    "ObjectSerializer.pack_items": "d8ae47dc560c",
    "NamedTupleSerializer.object_as_mapping": "77e5a6dbba93",
    "EnumSerializer.pack": "5bfb873f6473",
    "serialize_value": "ce4cdafb65e1",
    "_transform_for_serialization": "f225506f6a3e",
    "table asset_check_executions": "e48a7c788018",
    "table asset_event_tags": "c5124ec6d84a",
    "table asset_keys": "be942e7640e0",
    "table concurrency_limits": "cb476b1d16e3",
    "table concurrency_slots": "126514e4bf2f",
    "table dynamic_partitions": "72f17f9481b3",
    "table event_logs": "299e0f891c04",
    "table pending_steps": "941a4eafb467",
    "table secondary_indexes": "c036cf7389b3",
    "event types": "65f447699304",
    "data migrations": "2f6e595385d7",
}


def test_what_the_event_log_storage_leans_on_is_as_it_was() -> None:
    """A new Dagster version that changes one of these needs a look at the storage's modules."""
    found = _fingerprints()
    changed = sorted(name for name in found | RECORDED if found.get(name) != RECORDED.get(name))
    assert not changed, (
        f"Dagster changed {', '.join(changed)}. Compare with event_log.py, event_rows.py, "
        "schema.py and event_json.py in catalog_pipeline/orchestration/instance/sqlite, run "
        f"their tests, and record the new fingerprints: {found}"
    )
