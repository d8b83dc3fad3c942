"""`python -m benchmarks.backfill`: a backfill of 10,000 pages, launched as the web UI does it.

Measured is the time from the creation of the run by the daemon to the first request. Dagster
keeps a run's creation in whole seconds, rounded down, so the figure is up to a second too high.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.ours import CATALOGUE, PROJECT, environment, prepare
from benchmarks.server_process import Server, serving

WANTED_SECONDS = 15.0
SECONDS_OF_PATIENCE = 300.0
LOCATIONS = """{ repositoriesOrError { ... on RepositoryConnection {
    nodes { name location { name } assetNodes { assetKey { path } } } } } }"""
LAUNCH = """mutation ($params: LaunchBackfillParams!) {
    launchPartitionBackfill(backfillParams: $params) {
        __typename ... on LaunchBackfillSuccess { backfillId } ... on PythonError { message } } }"""
RUNS = "{ runsOrError { ... on Runs { results { runId status creationTime startTime } } } }"
T = TypeVar("T")


class WebServer:
    """The GraphQL of a running `dagster dev`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def ask(self, query: str, variables: dict[str, Any] | None = None) -> Any:
        """The data of one query; None while the server is not up."""
        body = json.dumps({"query": query, "variables": variables or {}}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/graphql", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["data"]
        except urllib.error.URLError:
            return None

    def has_catalogue(self) -> bool:
        """Whether the code location with the benchmark's catalogue is loaded."""
        data = self.ask(LOCATIONS)
        repositories = data["repositoriesOrError"].get("nodes", []) if data else []
        paths = [node["assetKey"]["path"] for each in repositories for node in each["assetNodes"]]
        return [CATALOGUE, "product_pages"] in paths

    def launch(self, pages: int) -> None:
        """Ask for all pages, as the dialog's "Launch backfill" does."""
        params = {
            "assetSelection": [{"path": [CATALOGUE, "product_pages"]}],
            "partitionNames": [str(page) for page in range(1, pages + 1)],
        }
        data = self.ask(LAUNCH, {"params": params})
        if data["launchPartitionBackfill"]["__typename"] != "LaunchBackfillSuccess":
            raise SystemExit(f"the backfill was refused: {data}")

    def runs(self) -> list[dict[str, Any]]:
        """The instance's runs."""
        data = self.ask(RUNS)
        found: list[dict[str, Any]] = data["runsOrError"]["results"]
        return found


def wait_for(what: str, look: Callable[[], T]) -> T:
    """What `look` gives once it is true."""
    deadline = time.monotonic() + SECONDS_OF_PATIENCE
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise SystemExit(f"waited {SECONDS_OF_PATIENCE:g} s in vain for {what}")


@contextmanager
def services(job: Job) -> Iterator[WebServer]:
    """Web server and daemon on the job's instance."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    dagster = str(Path(sys.executable).with_name("dagster"))
    command = [dagster, "dev", "-w", "workspace.yaml", "-h", "127.0.0.1", "-p", str(port)]
    own = {f"CATALOG_PIPELINE_{CATALOGUE.upper()}_BASE_URL": job.base_url}
    variables = {**os.environ, **environment(job.folder), **own}
    with (
        (job.folder / "services.txt").open("w") as log,
        subprocess.Popen(command, cwd=PROJECT, env=variables, stdout=log, stderr=log) as process,
    ):
        try:
            server = WebServer(f"http://127.0.0.1:{port}")
            wait_for("the code location", server.has_catalogue)
            yield server
        finally:
            process.terminate()


def measured(job: Job, shop: Server) -> list[Figure]:
    """Launch a backfill and wait for its end."""
    prepare(job)
    with services(job) as server:
        launched = time.time()
        server.launch(job.pages)
        run = wait_for("the run", server.runs)[0]
        wait_for("the first request", lambda: shop.hits().requests)
        first_request = shop.hits().first_request
        wait_for("all downloads", lambda: shop.hits().downloads == job.pages)
        end = time.time()
    return [
        Figure(
            "seconds from the run's creation to the first request",
            first_request - run["creationTime"],
            WANTED_SECONDS,
        ),
        Figure("seconds from the click to the first request", first_request - launched),
        Figure("seconds from the first to the last download", end - first_request),
    ]


def main() -> None:
    """Measure once and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.backfill", description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=16)
    asked = parser.parse_args()
    with serving(asked.pages) as shop:
        job = Job(shop.url, asked.pages, asked.concurrency, job_folder())
        publish("backfill", measured(job, shop))


if __name__ == "__main__":
    main()
