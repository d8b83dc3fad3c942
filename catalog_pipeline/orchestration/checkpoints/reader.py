"""Reads the event log: the checkpoints of pages and their recorded failures.

The event log is the only truth about which page is done; nothing is remembered here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

import dagster as dg
from dagster import DagsterEventType, DagsterInstance

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import PageKeyError
from catalog_pipeline.orchestration.checkpoints.latest_events import latest_metadata
from catalog_pipeline.orchestration.checkpoints.metadata import failure_of_values, page_of_values
from catalog_pipeline.orchestration.names import DISCOVER_PARTITION, pages_key
from catalog_pipeline.records import PageFailure, StoredPage
from catalog_pipeline.showing import as_line

_log = logging.getLogger(__name__)


def read_checkpoints(
    instance: DagsterInstance, catalogue: Catalogue, pages: Iterable[PageKey]
) -> dict[PageKey, StoredPage]:
    """The latest checkpoint of each page that has one."""
    return checkpoints_of(instance, pages_key(catalogue), pages)


def checkpoints_of(
    instance: DagsterInstance, key: dg.AssetKey, pages: Iterable[PageKey]
) -> dict[PageKey, StoredPage]:
    """The latest checkpoint of each page that has one under that key."""
    found: dict[PageKey, StoredPage] = {}
    for event in latest_metadata(
        instance,
        key,
        DagsterEventType.ASSET_MATERIALIZATION,
        {str(page) for page in pages},
    ):
        stored = page_of_values(PageKey.parse(event.partition), event.values)
        if stored is not None:
            found[stored.record.page] = stored
    return found


def read_failures(
    instance: DagsterInstance, catalogue: Catalogue, pages: Iterable[PageKey]
) -> dict[PageKey, PageFailure]:
    """The latest recorded failure of each page that has one, whatever came after it."""
    return {failure.page: failure for failure, _ in _failures(instance, catalogue, pages)}


def runs_of_failures(
    instance: DagsterInstance, catalogue: Catalogue, pages: Iterable[PageKey]
) -> dict[PageKey, str]:
    """The runs in which the latest recorded failures of the pages came about."""
    return {failure.page: run_id for failure, run_id in _failures(instance, catalogue, pages)}


def _failures(
    instance: DagsterInstance, catalogue: Catalogue, pages: Iterable[PageKey]
) -> Iterator[tuple[PageFailure, str]]:
    for event in latest_metadata(
        instance,
        pages_key(catalogue),
        DagsterEventType.ASSET_OBSERVATION,
        {str(page) for page in pages},
    ):
        page = PageKey.parse(event.partition)
        failure = failure_of_values(page, event.values, event.recorded_at)
        if failure is not None:
            yield failure, event.run_id


def run_created_at(instance: DagsterInstance, run: dg.DagsterRun, catalogue: Catalogue) -> datetime:
    """When the root run of `run` was created.

    The run storage keeps whole seconds only; the first event that a run's creation writes, its
    plan, has microseconds.
    """
    root = run.root_run_id or run.run_id
    planned = instance.get_asset_event_summary_records(
        event_type=DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        asset_key=pages_key(catalogue),
        run_id=root,
        limit=1,
        ascending=True,
    )
    if planned:
        return datetime.fromtimestamp(planned[0].timestamp, timezone.utc)
    record = instance.get_run_record_by_id(root)
    if record is None:
        return datetime.now(timezone.utc)
    return record.create_timestamp.replace(tzinfo=timezone.utc)


def latest_page_event(instance: DagsterInstance, catalogue: Catalogue) -> int | None:
    """The storage id of the newest checkpoint of any page; None if there is none."""
    records = instance.fetch_materializations(pages_key(catalogue), limit=1).records
    return records[0].storage_id if records else None


def pages_recorded_after(
    instance: DagsterInstance, catalogue: Catalogue, event_id: int | None
) -> set[PageKey]:
    """The pages with a checkpoint that is newer than the event of that storage id."""
    partitions = instance.get_materialized_partitions(
        pages_key(catalogue), after_cursor=event_id or 0
    )
    return set(pages_named(catalogue, partitions).values())


def pages_named(catalogue: Catalogue, partitions: Iterable[str]) -> dict[str, PageKey]:
    """The page of each partition of the event log; those that name none are warned of."""
    found: dict[str, PageKey] = {}
    for partition in partitions:
        if partition == DISCOVER_PARTITION:
            continue
        try:
            found[partition] = PageKey.parse(partition)
        except PageKeyError as error:
            _log.warning(
                "Catalogue %s: a partition of its history is left out: %s",
                as_line(catalogue.name),
                as_line(str(error)),
            )
    return found
