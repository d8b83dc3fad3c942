"""Histories of events, in the shapes that Dagster itself makes; helpers, no tests."""

import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluation,
    AssetCheckEvaluationPlanned,
)
from dagster._core.definitions.dependency import NodeHandle
from dagster._core.events import (
    EVENT_TYPE_TO_PIPELINE_RUN_STATUS,
    AssetMaterializationPlannedData,
    AssetObservationData,
    DagsterEvent,
    EngineEventData,
    JobFailureData,
    StepMaterializationData,
)
from dagster._core.events.log import EventLogEntry
from dagster._core.execution.plan.handle import StepHandle
from dagster._core.execution.plan.objects import StepFailureData, StepSuccessData
from dagster._core.storage.event_log.base import EventLogStorage
from dagster._core.utils import make_new_run_id
from dagster._utils.error import SerializableErrorInfo

PAGES = dg.AssetKey(["shop", "product_pages"])
TABLE = dg.AssetKey(["shop", "products"])
CHECK = dg.AssetCheckKey(TABLE, "product_keys_are_unique")
JOB = "__ASSET_JOB"
STEP = "shop__product_pages"
HANDLE = StepHandle(NodeHandle(STEP, None), STEP)
KINDS = dg.DagsterEventType
FAILED = SerializableErrorInfo("two pages failed\n", ["line 1\n"], "Failure")

Act = list[EventLogEntry] | Callable[[EventLogStorage], object]
"""Either a batch of events to store, or something else done to the storage."""


class Clock:
    """Half a second passes with each event; the start is a thousand seconds ago."""

    def __init__(self) -> None:
        self.now = round(time.time()) - 1000.25

    def tick(self) -> float:
        self.now += 0.5
        return self.now


class RunHistory:
    """Makes the events of one run."""

    def __init__(self, clock: Clock, run_id: str | None = None) -> None:
        self.clock = clock
        self.run_id = run_id or make_new_run_id()

    def event(
        self, kind: dg.DagsterEventType, data: Any = None, step: bool = True
    ) -> EventLogEntry:
        event = DagsterEvent(
            kind.value,
            JOB,
            step_handle=HANDLE if step else None,
            step_kind_value="COMPUTE" if step else None,
            logging_tags={"run_id": self.run_id, "step_key": STEP} if step else {},
            event_specific_data=data,
            message=f"{kind.value} «Größe»",
            pid=123,
        )
        key = STEP if step else None
        return EventLogEntry(None, 20, "", self.run_id, self.clock.tick(), key, JOB, event)

    def planned(self, key: dg.AssetKey, *pages: str | None) -> list[EventLogEntry]:
        kind = KINDS.ASSET_MATERIALIZATION_PLANNED
        return [
            self.event(kind, AssetMaterializationPlannedData(key, partition=page)) for page in pages
        ]

    def materialized(self, key: dg.AssetKey, page: str | None, version: str) -> EventLogEntry:
        metadata: dict[str, Any] = {
            "url": dg.MetadataValue.url(f"http://127.0.0.1/products?page={page}"),
            "rows": 20,
            "fetch_seconds": 0.25,
            "fetched_at": dg.MetadataValue.timestamp(self.clock.now),
            "etag": 'W/"ä"',
            "not_modified": False,
            "bytes": 20_480,
            "http_status": 200,
            "attempts": 1,
            "sha256": "ab" * 32,
        }
        tags = {"dagster/data_version": version, "not_looked_up": "x"}
        made = dg.AssetMaterialization(key, partition=page, metadata=metadata, tags=tags)
        return self.event(KINDS.ASSET_MATERIALIZATION, StepMaterializationData(made, []))

    def observed(self, key: dg.AssetKey, page: str) -> EventLogEntry:
        seen = dg.AssetObservation(key, partition=page, metadata={"error": "HTTP 500", "n": 3})
        return self.event(KINDS.ASSET_OBSERVATION, AssetObservationData(seen))

    def check_planned(self) -> EventLogEntry:
        data = AssetCheckEvaluationPlanned(asset_key=CHECK.asset_key, check_name=CHECK.name)
        return self.event(KINDS.ASSET_CHECK_EVALUATION_PLANNED, data)

    def checked(self, passed: bool) -> EventLogEntry:
        data = AssetCheckEvaluation(
            asset_key=CHECK.asset_key, check_name=CHECK.name, passed=passed, metadata={}
        )
        return self.event(KINDS.ASSET_CHECK_EVALUATION, data)

    def log_line(self) -> EventLogEntry:
        return EventLogEntry(None, 20, 'a "line"', self.run_id, self.clock.tick(), STEP, JOB, None)

    def started(self) -> list[EventLogEntry]:
        return [
            self.event(KINDS.RUN_ENQUEUED, step=False),
            self.event(KINDS.RUN_STARTING, EngineEventData(), step=False),
            self.event(KINDS.RUN_START, step=False),
            self.event(KINDS.STEP_START),
            self.log_line(),
        ]

    def succeeded(self) -> list[EventLogEntry]:
        step = self.event(KINDS.STEP_SUCCESS, StepSuccessData(12.5))
        return [step, self.event(KINDS.RUN_SUCCESS, step=False)]

    def failed(self) -> list[EventLogEntry]:
        step = self.event(KINDS.STEP_FAILURE, StepFailureData(FAILED, None))
        return [step, self.event(KINDS.RUN_FAILURE, JobFailureData(FAILED), step=False)]


def history() -> tuple[list[str], list[Act]]:
    """A crawl with two failed pages, its retry, a table with a check, a wipe, a new crawl.

    Returns the run ids, and what happened in its order.
    """
    clock = Clock()
    crawl, retry, table, again = (RunHistory(clock) for _ in range(4))
    pages = [str(page) for page in range(1, 9)]
    acts: list[Act] = [
        crawl.planned(PAGES, *pages),
        crawl.started(),
        [crawl.materialized(PAGES, page, f"v{page}") for page in pages[:4]],
        [crawl.observed(PAGES, "5"), crawl.materialized(PAGES, "6", "v6"), crawl.log_line()],
        [crawl.observed(PAGES, "7"), crawl.materialized(PAGES, "8", "v8")],
        crawl.failed(),
        retry.planned(PAGES, *pages),
        retry.started(),
        [retry.materialized(PAGES, page, f"v{page}") for page in pages if page != "7"],
        retry.failed(),
        [*table.planned(TABLE, None), table.check_planned()],
        table.started(),
        [table.materialized(TABLE, None, "t1"), table.checked(True)],
        table.succeeded(),
        lambda storage: storage.wipe_asset(TABLE),
        lambda storage: storage.add_dynamic_partitions("sites", ["a", "b"]),
        lambda storage: storage.set_concurrency_slots("shop", 1),
        lambda storage: storage.claim_concurrency_slot("shop", again.run_id, STEP),
        lambda storage: storage.claim_concurrency_slot("shop", crawl.run_id, STEP),
        lambda storage: storage.initialize_concurrency_limit_to_default("other"),
    ]
    clock.now += 2000
    acts += [
        [*again.planned(PAGES, *pages[:3]), *crawl.planned(TABLE, None)],
        again.started(),
        [again.materialized(PAGES, "2", "w2"), crawl.log_line(), again.observed(PAGES, "3")],
    ]
    return [run.run_id for run in (crawl, retry, table, again)], acts


def follow(instance: dg.DagsterInstance, act: object) -> None:
    """Give the runs the statuses of their events, as Dagster does when it is told of them.

    Some answers are in the order in which the runs changed, and have no order without this.
    """
    for entry in act if isinstance(act, list) else ():
        event = entry.dagster_event
        # A run can only be queued with a code location to be launched from.
        if event is not None and event.event_type in EVENT_TYPE_TO_PIPELINE_RUN_STATUS.keys() - {
            KINDS.RUN_ENQUEUED
        }:
            changed_at = datetime.fromtimestamp(entry.timestamp, timezone.utc)
            instance.run_storage.handle_run_event(entry.run_id, event, changed_at)
