"""The automation of notices: a run that sends them whenever some are due.

Whether there are any is only looked for when something has happened since the last look, or when
the time of a repeated try has come; the cursor keeps what was seen, and nothing depends on it.
"""

import time
from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.versions import fingerprint
from catalog_pipeline.orchestration.definitions.sensor import (
    SECONDS_AFTER_A_FAILURE,
    SECONDS_BETWEEN_LOOKS,
)
from catalog_pipeline.orchestration.instance.liveness import is_run_alive
from catalog_pipeline.orchestration.instance.run_states import FINISHED, UNFINISHED
from catalog_pipeline.orchestration.names import (
    MAX_RETRIES_TAG,
    NOTICES_TAG,
    notices_key,
    products_key,
    qualified_name,
)
from catalog_pipeline.orchestration.runs.notify_run import unsettled
from catalog_pipeline.orchestration.runs.table_age import next_stale_at


def build_notices_sensors(catalogue: Catalogue) -> list[dg.SensorDefinition]:
    """The sensor that has a catalogue's notices sent; none if it has no rules."""
    return [_sensor(catalogue)] if catalogue.notify else []


def _sensor(catalogue: Catalogue) -> dg.SensorDefinition:
    name = qualified_name(catalogue)

    @dg.sensor(
        name=f"{name}_notices_sensor",
        target=[notices_key(catalogue)],
        minimum_interval_seconds=SECONDS_BETWEEN_LOOKS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Sends the notices that are due.",
    )
    def notices_sensor(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        instance, now = context.instance, datetime.now(timezone.utc)
        # In this order: what happens in between is seen by the next look.
        state = _state(instance, catalogue)
        seen, _, next_at = (context.cursor or "").partition("/")
        if seen == state and (not next_at or now.timestamp() < float(next_at)):
            return dg.SkipReason("No notice is due.")
        if _is_sending(instance, name):
            return dg.SkipReason("Notices are being sent.")
        last_run, failed_at = _latest_run(instance, name)
        if failed_at is not None and time.time() - failed_at < SECONDS_AFTER_A_FAILURE:
            return dg.SkipReason("The last run that sends notices failed; trying again later.")
        waiting = unsettled(instance, catalogue, now)
        due = [each for each in waiting if each.due_at <= now or each.is_too_late(now)]
        if not due:
            instants = [each.due_at for each in waiting]
            stale_at = next_stale_at(instance, catalogue)
            instants += [stale_at] if stale_at is not None and stale_at > now else []
            earliest = min(instants).timestamp() if instants else ""
            context.update_cursor(f"{state}/{earliest}")
            return dg.SkipReason("No notice is due.")
        wanted = [[each.notice.number, each.address, len(each.tries)] for each in due]
        return dg.RunRequest(
            # Dagster runs each key once; one that came to nothing is to be followed by another.
            run_key=f"{fingerprint(wanted)}/{last_run}",
            tags={NOTICES_TAG: name, MAX_RETRIES_TAG: "0"},
            asset_selection=[notices_key(catalogue)],
        )

    return notices_sensor


def _state(instance: dg.DagsterInstance, catalogue: Catalogue) -> str:
    """Changes whenever there may be other notices than before: by a build, a run that ended, a
    try, another YAML."""
    built = instance.fetch_materializations(products_key(catalogue), limit=1).records
    tried = instance.fetch_observations(notices_key(catalogue), limit=1).records
    filters = dg.RunsFilter(statuses=FINISHED)
    ended = instance.get_run_records(filters=filters, limit=1, order_by="update_timestamp")
    return fingerprint(
        [
            [record.storage_id for record in (*built, *tried)],
            [[record.dagster_run.run_id, record.end_time] for record in ended],
            catalogue.notify.model_dump() if catalogue.notify else None,
        ]
    )


def _is_sending(instance: dg.DagsterInstance, name: str) -> bool:
    filters = dg.RunsFilter(statuses=UNFINISHED, tags={NOTICES_TAG: name})
    return any(is_run_alive(instance, run) for run in instance.get_runs(filters=filters))


def _latest_run(instance: dg.DagsterInstance, name: str) -> tuple[str | None, float | None]:
    """The latest finished run that sends notices, and when it ended if it failed."""
    filters = dg.RunsFilter(statuses=FINISHED, tags={NOTICES_TAG: name})
    for record in instance.get_run_records(filters=filters, limit=1):
        run = record.dagster_run
        is_good = run.status == dg.DagsterRunStatus.SUCCESS
        return run.run_id, None if is_good else record.end_time
    return None, None
