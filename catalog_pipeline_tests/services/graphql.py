"""What the web UI asks and tells its server, in the words that it uses itself."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

ENDED = ("SUCCESS", "FAILURE", "CANCELED")

_LOADED = """{ repositoriesOrError { __typename ... on RepositoryConnection { nodes {
    name location { name } assetNodes { assetKey { path } } } } } }"""
_RUNS = """query($filter: RunsFilter) { runsOrError(filter: $filter) { ... on Runs { results {
    runId rootRunId parentRunId status creationTime startTime endTime tags { key value }
    assetSelection { path } } } } }"""
_LAUNCH_BACKFILL = """mutation($params: LaunchBackfillParams!) {
    launchPartitionBackfill(backfillParams: $params) { __typename
    ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
_BACKFILL = """query($id: String!) { partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status numCancelable } } }"""
_CANCEL_BACKFILL = """mutation($id: String!) { cancelPartitionBackfill(backfillId: $id) {
    __typename } }"""
_TERMINATE = """mutation($ids: [String!]!) { terminateRuns(runIds: $ids,
    terminatePolicy: SAFE_TERMINATE) { ... on TerminateRunsResult { terminateRunResults {
    __typename } } } }"""
_REEXECUTE = """mutation($params: ReexecutionParams!) {
    launchRunReexecution(reexecutionParams: $params) { __typename
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_LAUNCH_RUN = """mutation($params: ExecutionParams!) {
    launchRun(executionParams: $params) { __typename
    ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
_STATUSES = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
    ... on AssetNode { assetPartitionStatuses { ... on DefaultPartitionStatuses {
    materializedPartitions failedPartitions materializingPartitions
    unmaterializedPartitions } } } } }"""
_MATERIALIZATIONS = """query($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) {
    ... on AssetNode { assetMaterializations(limit: 100) { runId timestamp } } } }"""
_WIPE = """mutation($ranges: [PartitionsByAssetSelector!]!) {
    wipeAssets(assetPartitionRanges: $ranges) { __typename
    ... on PythonError { message } ... on UnsupportedOperationError { message } } }"""
_MESSAGES = """query($id: ID!) { logsForRun(runId: $id) { ... on EventConnection { events {
    __typename ... on MessageEvent { message } } } } }"""
_SCHEDULES = """{ repositoriesOrError { ... on RepositoryConnection { nodes {
    schedules { name scheduleState { status } } sensors { name sensorState { status } } } } } }"""

_TICKS = """query($sensor: SensorSelector!) { sensorOrError(sensorSelector: $sensor) {
    ... on Sensor { sensorState { ticks(limit: 5) { status skipReason } } } } }"""


@dataclass(frozen=True)
class Statuses:
    """The pages of a catalogue as the partition grid colours them."""

    done: list[int]
    failed: list[int]
    in_progress: list[int]
    missing: list[int]


class WebClient:
    """Asks the GraphQL of a web server; `url` is without a slash at its end."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, **variables: Any) -> Any:
        """The data of an answer.

        Raises:
            OSError: the web server is not there.
            AssertionError: it answers with errors.
        """
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(
            f"{self.url}/graphql", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = json.load(answer)
        assert not content.get("errors"), content["errors"]
        return content["data"]

    def is_up(self) -> bool:
        """Whether the web server answers."""
        try:
            self.ask("{ version }")
        except (OSError, urllib.error.URLError):
            return False
        return True

    def asset_keys(self) -> list[list[str]]:
        """Keys of all loaded assets; none while the server or its code location is not up."""
        try:
            answer = self.ask(_LOADED)["repositoriesOrError"]
        except (OSError, urllib.error.URLError):
            return []
        nodes = answer.get("nodes", [])
        return [asset["assetKey"]["path"] for node in nodes for asset in node["assetNodes"]]

    def launch_backfill(
        self, catalogue: str, pages: Iterable[int], *, max_retries: int | None = None
    ) -> str:
        """The dialog's "Launch backfill", with or without a tag; returns the backfill's id."""
        tags = {} if max_retries is None else {"dagster/max_retries": str(max_retries)}
        params = {
            "assetSelection": [{"path": [catalogue, "product_pages"]}],
            "partitionNames": [str(page) for page in pages],
            "fromFailure": False,
            "tags": _as_list(tags),
        }
        answer = self.ask(_LAUNCH_BACKFILL, params=params)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess", answer
        return str(answer["backfillId"])

    def launch_run(
        self, catalogue: str, first: int, last: int, *, max_retries: int | None = None
    ) -> str:
        """One run over a range at once, without a backfill; returns its id."""
        tags = {
            "dagster/asset_partition_range_start": str(first),
            "dagster/asset_partition_range_end": str(last),
            **({} if max_retries is None else {"dagster/max_retries": str(max_retries)}),
        }
        return self._launch([catalogue, "product_pages"], tags)

    def launch_table(self, catalogue: str) -> str:
        """The table's "Materialize"; returns the run's id."""
        return self._launch([catalogue, "products"], {})

    def _launch(self, asset: Sequence[str], tags: dict[str, str]) -> str:
        params = {
            "selector": {
                "repositoryName": "__repository__",
                "repositoryLocationName": "catalog_pipeline",
                "pipelineName": "__ASSET_JOB",
                "assetSelection": [{"path": asset}],
            },
            "mode": "default",
            "executionMetadata": {"tags": _as_list(tags)},
            "runConfigData": {},
        }
        answer = self.ask(_LAUNCH_RUN, params=params)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def backfill_status(self, backfill: str) -> str:
        """Status of a backfill, such as COMPLETED_FAILED."""
        return str(self.ask(_BACKFILL, id=backfill)["partitionBackfillOrError"]["status"])

    def cancel_backfill(self, backfill: str) -> None:
        """The "Cancel backfill" of a backfill's page."""
        self.ask(_CANCEL_BACKFILL, id=backfill)

    def terminate(self, run_id: str) -> None:
        """The "Terminate" of a run's page."""
        self.ask(_TERMINATE, ids=[run_id])

    def reexecute(self, run_id: str, strategy: str) -> str:
        """The "Re-execute" of a run's page: FROM_FAILURE or ALL_STEPS; returns the new run's id."""
        params = {"parentRunId": run_id, "strategy": strategy}
        answer = self.ask(_REEXECUTE, params=params)["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def runs(self, catalogue: str, asset: str = "product_pages") -> list[dict[str, Any]]:
        """Runs of one asset, oldest first, each with its tags as a dict."""
        runs = self.ask(_RUNS, filter={})["runsOrError"]["results"]
        for run in runs:
            run["tags"] = {tag["key"]: tag["value"] for tag in run["tags"]}
        return [
            run
            for run in reversed(runs)
            if {"path": [catalogue, asset]} in (run["assetSelection"] or [])
        ]

    def run(self, run_id: str) -> dict[str, Any]:
        """One run."""
        answer = self.ask(_RUNS, filter={"runIds": [run_id]})
        run: dict[str, Any] = answer["runsOrError"]["results"][0]
        return run

    def has_ended(self, run_id: str) -> str:
        """The status of a run that has ended, else nothing."""
        status = str(self.run(run_id)["status"])
        return status if status in ENDED else ""

    def statuses(self, catalogue: str) -> Statuses:
        """The partition grid of a catalogue."""
        key = {"path": [catalogue, "product_pages"]}
        found = self.ask(_STATUSES, key=key)["assetNodeOrError"]["assetPartitionStatuses"]
        done, failed, in_progress, not_done = (
            {int(page) for page in found[f"{name}Partitions"]}
            for name in ("materialized", "failed", "materializing", "unmaterialized")
        )
        missing = not_done - failed - in_progress
        return Statuses(sorted(done), sorted(failed), sorted(in_progress), sorted(missing))

    def table_builds(self, catalogue: str) -> list[dict[str, Any]]:
        """Materializations of the table, newest first."""
        answer = self.ask(_MATERIALIZATIONS, key={"path": [catalogue, "products"]})
        builds: list[dict[str, Any]] = answer["assetNodeOrError"]["assetMaterializations"]
        return builds

    def wipe(self, catalogue: str, first: int, last: int) -> None:
        """The "Wipe materializations" of a partition."""
        ranges = [
            {
                "assetKey": {"path": [catalogue, "product_pages"]},
                "partitions": {"range": {"start": str(first), "end": str(last)}},
            }
        ]
        answer = self.ask(_WIPE, ranges=ranges)["wipeAssets"]
        assert answer["__typename"] == "AssetWipeSuccess", answer

    def messages(self, run_id: str) -> Sequence[str]:
        """The messages in a run's log."""
        events = self.ask(_MESSAGES, id=run_id)["logsForRun"]["events"]
        return [event["message"] for event in events if event.get("message")]

    def skips(self, sensor: str) -> list[str]:
        """Why the latest ticks of a sensor did nothing."""
        selector = {
            "repositoryName": "__repository__",
            "repositoryLocationName": "catalog_pipeline",
            "sensorName": sensor,
        }
        state = self.ask(_TICKS, sensor=selector)["sensorOrError"]["sensorState"]
        return [tick["skipReason"] for tick in state["ticks"] if tick["status"] == "SKIPPED"]

    def instigators(self) -> dict[str, str]:
        """Schedules and sensors, and whether each is on."""
        nodes = self.ask(_SCHEDULES)["repositoriesOrError"]["nodes"]
        found: dict[str, str] = {}
        for node in nodes:
            found |= {each["name"]: each["scheduleState"]["status"] for each in node["schedules"]}
            found |= {each["name"]: each["sensorState"]["status"] for each in node["sensors"]}
        return found


def _as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
