"""`python -m benchmarks.steady`: the rate between start and end of a crawl at 100 ms latency.

Only the server's clock counts, between the first and the last tenth of the downloads, so that
neither start-up nor the table is in it. Ideal: concurrency / latency.
"""

from __future__ import annotations

import argparse
import statistics

from benchmarks import peers_environment
from benchmarks.__main__ import chosen_lines
from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, Line, job_folder
from benchmarks.measure import succeed
from benchmarks.ours import OUR_LINE
from benchmarks.server_process import Server, serving

WANTED_SHARE = 0.95


def steady_rate(line: Line, server: Server, pages: int, concurrency: int) -> float:
    """Pages per second of one crawl in its steady state."""
    folder = job_folder()
    command = line.set_up(Job(server.url, pages, concurrency, folder))
    server.reset()
    succeed(command, folder)
    return server.hits().steady_pages_per_second


def main() -> None:
    """Measure the lines asked for, interleaved, and print their median rates."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steady", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--only", default="ours,scrapy")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--latency-ms", type=float, default=100)
    asked = parser.parse_args()
    lines = chosen_lines(asked.only)
    peers_environment.install()
    rates: dict[str, list[float]] = {line.title: [] for line in lines}
    with serving(asked.pages, asked.latency_ms) as server:
        for _ in range(asked.runs):
            for line in lines:
                rate = steady_rate(line, server, asked.pages, asked.concurrency)
                rates[line.title].append(rate)
    ideal = asked.concurrency / asked.latency_ms * 1000
    publish("steady", [_figure(title, values, ideal) for title, values in rates.items()])


def _figure(title: str, values: list[float], ideal: float) -> Figure:
    """The median rate; a bound is set to our own line only."""
    what = f"{title}: pages/s in the steady state, ideal {ideal:g}"
    bound = WANTED_SHARE * ideal if title == OUR_LINE.title else None
    return Figure(what, statistics.median(values), bound, is_minimum=True)


if __name__ == "__main__":
    main()
