"""Runs of a catalogue's pages as the web UI makes them: created first, executed afterwards."""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.orchestration.definitions.pages_asset import build_pages_asset
from catalog_pipeline.orchestration.instance.web_origin import belong_to_code_location
from catalog_pipeline.orchestration.names import (
    RANGE_END_TAG,
    RANGE_START_TAG,
    pages_key,
    pages_step,
)


def pages_job(catalogue: Catalogue, context: CrawlContext | None = None) -> dg.JobDefinition:
    """The job that materializes pages, in this process."""
    definitions = dg.Definitions(
        assets=[build_pages_asset(catalogue, context or CrawlContext())],
        executor=dg.in_process_executor,
    )
    return definitions.resolve_implicit_global_asset_job_def()


def create_run(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    first: int | str,
    last: int | str,
    *,
    config: Mapping[str, Any] | None = None,
    retry_of: dg.DagsterRun | None = None,
    tags: Mapping[str, str] | None = None,
) -> dg.DagsterRun:
    """A run over a range of pages, planned and not begun."""
    parent = retry_of.run_id if retry_of else None
    return instance.create_run_for_job(
        pages_job(catalogue),
        run_config={"ops": {pages_step(catalogue): {"config": dict(config or {})}}},
        tags={RANGE_START_TAG: str(first), RANGE_END_TAG: str(last), **(tags or {})},
        asset_selection=frozenset({pages_key(catalogue)}),
        root_run_id=(retry_of.root_run_id or parent) if retry_of else None,
        parent_run_id=parent,
    )


def execute(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    run: dg.DagsterRun,
    context: CrawlContext | None = None,
) -> dg.DagsterRun:
    """Execute a created run in this process; returns it as it ended."""
    execute_run(InMemoryJob(pages_job(catalogue, context)), run, instance, raise_on_error=False)
    ended = instance.get_run_by_id(run.run_id)
    assert ended is not None
    return ended


def step_failure(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    """The sentence that a run failed with."""
    for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        data = entry.get_dagster_event().step_failure_data
        if data.user_failure_data is not None:
            return str(data.user_failure_data.description)
        return data.error.to_string() if data.error else ""
    return ""


def wait_in_queue(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    """Let a created run wait in the queue, as the web UI's do."""
    belong_to_code_location(instance, run.run_id)
    kind = dg.DagsterEventType.RUN_ENQUEUED.value
    instance.report_dagster_event(dg.DagsterEvent(kind, run.job_name), run.run_id)
    return as_it_is(instance, run)


def as_it_is(instance: dg.DagsterInstance, run: dg.DagsterRun) -> dg.DagsterRun:
    """A run as it stands by now."""
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found


def grid(instance: dg.DagsterInstance, catalogue: Catalogue) -> dict[str, str]:
    """The pages that the web UI's grid shows in a colour, and in which."""
    partitions = dg.StaticPartitionsDefinition([str(page) for page in catalogue.pages])
    found = instance.get_status_by_partition(
        pages_key(catalogue), partitions.get_partition_keys(), partitions
    )
    return {page: str(status.value) for page, status in (found or {}).items() if status}
