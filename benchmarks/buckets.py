"""`python -m benchmarks.buckets`: the same crawl with its files on the disk and in an object store.

Pages a second of a whole crawl with 16 requests in flight, and of a run that finds nothing to do,
which reads and verifies all page files; the two in turns. The store is late by 30 ms, and costs the
machine next to nothing (`plain_bucket`).
"""

from __future__ import annotations

import argparse
import statistics
from itertools import count

from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.measure import Command, succeed
from benchmarks.ours import crawl, prepare
from benchmarks.plain_bucket import plain_bucket
from benchmarks.server_process import Server, serving

WANTED_SHARE_OF_PAGES = 0.9
_numbers = count()


def _one_round(server: Server, pages: int, variables: dict[str, str]) -> tuple[float, float]:
    """Pages a second of a crawl, and seconds of a run with nothing to do."""
    job = Job(server.url, pages, 16, job_folder())
    prepare(job)
    server.reset()
    run = crawl(job)
    run = Command(run.arguments, {**run.environment, **variables})
    crawled = succeed(run, job.folder)
    if server.hits().downloads != pages:
        raise SystemExit("the crawl did not download each page once")
    again = succeed(run, job.folder)
    if server.hits().downloads != pages:
        raise SystemExit("a page that was done was downloaded again")
    return pages / crawled.wall_seconds, again.wall_seconds


def main() -> None:
    """Measure both in turns and print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.buckets", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pages", type=int, default=3_000)
    parser.add_argument("--latency-ms", type=float, default=100, help="of the shop")
    parser.add_argument("--store-latency-ms", type=float, default=30)
    asked = parser.parse_args()
    near: list[tuple[float, float]] = []
    far: list[tuple[float, float]] = []
    with (
        serving(asked.pages, asked.latency_ms) as server,
        plain_bucket(asked.store_latency_ms) as store,
    ):
        for _ in range(asked.runs):
            near.append(_one_round(server, asked.pages, {}))
            address = f"s3://bench/{next(_numbers)}"
            far.append(_one_round(server, asked.pages, {**store, "CATALOG_PIPELINE_DATA": address}))
    rate, idle = (statistics.median(each) for each in zip(*near, strict=True))
    far_rate, far_idle = (statistics.median(each) for each in zip(*far, strict=True))
    least = WANTED_SHARE_OF_PAGES * rate
    publish(
        "buckets",
        [
            Figure(f"{asked.pages:,} pages on the disk: pages/s", rate),
            Figure(f"{asked.pages:,} pages in a bucket: pages/s", far_rate, least, is_minimum=True),
            Figure(f"nothing to do, {asked.pages:,} pages on the disk: s", idle),
            Figure(f"nothing to do, {asked.pages:,} pages in a bucket: s", far_idle),
        ],
    )


if __name__ == "__main__":
    main()
