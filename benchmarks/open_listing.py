"""`python -m benchmarks.open_listing`: what it costs that nobody says how long a listing is.

The same pages are crawled as a listing of a fixed length and as an open one, in turns, each time
into a home of its own; requests beyond the last page are those that look for the end.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from statistics import median

from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.measure import succeed
from benchmarks.ours import CATALOGUE, OUR_LINE, crawl, prepare
from benchmarks.server_process import Server, serving
from benchmarks.shop import difference

WANTED_TIMES = 1.1
WANTED_REQUESTS_BEYOND = 16


def crawl_once(
    server: Server, pages: int, concurrency: int, *, is_open: bool
) -> tuple[float, float, int]:
    """Seconds of one crawl, table included, by the clock and of the processor, and how many
    requests went beyond the last page."""
    job = Job(server.url, pages, concurrency, job_folder())
    prepare(job)
    if is_open:
        file = job.folder / "defs" / CATALOGUE / "defs.yaml"
        text = file.read_text()
        file.write_text(text.replace(f"last_page: {pages}", "pages: {kind: open, at_most: 200000}"))
    server.reset()
    cost = succeed(crawl(job), job.folder)
    wrong_rows = difference(OUR_LINE.rows(job), pages)
    if wrong_rows:
        raise SystemExit(f"not the rows of the shop: {wrong_rows}")
    # What the open crawl asks beyond robots.txt and one download of each page.
    return cost.wall_seconds, cost.cpu_seconds, server.hits().requests - pages - 1


def measured(server: Server, pages: int, concurrency: int, runs: int) -> list[Figure]:
    """The median of both, and what the open one costs more."""
    fixed, opened = [], []
    for _ in range(runs):
        fixed.append(crawl_once(server, pages, concurrency, is_open=False))
        opened.append(crawl_once(server, pages, concurrency, is_open=True))
    (clock, processor), (open_clock, open_processor) = map(_medians, (fixed, opened))
    beyond = max(requests for _, _, requests in opened)
    return [
        Figure("seconds of the fixed listing", clock),
        Figure("seconds of the open listing", open_clock, WANTED_TIMES * clock),
        Figure("processor seconds of the fixed listing", processor),
        Figure("processor seconds of the open listing", open_processor, WANTED_TIMES * processor),
        Figure("requests beyond its end", beyond, WANTED_REQUESTS_BEYOND),
    ]


def _medians(costs: Sequence[tuple[float, float, int]]) -> tuple[float, float]:
    return median(cost[0] for cost in costs), median(cost[1] for cost in costs)


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.open_listing", description=__doc__)
    parser.add_argument("--pages", type=int, default=10_000)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    with serving(asked.pages) as server:
        publish("open_listing", measured(server, asked.pages, asked.concurrency, asked.runs))


if __name__ == "__main__":
    main()
