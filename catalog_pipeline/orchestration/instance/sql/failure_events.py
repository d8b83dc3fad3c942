"""Failed pages among the observations of an event log, as Dagster's web UI tells of failures.

A page's failure is recorded as an observation, which every storage keeps. Dagster has an event of
its own for a partition that failed, which its open-source storages neither keep nor show; where
one asks this storage for such events it answers with the recorded failures, so that the web UI
lists them as failed and not as observed. Not here: what a failure says (`checkpoints/metadata`).
"""

import dagster as dg
from dagster import EventLogRecord
from dagster._core.definitions.events import (
    AssetMaterializationFailure,
    AssetMaterializationFailureReason,
    AssetMaterializationFailureType,
    AssetObservation,
)
from dagster._core.event_api import EventRecordsResult
from dagster._core.events import AssetFailedToMaterializeData, DagsterEventType

from catalog_pipeline.orchestration.instance.sql.attempts import AttemptTellingStorage
from catalog_pipeline.orchestration.names import KEYS_OF_FAILURES


class FailureTellingStorage(AttemptTellingStorage):
    """Dagster's event log, which answers for failures too.

    With `tells_failures_once`, as the web server has it, they are among failures alone, and not
    among observations as well.
    """

    tells_failures_once = False

    def fetch_failed_materializations(
        self,
        records_filter: dg.AssetKey | dg.AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        found = super().fetch_observations(records_filter, limit, cursor, ascending)
        failures = [_as_failure(record) for record in found.records if _is_failure(record)]
        if not failures and not found.has_more:
            return super().fetch_failed_materializations(records_filter, limit, cursor, ascending)
        return found._replace(records=failures)

    def fetch_observations(
        self,
        records_filter: dg.AssetKey | dg.AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        found = super().fetch_observations(records_filter, limit, cursor, ascending)
        if not self.tells_failures_once:
            return found
        others = [record for record in found.records if not _is_failure(record)]
        return found._replace(records=others)


def _is_failure(record: EventLogRecord) -> bool:
    """Whether an observation is a page's recorded failure."""
    return _observation(record).metadata.keys() >= KEYS_OF_FAILURES


def _observation(record: EventLogRecord) -> AssetObservation:
    event = record.event_log_entry.get_dagster_event()
    return event.asset_observation_data.asset_observation


def _as_failure(record: EventLogRecord) -> EventLogRecord:
    entry, observed = record.event_log_entry, _observation(record)
    failure = AssetMaterializationFailure(
        asset_key=observed.asset_key,
        failure_type=AssetMaterializationFailureType.FAILED,
        reason=AssetMaterializationFailureReason.FAILED_TO_MATERIALIZE,
        description=observed.description,
        metadata=observed.metadata,
        partition=observed.partition,
        tags=observed.tags,
    )
    event = entry.get_dagster_event()._replace(
        event_type_value=DagsterEventType.ASSET_FAILED_TO_MATERIALIZE.value,
        event_specific_data=AssetFailedToMaterializeData(failure),
    )
    return record._replace(event_log_entry=entry._replace(dagster_event=event))
