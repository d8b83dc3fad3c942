"""Whether a build of the table would be refused once more: the last one was, and nothing is new.

One definition for the automation, which then asks for none, and for the command, which says so.
What refuses a table is in `page_checks` and `tables`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.versions import fingerprint
from catalog_pipeline.orchestration.checkpoints.table_state import fingerprint_of_input
from catalog_pipeline.orchestration.instance.run_states import FINISHED
from catalog_pipeline.orchestration.names import (
    ASKED_FOR_TAG,
    CATALOGUE_TAG,
    REFUSED_TAG,
    table_keys,
)
from catalog_pipeline.orchestration.runs.page_checks import what_refuses_pages

_RUNS_LOOKED_AT = 20


@dataclass(frozen=True)
class FinishedBuild:
    """A run that built the table, or tried to; `refused` is what it had when it was refused."""

    run_id: str
    ended_at: float
    is_good: bool
    refused: str | None
    asked_for: str | None = None
    """Which table the automation asked for, if it did."""

    @property
    def told(self) -> str:
        """Which one it is, for people."""
        at = datetime.fromtimestamp(self.ended_at, tz=timezone.utc)
        return f"run {self.run_id[:8]}, {at:%Y-%m-%d %H:%M} UTC"


def state_of_input(instance: dg.DagsterInstance, catalogue: Catalogue) -> str:
    """Changes whenever a build that was refused might not be."""
    of_pages = what_refuses_pages(instance, catalogue)
    return fingerprint([fingerprint_of_input(instance, catalogue), *of_pages])


def last_finished_build(instance: dg.DagsterInstance, catalogue: Catalogue) -> FinishedBuild | None:
    """The latest run that built the table and has ended; None if there was none lately."""
    filters = dg.RunsFilter(statuses=FINISHED, tags={CATALOGUE_TAG: catalogue.name})
    for record in instance.get_run_records(filters=filters, limit=_RUNS_LOOKED_AT):
        run = record.dagster_run
        if run.asset_selection and not run.asset_selection.isdisjoint(table_keys(catalogue)):
            return FinishedBuild(
                run.run_id,
                record.end_time or record.update_timestamp.timestamp(),
                is_good=run.status == dg.DagsterRunStatus.SUCCESS,
                refused=run.tags.get(REFUSED_TAG),
                asked_for=run.tags.get(ASKED_FOR_TAG),
            )
    return None


def standing_refusal(instance: dg.DagsterInstance, catalogue: Catalogue) -> FinishedBuild | None:
    """The build that was refused out of what there is now, too; None if it is to be tried."""
    last = last_finished_build(instance, catalogue)
    if last is None or last.refused is None:
        return None
    return last if last.refused == state_of_input(instance, catalogue) else None


def why_refused(instance: dg.DagsterInstance, refusal: FinishedBuild) -> str:
    """The sentence that a refused build failed with."""
    for entry in instance.all_logs(refusal.run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        data = event.step_failure_data if event else None
        if data is not None and data.user_failure_data is not None:
            return data.user_failure_data.description or ""
    return "the table was refused; the web UI shows the run's log."
