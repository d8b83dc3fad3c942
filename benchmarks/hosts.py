"""`python -m benchmarks.hosts`: one catalogue crawled by one machine, and by three at once.

Pages a second from the start of the commands to the end of the last, which builds the table. The
machines share PostgreSQL and a folder of page files, and all of them this machine's processors:
with more requests in flight on each these are what is measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import time
from pathlib import Path

from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.measure import end_of_log
from benchmarks.ours import CATALOGUE, crawl, prepare
from benchmarks.server_process import Server, serving
from catalog_pipeline_tests.postgres_server import (
    Database,
    PostgresServer,
    postgres_server,
    write_postgres_home,
)

HOSTS = 3
WANTED_TIMES = 2.6


def _host(job: Job, database: Database, pages: Path) -> Job:
    """A machine with a home of its own, and the page files of all."""
    prepare(job)
    (job.folder / "dagster_home" / "dagster.yaml").unlink()
    (job.folder / "dagster_home").rmdir()
    write_postgres_home(job.folder / "dagster_home", database)
    defs = job.folder / "defs" / CATALOGUE / "defs.yaml"
    defs.write_text(f"{defs.read_text().rstrip()}\n  runs_at_once: {HOSTS}\n")
    data = job.folder / "data" / CATALOGUE
    data.mkdir(parents=True)
    (data / "pages").symlink_to(pages)
    return job


def _pages_per_second(
    server: Server, engine: PostgresServer, pages: int, concurrency: int, hosts: int
) -> float:
    """Of a crawl by so many machines, each of which crawls its share."""
    database, common = engine.new_database(), job_folder()
    jobs = [
        _host(Job(server.url, pages, concurrency, job_folder()), database, common)
        for _ in range(hosts)
    ]
    server.reset()
    share = pages // hosts
    began_at = time.monotonic()
    running = [
        _started(job, number * share + 1, pages if number == hosts - 1 else (number + 1) * share)
        for number, job in enumerate(jobs)
    ]
    codes = [process.wait() for process in running]
    seconds = time.monotonic() - began_at
    if any(codes):
        raise SystemExit("\n".join(end_of_log(job.folder) for job in jobs))
    if server.hits().downloads != pages:
        raise SystemExit("the crawl did not download each page once")
    return pages / seconds


def _started(job: Job, first: int, last: int) -> subprocess.Popen[bytes]:
    run = crawl(job, "--pages", f"{first}-{last}")
    with (job.folder / "log.txt").open("wb") as log:
        return subprocess.Popen(
            run.arguments,
            cwd=job.folder,
            env={**os.environ, **run.environment},
            stdout=log,
            stderr=log,
        )


def main() -> None:
    """Measure both in turns and print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hosts", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pages", type=int, default=3_000)
    parser.add_argument("--concurrency", type=int, default=4, help="of each machine")
    parser.add_argument("--latency-ms", type=float, default=100)
    asked = parser.parse_args()
    one, several = list[float](), list[float]()
    with serving(asked.pages, asked.latency_ms) as server, postgres_server() as engine:
        for _ in range(asked.runs):
            one.append(_pages_per_second(server, engine, asked.pages, asked.concurrency, 1))
            several.append(_pages_per_second(server, engine, asked.pages, asked.concurrency, HOSTS))
    rate, rate_of_several = statistics.median(one), statistics.median(several)
    title = f"{asked.pages:,} pages, {asked.concurrency} in flight on each"
    times = Figure(
        f"{HOSTS} hosts: times one", rate_of_several / rate, WANTED_TIMES, is_minimum=True
    )
    publish(
        "hosts",
        [
            Figure(f"{title}, one host: pages/s", rate),
            Figure(f"{title}, {HOSTS} hosts: pages/s", rate_of_several),
            times,
        ],
    )


if __name__ == "__main__":
    main()
