"""Reads the event log: the checkpoints of pages and their recorded failures.

The event log is the only truth about which page is done; nothing is remembered here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from functools import cache
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import PageKeyError
from catalog_pipeline.orchestration.checkpoints.metadata import failure_of_values, page_of_values
from catalog_pipeline.orchestration.instance.history import (
    MATERIALIZATION,
    OBSERVATION,
    Source,
    history_of,
)
from catalog_pipeline.orchestration.names import DISCOVER_PARTITION, KeyPath, pages_key, pages_path
from catalog_pipeline.records import PageFailure, StoredPage
from catalog_pipeline.showing import as_line
from catalog_pipeline.system.collections_of_garbage import without_collections

if TYPE_CHECKING:
    import dagster as dg

_log = logging.getLogger(__name__)


def read_checkpoints(
    source: Source, catalogue: Catalogue, pages: Iterable[PageKey]
) -> dict[PageKey, StoredPage]:
    """The latest checkpoint of each page that has one."""
    return checkpoints_of(source, pages_path(catalogue), pages)


def checkpoints_of(
    source: Source, path: KeyPath, pages: Iterable[PageKey]
) -> dict[PageKey, StoredPage]:
    """The latest checkpoint of each page that has one under that key."""
    found: dict[PageKey, StoredPage] = {}
    wanted = {str(page): page for page in pages}
    with without_collections():
        for event in history_of(source).latest_events(path, MATERIALIZATION, wanted.keys()):
            stored = page_of_values(wanted[event.partition], event.values)
            if stored is not None:
                found[stored.record.page] = stored
    return found


def read_failures(
    source: Source, catalogue: Catalogue, pages: Iterable[PageKey]
) -> dict[PageKey, PageFailure]:
    """The latest recorded failure of each page that has one, whatever came after it."""
    return {failure.page: failure for failure, _ in _failures(source, catalogue, pages)}


def runs_of_failures(
    source: Source, catalogue: Catalogue, pages: Iterable[PageKey]
) -> dict[PageKey, str]:
    """The runs in which the latest recorded failures of the pages came about."""
    return {failure.page: run_id for failure, run_id in _failures(source, catalogue, pages)}


def _failures(
    source: Source, catalogue: Catalogue, pages: Iterable[PageKey]
) -> Iterator[tuple[PageFailure, str]]:
    wanted, path = {str(page) for page in pages}, pages_path(catalogue)
    for event in history_of(source).latest_events(path, OBSERVATION, wanted):
        page = PageKey.parse(event.partition)
        failure = failure_of_values(page, event.values, event.recorded_at)
        if failure is not None:
            yield failure, event.run_id


def run_created_at(
    instance: dg.DagsterInstance, run: dg.DagsterRun, catalogue: Catalogue
) -> datetime:
    """When the root run of `run` was created.

    The run storage keeps whole seconds only; the first event that a run's creation writes, its
    plan, has microseconds.
    """
    root = run.root_run_id or run.run_id
    planned = _first_plan(instance, root, catalogue)
    if planned is not None:
        return datetime.fromtimestamp(planned[1], timezone.utc)
    record = instance.get_run_record_by_id(root)
    if record is None:
        return datetime.now(timezone.utc)
    return record.create_timestamp.replace(tzinfo=timezone.utc)


def pages_come_since_announced(
    instance: dg.DagsterInstance, run: dg.DagsterRun, catalogue: Catalogue
) -> set[PageKey]:
    """The pages that any run has recorded since this one was made, which announced its own."""
    planned = _first_plan(instance, run.run_id, catalogue)
    return pages_recorded_after(instance, catalogue, planned[0]) if planned else set()


def _first_plan(
    instance: dg.DagsterInstance, run_id: str, catalogue: Catalogue
) -> tuple[int, float] | None:
    """Storage id and time of what a run announced first, in its creation; None if nothing."""
    from dagster import DagsterEventType

    planned = instance.get_asset_event_summary_records(
        event_type=DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        asset_key=pages_key(catalogue),
        run_id=run_id,
        limit=1,
        ascending=True,
    )
    return (planned[0].storage_id, planned[0].timestamp) if planned else None


def latest_page_event(source: Source, catalogue: Catalogue) -> int | None:
    """The storage id of the newest checkpoint of any page; None if there is none."""
    return history_of(source).newest_id(pages_path(catalogue), MATERIALIZATION)


def pages_recorded_after(
    source: Source, catalogue: Catalogue, event_id: int | None
) -> set[PageKey]:
    """The pages with a checkpoint that is newer than the event of that storage id."""
    ids = history_of(source).latest_ids(pages_path(catalogue), MATERIALIZATION)
    partitions = [partition for partition, at in ids.items() if at > (event_id or 0)]
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
            _warn(catalogue.name, str(error))
    return found


@cache
def _warn(catalogue: str, problem: str) -> None:
    """Say once in a process that a partition is none of a page."""
    _log.warning(
        "Catalogue %s: a partition of its history is left out: %s (delete it in the web UI)",
        as_line(catalogue),
        as_line(problem),
    )
