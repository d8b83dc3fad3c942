"""Runs a catalogue's assets in this process, recorded in the instance like any other run.

For the command line. A run made here is never retried by the daemon: whoever started it sees
what failed and decides.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.exports import Export
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.orchestration.definitions.export_assets import build_export_asset
from catalog_pipeline.orchestration.definitions.pages_asset import build_pages_asset
from catalog_pipeline.orchestration.definitions.products_asset import build_products_asset
from catalog_pipeline.orchestration.definitions.table_checks import build_table_checks
from catalog_pipeline.orchestration.instance.host_leases import leases_of
from catalog_pipeline.orchestration.instance.liveness import hold_sign_of_life
from catalog_pipeline.orchestration.instance.web_origin import belong_to_code_location
from catalog_pipeline.orchestration.names import (
    CATALOGUE_TAG,
    COMMAND_LINE,
    EXPORTS_TAG,
    MAX_RETRIES_TAG,
    STARTED_BY_TAG,
    export_key,
    pages_key,
    qualified_name,
    table_keys,
)
from catalog_pipeline.orchestration.runs.cancellation import told_of_deletion
from catalog_pipeline.orchestration.runs.run_request import crawl_run_config, crawl_run_tags
from catalog_pipeline.system.signals import signals_noticed

_FAILED = dg.DagsterRunStatus.FAILURE
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class LocalRun:
    """How a run in this process ended; `error` is the sentence it failed with.

    An interrupted run is cancelled, or has failed where Dagster did not hear of it in time.
    """

    run_id: str
    status: dg.DagsterRunStatus
    error: str | None
    was_interrupted: bool


def crawl_here(
    instance: dg.DagsterInstance,
    catalogue: Catalogue,
    pages: Sequence[PageKey],
    cutoff: datetime | None,
    *,
    reparse: bool = False,
    parse_again: Collection[PageKey] | None = None,
    finds: bool | None = None,
    crawl_context: CrawlContext | None = None,
) -> LocalRun:
    """Crawl the pages in this process, in that context; without one, seen by nobody.

    It `finds` further pages, or does not, where the catalogue's are found by crawls.
    Besides, the stored bodies of `parse_again` are parsed; of all that need it, if not given.
    """
    return _execute(
        instance,
        [build_pages_asset(catalogue, crawl_context or CrawlContext())],
        [pages_key(catalogue)],
        crawl_run_config(
            catalogue, pages, cutoff, reparse=reparse, parse_again=parse_again, finds=finds
        ),
        crawl_run_tags(catalogue, pages),
    )


def build_table_here(instance: dg.DagsterInstance, catalogue: Catalogue) -> LocalRun:
    """Build the table in this process."""
    return _execute(
        instance,
        [build_products_asset(catalogue), *build_table_checks(catalogue)],
        table_keys(catalogue),
        {},
        {CATALOGUE_TAG: catalogue.name},
    )


def export_here(instance: dg.DagsterInstance, catalogue: Catalogue, export: Export) -> LocalRun:
    """Write an export in this process."""
    return _execute(
        instance,
        [build_export_asset(catalogue, export)],
        [export_key(catalogue, export)],
        {},
        {EXPORTS_TAG: qualified_name(catalogue)},
    )


def _execute(
    instance: dg.DagsterInstance,
    assets: Sequence[dg.AssetsDefinition],
    keys: Sequence[dg.AssetKey],
    run_config: Mapping[str, Any],
    tags: Mapping[str, str],
) -> LocalRun:
    run_id = dg.DagsterRun(job_name="").run_id
    job = dg.Definitions(assets=assets).resolve_implicit_global_asset_job_def()
    sign = hold_sign_of_life(Path(instance.root_directory), run_id, leases_of(instance))
    with sign, signals_noticed() as interrupted:
        result = job.execute_in_process(
            run_config={**_QUIET, **run_config},
            instance=instance,
            asset_selection=keys,
            run_id=run_id,
            tags={**tags, MAX_RETRIES_TAG: "0", STARTED_BY_TAG: COMMAND_LINE},
            raise_on_error=False,
        )
        if instance.get_run_by_id(run_id) is None:
            return LocalRun(run_id, _FAILED, told_of_deletion(run_id), was_interrupted=False)
        # Between its steps Dagster lets a signal go unheeded, or fails the run and says no more.
        was_interrupted = interrupted() or result.dagster_run.status == dg.DagsterRunStatus.CANCELED
    belong_to_code_location(instance, run_id)
    return LocalRun(run_id, result.dagster_run.status, _error_of(result), was_interrupted)


def _error_of(result: dg.ExecuteInProcessResult) -> str | None:
    for event in result.all_events:
        if event.is_step_failure:
            data = event.step_failure_data
            if data.user_failure_data is not None:
                return data.user_failure_data.description
            if data.error is not None:
                cause = data.error.cause or data.error
                return cause.message.strip()
    if not result.success:
        return f"the run {result.run_id} failed outside of its step; the web UI shows its log"
    return None
