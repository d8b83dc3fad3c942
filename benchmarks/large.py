"""`python -m benchmarks.large`: status and table of 100,000 pages, 2,000,000 rows.

The pages come from a real crawl. Then the table is removed and built again by a run in which no
page is due.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.measure import Command, Cost, succeed
from benchmarks.ours import CATALOGUE, OUR_LINE, command, crawl, environment, table
from benchmarks.server_process import Server, serving
from benchmarks.shop import difference

WANTED_STATUS_SECONDS = 5.0
WANTED_TABLE_SECONDS = 60.0
WANTED_TABLE_MEGABYTES = 1500.0


@dataclass(frozen=True)
class Costs:
    """Of a crawl, of `status` after it, and of the build of its table by itself."""

    crawl: Cost
    status: Cost
    build: Cost


def measured(job: Job, server: Server) -> Costs:
    """Crawl everything; measure `status`, and the build of the table alone."""
    crawled = succeed(OUR_LINE.set_up(job), job.folder)
    asked = Command(command("status", CATALOGUE, "--json"), environment(job.folder))
    status = succeed(asked, job.folder)
    table(job).unlink()
    server.reset()
    build = succeed(crawl(job), job.folder)
    wrong_rows = difference(OUR_LINE.rows(job), job.pages)
    if wrong_rows or server.hits().requests:
        raise SystemExit(f"not just a build: {wrong_rows} {server.hits()}")
    return Costs(crawled, status, build)


def figures(costs: Costs) -> list[Figure]:
    """What it came to, against what is wanted."""
    status, build, crawled = costs.status, costs.build, costs.crawl
    return [
        Figure("seconds of `status`", status.wall_seconds, WANTED_STATUS_SECONDS),
        Figure("peak memory of `status`, MB", status.peak_bytes / 1e6),
        Figure("seconds of the table's build", build.wall_seconds, WANTED_TABLE_SECONDS),
        Figure("peak memory of the build, MB", build.peak_bytes / 1e6, WANTED_TABLE_MEGABYTES),
        Figure("seconds of the crawl before it", crawled.wall_seconds),
        Figure("peak memory of the crawl, MB", crawled.peak_bytes / 1e6),
    ]


def main() -> None:
    """Measure once and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--concurrency", type=int, default=16)
    asked = parser.parse_args()
    with serving(asked.pages) as server:
        job = Job(server.url, asked.pages, asked.concurrency, job_folder())
        publish("large", figures(measured(job, server)))


if __name__ == "__main__":
    main()
