"""What the web UI asks and tells its server, in the words that it uses itself."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from catalog_pipeline_tests.services import queries
from catalog_pipeline_tests.services.patience import wait_for
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

ENDED = ("SUCCESS", "FAILURE", "CANCELED")


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
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
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
            answer = self.ask(queries.LOADED)["repositoriesOrError"]
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
        answer = self.ask(queries.LAUNCH_BACKFILL, params=params)["launchPartitionBackfill"]
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
        answer = self.ask(queries.LAUNCH_RUN, params=params)["launchRun"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def backfill_status(self, backfill: str) -> str:
        """Status of a backfill, such as COMPLETED_FAILED."""
        return str(self.ask(queries.BACKFILL, id=backfill)["partitionBackfillOrError"]["status"])

    def cancel_backfill(self, backfill: str) -> None:
        """The "Cancel backfill" of a backfill's page, until it is over.

        Asked again if need be, as with `stop`: the daemon may write what it had read before.
        """
        wait_for("the end of a backfill", lambda: self._is_cancelled(backfill))

    def _is_cancelled(self, backfill: str) -> bool:
        status = self.backfill_status(backfill)
        if status == "REQUESTED":
            self.ask(queries.CANCEL_BACKFILL, id=backfill)
        return status == "CANCELED"

    def terminate(self, run_id: str) -> None:
        """The "Terminate" of a run's page."""
        self.ask(queries.TERMINATE, ids=[run_id])

    def reexecute(self, run_id: str, strategy: str) -> str:
        """The "Re-execute" of a run's page: FROM_FAILURE or ALL_STEPS; returns the new run's id."""
        params = {"parentRunId": run_id, "strategy": strategy}
        answer = self.ask(queries.REEXECUTE, params=params)["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return str(answer["run"]["runId"])

    def runs(self, catalogue: str, asset: str = "product_pages") -> list[dict[str, Any]]:
        """Runs of one asset, oldest first, each with its tags as a dict."""
        runs = self.ask(queries.RUNS, filter={})["runsOrError"]["results"]
        for run in runs:
            run["tags"] = {tag["key"]: tag["value"] for tag in run["tags"]}
        return [
            run
            for run in reversed(runs)
            if {"path": [catalogue, asset]} in (run["assetSelection"] or [])
        ]

    def run(self, run_id: str) -> dict[str, Any]:
        """One run."""
        answer = self.ask(queries.RUNS, filter={"runIds": [run_id]})
        run: dict[str, Any] = answer["runsOrError"]["results"][0]
        return run

    def has_ended(self, run_id: str) -> str:
        """The status of a run that has ended, else nothing."""
        status = str(self.run(run_id)["status"])
        return status if status in ENDED else ""

    def partitions(self, catalogue: str) -> dict[str, set[str]]:
        """The partition grid of a catalogue as it is, by the colours' names."""
        key = {"path": [catalogue, "product_pages"]}
        found = self.ask(queries.STATUSES, key=key)["assetNodeOrError"]["assetPartitionStatuses"]
        names = ("materialized", "failed", "materializing", "unmaterialized")
        return {name: set(found[f"{name}Partitions"]) for name in names}

    def statuses(self, catalogue: str) -> Statuses:
        """The partition grid of a catalogue whose pages are plain numbers."""
        found = self.partitions(catalogue)
        done, failed, in_progress, not_done = (set(map(int, found[name])) for name in found)
        missing = not_done - failed - in_progress
        return Statuses(sorted(done), sorted(failed), sorted(in_progress), sorted(missing))

    def table_builds(self, catalogue: str) -> list[dict[str, Any]]:
        """Materializations of the table, newest first."""
        answer = self.ask(queries.MATERIALIZATIONS, key={"path": [catalogue, "products"]})
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
        answer = self.ask(queries.WIPE, ranges=ranges)["wipeAssets"]
        assert answer["__typename"] == "AssetWipeSuccess", answer

    def messages(self, run_id: str) -> Sequence[str]:
        """The messages in a run's log."""
        events = self.ask(queries.MESSAGES, id=run_id)["logsForRun"]["events"]
        return [event["message"] for event in events if event.get("message")]

    def skips(self, sensor: str) -> list[str]:
        """Why the latest ticks of a sensor did nothing."""
        selector = {
            "repositoryName": "__repository__",
            "repositoryLocationName": "catalog_pipeline",
            "sensorName": sensor,
        }
        state = self.ask(queries.TICKS, sensor=selector)["sensorOrError"]["sensorState"]
        return [tick["skipReason"] for tick in state["ticks"] if tick["status"] == "SKIPPED"]

    def instigators(self) -> dict[str, str]:
        """Schedules and sensors, and whether each is on."""
        return {name: state["status"] for _, name, state in self._instigators()}

    def stop(self, *names: str) -> None:
        """Switch schedules and sensors off, as their pages do.

        Asked again until they are: what the daemon writes of a tick in the same instant holds the
        state that it had read before, and of a sensor that both have just met only one makes the
        state, which the web server answers with an error if it is the other.
        """
        wait_for(f"{', '.join(names)} to be off", lambda: self._are_off(names))

    def _are_off(self, names: Sequence[str]) -> bool:
        for kind, name, state in self._instigators():
            if name in names and state["status"] != "STOPPED":
                with suppress(urllib.error.HTTPError):
                    self.ask(queries.STOP[kind], id=state["id"])
        return {self.instigators()[name] for name in names} == {"STOPPED"}

    def _instigators(self) -> list[tuple[str, str, dict[str, str]]]:
        nodes = self.ask(queries.SCHEDULES)["repositoriesOrError"]["nodes"]
        return [
            (kind, each["name"], each[f"{kind[:-1]}State"])
            for node in nodes
            for kind in queries.STOP
            for each in node[kind]
        ]


def _as_list(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]
