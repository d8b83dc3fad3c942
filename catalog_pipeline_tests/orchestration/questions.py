"""Every question one can ask an event log storage; a helper, no tests."""

import re
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any

import dagster as dg
from dagster._core.events import EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.storage.event_log.base import EventLogStorage

from catalog_pipeline_tests.orchestration.histories import CHECK, KINDS, PAGES, TABLE

ASSET_KINDS = (
    KINDS.ASSET_MATERIALIZATION,
    KINDS.ASSET_OBSERVATION,
    KINDS.ASSET_MATERIALIZATION_PLANNED,
)
OTHER_KINDS = (KINDS.STEP_START, KINDS.RUN_FAILURE, KINDS.ASSET_CHECK_EVALUATION)
Question = Callable[[EventLogStorage], Any]


def questions(run_ids: Sequence[str]) -> dict[str, Question]:
    """The questions by name."""
    asked: dict[str, Question] = {}
    for number, run_id in enumerate(run_ids):
        asked |= {f"{name}, run {number}": ask for name, ask in _of_run(run_id).items()}
    for key in (PAGES, TABLE, dg.AssetKey("unknown")):
        asked |= {f"{name}, {key.path[-1]}": ask for name, ask in _of_asset(key).items()}
    asked |= {f"records of {kind}": _records(kind) for kind in (*ASSET_KINDS, *OTHER_KINDS)}
    asked |= {f"changes to {kind}": _changes(kind) for kind in EVENT_TYPE_TO_PIPELINE_RUN_STATUS}
    return asked | _of_all()


def _records(kind: dg.DagsterEventType) -> Question:
    return lambda s: s.get_event_records(dg.EventRecordsFilter(kind), limit=500)


def _changes(kind: dg.DagsterEventType) -> Question:
    return lambda s: s.fetch_run_status_changes(kind, 50)


def _of_run(run_id: str) -> dict[str, Question]:
    return {
        "records": lambda s: s.get_records_for_run(run_id),
        "records, backwards": lambda s: s.get_records_for_run(run_id, limit=3, ascending=False),
        "logs": lambda s: s.get_logs_for_run(run_id),
        "logs of a kind": lambda s: s.get_logs_for_run(run_id, of_type=set(ASSET_KINDS)),
        "statistics": lambda s: s.get_stats_for_run(run_id),
        "step statistics": lambda s: s.get_step_stats_for_run(run_id),
        "partitions": lambda s: s.get_asset_partitions_for_run(run_id),
        "asset keys": lambda s: s.get_asset_keys_for_run(run_id),
    }


def _of_asset(key: dg.AssetKey) -> dict[str, Question]:
    no_context: Any = None
    made, planned = KINDS.ASSET_MATERIALIZATION, KINDS.ASSET_MATERIALIZATION_PLANNED
    asked: dict[str, Question] = {
        "asset record": lambda s: s.get_asset_records([key]),
        "is known": lambda s: s.has_asset_key(key),
        "materialized partitions": lambda s: s.get_materialized_partitions(key),
        "after a cursor": lambda s: s.get_materialized_partitions(key, after_cursor=15),
        "materializations": lambda s: s.fetch_materializations(key, 100),
        "two at a time": lambda s: s.fetch_materializations(key, 2, ascending=True),
        "observations": lambda s: s.fetch_observations(key, 100),
        "failures": lambda s: s.fetch_failed_materializations(key, 100),
        "planned": lambda s: s.get_latest_planned_materialization_info(key),
        "planned, page": lambda s: s.get_latest_planned_materialization_info(key, partition="3"),
        "ids": lambda s: s.get_latest_storage_id_by_partition(key, made),
        "ids, planned": lambda s: s.get_latest_storage_id_by_partition(key, planned, {"1", "7"}),
        "tags": lambda s: s.get_latest_tags_by_partition(key, made, ["dagster/data_version"]),
        "event tags": lambda s: s.get_event_tags_for_asset(key),
        "event tags, filtered": lambda s: s.get_event_tags_for_asset(
            key, filter_tags={"dagster/data_version": "v2"}
        ),
        "attempts": lambda s: (
            s.get_latest_asset_partition_materialization_attempts_without_materializations(key)
        ),
        "latest": lambda s: s.get_latest_materialization_events([key]),
        "latest ids": lambda s: s.get_latest_materialization_storage_ids([key]),
        "new versions": lambda s: s.get_updated_data_version_partitions(key, ["1", "2", "7"], 20),
        "cached status": lambda s: s.get_asset_status_cache_values([(key, None)], no_context),
    }
    for kind in ASSET_KINDS:
        asked |= _of_kind_of_asset(kind, key)
    return asked


def _of_kind_of_asset(kind: dg.DagsterEventType, key: dg.AssetKey) -> dict[str, Question]:
    pages = dg.EventRecordsFilter(kind, asset_key=key, asset_partitions=["1", "2", "5", "7"])
    return {
        f"summary of {kind}": lambda s: s.get_asset_event_summary_records(kind, asset_key=key),
        f"records of {kind}": lambda s: s.get_event_records(pages),
    }


def _of_all() -> dict[str, Question]:
    return {
        "all asset keys": lambda s: s.all_asset_keys(),
        "asset keys": lambda s: s.get_asset_keys(prefix=["shop"], limit=1),
        "asset records": lambda s: s.get_asset_records(),
        "highest id": lambda s: s.get_maximum_record_id(),
        "all logs": lambda s: s.get_logs_for_all_runs_by_log_id(),
        "check history": lambda s: s.get_asset_check_execution_history(CHECK, limit=10),
        "latest check": lambda s: s.get_latest_asset_check_execution_by_key([CHECK]),
        "check summary": lambda s: s.get_asset_check_summary_records([CHECK]),
        "check partitions": lambda s: s.get_asset_check_partition_info([CHECK]),
        "freshness": lambda s: s.get_freshness_state_records([PAGES]),
        "dynamic partitions": lambda s: s.get_dynamic_partitions("sites"),
        "has dynamic partition": lambda s: s.has_dynamic_partition("sites", "b"),
        "pools": lambda s: s.get_pool_limits(),
        "pool keys": lambda s: s.get_concurrency_keys(),
        "pool": lambda s: s.get_concurrency_info("shop"),
        "runs in pools": lambda s: s.get_concurrency_run_ids(),
        "version": lambda s: s.alembic_version(),
    }


def answer(storage: EventLogStorage, ask: Question) -> str:
    """The answer as text, without the times at which the storage itself looked at the clock.

    Mappings and sets have no order, in whatever they lie: PostgreSQL gives them as it likes, and
    otherwise another time.
    """
    clocks = r"(last_wipe_timestamp|create_timestamp|enqueued_timestamp|assigned_timestamp)"
    clocks += r"=(datetime\.datetime\(.*?tzinfo=[^)]*\)\)?|datetime\.datetime\([^)]*\)|[\d.]+)"
    return re.sub(clocks, r"\1=?", _told(ask(storage)))


def _told(found: object) -> str:
    if isinstance(found, Mapping):
        return f"{{{', '.join(sorted(f'{key!r}: {_told(each)}' for key, each in found.items()))}}}"
    if isinstance(found, Set):
        return f"{{{', '.join(sorted(map(repr, found)))}}}"
    if isinstance(found, list):
        return f"[{', '.join(map(_told, found))}]"
    return repr(found)
