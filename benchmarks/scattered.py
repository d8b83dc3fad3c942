"""`python -m benchmarks.scattered`: 10,000 pages of which 100 scattered ones are missing.

The first run crawls all the others; the second, which is measured, what is due.
"""

from __future__ import annotations

import argparse

from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.measure import succeed
from benchmarks.ours import OUR_LINE, crawl, environment
from benchmarks.server_process import Server, serving
from benchmarks.shop import difference

WANTED_FIRST_REQUEST_SECONDS = 10.0
WANTED_PEAK_MEGABYTES = 400.0


def all_but(missing: set[int], pages: int) -> str:
    """The other pages as `--pages` takes them; no two of `missing` are neighbours."""
    ranges, first = [], 1
    for page in [*sorted(missing), pages + 1]:
        if first < page:
            ranges.append(f"{first}-{page - 1}")
        first = page + 1
    return ",".join(ranges)


def number_of_crawls(job: Job) -> int:
    """How many runs of the job's instance crawled; those that built the table do not count."""
    import dagster as dg

    home = environment(job.folder)["DAGSTER_HOME"]
    pages = dg.AssetKey(["bench", "product_pages"])
    with dg.DagsterInstance.from_config(home) as instance:
        return sum(pages in (run.asset_selection or ()) for run in instance.get_runs())


def resume(job: Job, server: Server, missing: set[int]) -> list[Figure]:
    """Crawl all but the missing pages, then measure the run that takes what is due."""
    OUR_LINE.set_up(job)
    succeed(crawl(job, "--pages", all_but(missing, job.pages)), job.folder)
    runs = number_of_crawls(job)
    server.reset()
    cost = succeed(crawl(job), job.folder)
    hits = server.hits()
    wrong_rows = difference(OUR_LINE.rows(job), job.pages)
    if wrong_rows or {page for page, _, _ in hits.per_page} != missing:
        raise SystemExit(f"not what was due: {wrong_rows} {hits.per_page}")
    first_request = hits.first_request - cost.started
    return [
        Figure("runs for the missing pages", number_of_crawls(job) - runs, 1),
        Figure("downloads", hits.downloads, len(missing)),
        Figure("seconds to the first request", first_request, WANTED_FIRST_REQUEST_SECONDS),
        Figure("seconds of the resume, table included", cost.wall_seconds),
        Figure("peak memory, MB", cost.peak_bytes / 1e6, WANTED_PEAK_MEGABYTES),
    ]


def main() -> None:
    """Measure once and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scattered", description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--missing", type=int, default=100)
    parser.add_argument("--concurrency", type=int, default=16)
    asked = parser.parse_args()
    every_nth = asked.pages // asked.missing
    missing = {every_nth * number + 1 for number in range(asked.missing)}
    with serving(asked.pages) as server:
        job = Job(server.url, asked.pages, asked.concurrency, job_folder())
        publish("scattered", resume(job, server, missing))


if __name__ == "__main__":
    main()
