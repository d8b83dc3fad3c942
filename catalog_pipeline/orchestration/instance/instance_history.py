"""The recorded past as Dagster's instance tells it, whatever storages it has.

Dagster's public way makes an object of every part of an event, which takes 150 µs each. From an
event log of this package the JSON text is read instead (`sql/event_values`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set

import dagster as dg

from catalog_pipeline.crawling.lock import CRAWL_LOCK
from catalog_pipeline.orchestration.instance.history import (
    MATERIALIZATION,
    Kind,
    LatestEvent,
    NewestEvent,
    RunFacts,
    Wipe,
)
from catalog_pipeline.orchestration.instance.host_leases import lease_name, leases_of
from catalog_pipeline.orchestration.instance.lease_shares import LeaseHolder
from catalog_pipeline.orchestration.instance.liveness import facts_of, is_run_alive
from catalog_pipeline.orchestration.instance.sql.event_log import BatchedEventLog
from catalog_pipeline.orchestration.instance.sql.event_values import latest_event_of_text
from catalog_pipeline.orchestration.instance.wipe_events import wipes_of
from catalog_pipeline.orchestration.names import KeyPath

_EVENTS_PER_QUERY = 500


class InstanceHistory:
    """The past by Dagster's own questions."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance

    def latest_ids(self, path: KeyPath, kind: Kind) -> Mapping[str, int]:
        return self._instance.event_log_storage.get_latest_storage_id_by_partition(
            dg.AssetKey(path), dg.DagsterEventType(kind)
        )

    def latest_events(
        self, path: KeyPath, kind: Kind, partitions: Set[str]
    ) -> Iterator[LatestEvent]:
        storage = self._instance.event_log_storage
        if not isinstance(storage, BatchedEventLog):
            yield from self._latest_events_publicly(path, kind, partitions)
            return
        for partition, text in storage.latest_event_texts(
            dg.AssetKey(path), dg.DagsterEventType(kind)
        ):
            if partition in partitions:
                yield latest_event_of_text(partition, text)

    def _latest_events_publicly(
        self, path: KeyPath, kind: Kind, partitions: Set[str]
    ) -> Iterator[LatestEvent]:
        ids = self.latest_ids(path, kind)
        storage_ids = [ids[partition] for partition in ids if partition in partitions]
        for start in range(0, len(storage_ids), _EVENTS_PER_QUERY):
            chunk = storage_ids[start : start + _EVENTS_PER_QUERY]
            records_filter = dg.AssetRecordsFilter(asset_key=dg.AssetKey(path), storage_ids=chunk)
            for record in self._fetch(kind, records_filter, len(chunk)):
                event = record.event_log_entry
                subject = event.asset_materialization or event.asset_observation
                if record.partition_key is not None and subject is not None:
                    values = {label: entry.value for label, entry in subject.metadata.items()}
                    yield LatestEvent(record.partition_key, values, record.timestamp, event.run_id)

    def newest(self, path: KeyPath, kind: Kind) -> NewestEvent | None:
        for record in self._fetch(kind, dg.AssetKey(path), 1):
            subject = record.asset_materialization or record.asset_observation
            metadata = subject.metadata.items() if subject is not None else ()
            return NewestEvent(record.storage_id, {key: entry.value for key, entry in metadata})
        return None

    def newest_id(self, path: KeyPath, kind: Kind) -> int | None:
        records = self._fetch(kind, dg.AssetKey(path), 1)
        return records[0].storage_id if records else None

    def _fetch(
        self, kind: Kind, which: dg.AssetKey | dg.AssetRecordsFilter, limit: int
    ) -> Sequence[dg.EventLogRecord]:
        instance = self._instance
        is_made = kind == MATERIALIZATION
        fetch = instance.fetch_materializations if is_made else instance.fetch_observations
        return fetch(which, limit=limit).records

    def attempts(self, path: KeyPath) -> Mapping[str, str]:
        storage = self._instance.event_log_storage
        ask = storage.get_latest_asset_partition_materialization_attempts_without_materializations
        return {partition: run_id for partition, (run_id, _) in ask(dg.AssetKey(path)).items()}

    def unfinished_attempt(self, path: KeyPath) -> str | None:
        storage = self._instance.event_log_storage
        planned = storage.get_latest_planned_materialization_info(dg.AssetKey(path))
        if planned is None or planned.storage_id < (self.newest_id(path, MATERIALIZATION) or 0):
            return None
        return planned.run_id

    def found_partitions(self, name: str) -> Sequence[str]:
        return self._instance.get_dynamic_partitions(name)

    def asset_paths(self) -> Sequence[KeyPath]:
        return [tuple(key.path) for key in self._instance.all_asset_keys()]

    def wipes(self, is_wanted: Callable[[KeyPath], bool]) -> Iterable[Wipe]:
        return wipes_of(self._instance, lambda key: is_wanted(tuple(key.path)))

    def run(self, run_id: str) -> RunFacts | None:
        record = self._instance.get_run_record_by_id(run_id)
        return facts_of(record) if record is not None else None

    def is_alive(self, run_id: str) -> bool:
        run = self._instance.get_run_by_id(run_id)
        return run is not None and is_run_alive(self._instance, run)

    def crawlers(self, catalogue: str) -> Sequence[LeaseHolder]:
        leases = leases_of(self._instance)
        name = lease_name(catalogue, CRAWL_LOCK)
        return () if leases is None else leases.known_holders_of(name)
