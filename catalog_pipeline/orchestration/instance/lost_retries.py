"""Retries that Dagster's daemon could not launch, as no code server answered it just then.

The daemon looks at each failure once, and gives a retry up that it cannot launch at that instant:
a run that fails while its code server is dead would never be retried. The run storage lets such a
run remain one that is to be retried (`sql/run_storage`), and the code server, once it is back,
has the daemon look again: by setting back how far it has looked, which Dagster allows for, since a
run that has its retry gets no second one. Not here: which failures are retried (`runs/retries`).
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta, timezone

import dagster as dg

from catalog_pipeline.orchestration.names import (
    MAX_RETRIES_TAG,
    RETRIED_BY_TAG,
    RETRY_ASKED_TAG,
    WILL_RETRY_TAG,
)

FAILURES_SEEN = f"EVENT_LOG_CONSUMER_CURSOR-{dg.DagsterEventType.RUN_FAILURE.value}"
"""Where Dagster's daemon keeps how far it has looked for failed runs."""
SECONDS_FOR_THE_DAEMON = 15.0
"""How long the daemon, which looks every five seconds, has for it without being asked."""
TIMES_ASKED = 5
_LOOKED_BACK = timedelta(days=1)
_RUNS_LOOKED_AT = 100
_MARGIN_SECONDS = 1.0


def is_to_be_retried(run: dg.DagsterRun) -> bool:
    """Whether the daemon is to launch the failed run again, and has not."""
    return (
        run.tags.get(WILL_RETRY_TAG) == "true"
        and RETRIED_BY_TAG not in run.tags
        and run.tags.get(MAX_RETRIES_TAG) != "0"
    )


def ask_again_for_retries(instance: dg.DagsterInstance, keys: Collection[dg.AssetKey]) -> None:
    """Have the daemon look again at failed runs of these assets that lack the retry they are due.

    One that it has been asked for often enough is given up.
    """
    for record in _lacking_a_retry(instance, keys):
        if time.time() - (record.end_time or 0) > SECONDS_FOR_THE_DAEMON:
            _ask_again(instance, record)


def run_that_awaits_its_retry(
    instance: dg.DagsterInstance, keys: Collection[dg.AssetKey]
) -> str | None:
    """A failed run of these assets that the daemon is to launch again; None if there is none.

    Not for long: what has been asked for in vain often enough is given up.
    """
    return next((record.dagster_run.run_id for record in _lacking_a_retry(instance, keys)), None)


def _lacking_a_retry(
    instance: dg.DagsterInstance, keys: Collection[dg.AssetKey]
) -> Iterator[dg.RunRecord]:
    filters = dg.RunsFilter(
        statuses=[dg.DagsterRunStatus.FAILURE],
        tags={WILL_RETRY_TAG: "true"},
        updated_after=datetime.now(timezone.utc) - _LOOKED_BACK,
    )
    for record in instance.get_run_records(filters=filters, limit=_RUNS_LOOKED_AT):
        run = record.dagster_run
        is_ours = run.asset_selection and not run.asset_selection.isdisjoint(keys)
        if is_ours and is_to_be_retried(run):
            yield record


def _ask_again(instance: dg.DagsterInstance, record: dg.RunRecord) -> None:
    run = record.dagster_run
    asked = int(run.tags.get(RETRY_ASKED_TAG, "0")) + 1
    if asked > TIMES_ASKED:
        instance.add_run_tags(run.run_id, {WILL_RETRY_TAG: "false", RETRY_ASKED_TAG: str(asked)})
        return
    failures = dg.RunStatusChangeRecordsFilter(
        event_type=dg.DagsterEventType.RUN_FAILURE,
        after_timestamp=(record.end_time or 0) - _MARGIN_SECONDS,
    )
    changes = instance.fetch_run_status_changes(failures, limit=_RUNS_LOOKED_AT, ascending=True)
    own = [change for change in changes.records if change.event_log_entry.run_id == run.run_id]
    instance.add_run_tags(run.run_id, {RETRY_ASKED_TAG: str(asked)})
    seen = instance.daemon_cursor_storage.get_cursor_values({FAILURES_SEEN}).get(FAILURES_SEEN)
    if own and seen is not None and int(seen) >= own[0].storage_id:
        looked_before = str(own[0].storage_id - 1)
        instance.daemon_cursor_storage.set_cursor_values({FAILURES_SEEN: looked_before})
        instance.report_engine_event("Its retry was not launched; asking the daemon again.", run)
