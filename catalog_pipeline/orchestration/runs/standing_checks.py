"""Lets what checks said of the table that is there go on to hold when no other takes its place.

Dagster shows every check of a run that failed as failed, also those that nobody has looked at.
"""

from collections.abc import Collection

import dagster as dg

_RECORDS_READ = 20
"""Runs in a row that came to no result, as those of a site that is down, are looked past."""


def let_stand(context: dg.AssetExecutionContext, asset: dg.AssetKey, told: Collection[str]) -> None:
    """Record anew the last results of the checks that the run planned, but of those `told`."""
    planned = context.instance.get_records_for_run(
        context.run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
    ).records
    events = [record.event_log_entry.get_dagster_event() for record in planned]
    keys = {event.asset_check_planned_data.asset_check_key for event in events}
    for key in sorted(keys):
        last = _last_result(context.instance, key)
        if key.asset_key == asset and key.name not in told and last is not None:
            context.log_event(last)


def _last_result(
    instance: dg.DagsterInstance, key: dg.AssetCheckKey
) -> dg.AssetCheckEvaluation | None:
    storage = instance.event_log_storage
    for record in storage.get_asset_check_execution_history(key, limit=_RECORDS_READ):
        evaluation = record.event.asset_check_evaluation if record.event else None
        if evaluation is not None:
            return evaluation
    return None
