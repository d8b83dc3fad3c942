"""The automation of exports: written anew whenever they do not hold what there is to be exported.

A run of its own, so that an export which fails or takes long holds up neither crawls nor builds.
"""

import time
from collections.abc import Iterable

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.definitions.sensor import (
    SECONDS_AFTER_A_FAILURE,
    SECONDS_BETWEEN_LOOKS,
)
from catalog_pipeline.orchestration.instance.liveness import is_run_alive
from catalog_pipeline.orchestration.instance.run_states import FINISHED, UNFINISHED
from catalog_pipeline.orchestration.names import (
    EXPORTS_TAG,
    MAX_RETRIES_TAG,
    export_key,
    qualified_name,
)
from catalog_pipeline.orchestration.runs.export_run import exports_due

_RUNS_LOOKED_AT = 20


def build_export_sensors(catalogue: Catalogue) -> list[dg.SensorDefinition]:
    """The sensor that keeps a catalogue's exports up to date; none if it has none."""
    return [_sensor(catalogue)] if catalogue.exports else []


def _sensor(catalogue: Catalogue) -> dg.SensorDefinition:
    name = qualified_name(catalogue)

    @dg.sensor(
        name=f"{name}_exports_sensor",
        target=[export_key(catalogue, export) for export in catalogue.exports],
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Writes exports anew after the table was built.",
    )
    def exports_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        instance = context.instance
        # In this order: an export that ends in between is no longer due.
        alive = _keys_in_progress(instance, name)
        last_run, failed = _latest_runs(instance, name)
        due = {export_key(catalogue, export) for export in exports_due(instance, catalogue)}
        if not due:
            return dg.SkipReason("All exports hold what there is.")
        if due <= alive:
            return dg.SkipReason("They are being written.")
        if due <= alive | failed:
            return dg.SkipReason("The last export failed; trying again later.")
        wanted = sorted(due - alive - failed)
        return dg.RunRequest(
            # Dagster runs each key once; one that came to nothing is to be followed by another.
            run_key=f"{'/'.join(key.path[-1] for key in wanted)}/{last_run}",
            tags={EXPORTS_TAG: name, MAX_RETRIES_TAG: "0"},
            asset_selection=wanted,
        )

    return exports_sensor


def _keys_in_progress(instance: dg.DagsterInstance, name: str) -> set[dg.AssetKey]:
    filters = dg.RunsFilter(statuses=UNFINISHED, tags={EXPORTS_TAG: name})
    runs = (run for run in instance.get_runs(filters=filters) if is_run_alive(instance, run))
    return _keys_of(runs)


def _latest_runs(instance: dg.DagsterInstance, name: str) -> tuple[str | None, set[dg.AssetKey]]:
    """The latest finished run of exports, and which exports failed a moment ago."""
    filters = dg.RunsFilter(statuses=FINISHED, tags={EXPORTS_TAG: name})
    records = instance.get_run_records(filters=filters, limit=_RUNS_LOOKED_AT)
    fresh = time.time() - SECONDS_AFTER_A_FAILURE
    failed = {
        key
        for record in records
        if record.dagster_run.status != dg.DagsterRunStatus.SUCCESS
        and (record.end_time or 0) > fresh
        for key in record.dagster_run.asset_selection or ()
        if not _was_written_since(instance, key, record.create_timestamp.timestamp())
    }
    return (records[0].dagster_run.run_id if records else None), failed


def _was_written_since(instance: dg.DagsterInstance, key: dg.AssetKey, instant: float) -> bool:
    """Whether an export was written then or later: of a run that failed, others may have been."""
    event = instance.get_latest_materialization_event(key)
    return event is not None and event.timestamp >= instant


def _keys_of(runs: Iterable[dg.DagsterRun]) -> set[dg.AssetKey]:
    return {key for run in runs for key in run.asset_selection or ()}
