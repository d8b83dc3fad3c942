"""`python -m benchmarks.startup`: what a small crawl, and one with nothing to do, cost in time."""

from __future__ import annotations

import argparse
import statistics
from dataclasses import dataclass

from benchmarks import peers_environment
from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.measure import succeed
from benchmarks.ours import IMPORT_OF_DAGSTER, OUR_LINE, crawl
from benchmarks.peer_lines import SCRAPY
from benchmarks.server_process import Server, serving

WANTED_RUN_RATIO = 2.0
WANTED_START_RATIO = 1.5


@dataclass(frozen=True)
class Round:
    """Seconds of one round."""

    scrapy: float
    run: float
    first_request: float
    nothing_due: float
    import_of_dagster: float


def one_round(server: Server, pages: int, concurrency: int) -> Round:
    """Each of the four commands once."""
    folder = job_folder()
    scrapy = succeed(SCRAPY.set_up(Job(server.url, pages, concurrency, folder)), folder)
    folder = job_folder()
    job = Job(server.url, pages, concurrency, folder)
    command = OUR_LINE.set_up(job)
    server.reset()
    run = succeed(command, folder)
    first_request = server.hits().first_request - run.started
    again = succeed(crawl(job), folder)
    if server.hits().downloads != pages:
        raise SystemExit("the second run downloaded pages that were done")
    bare = succeed(IMPORT_OF_DAGSTER, folder)
    return Round(
        scrapy.wall_seconds,
        run.wall_seconds,
        first_request,
        again.wall_seconds,
        bare.wall_seconds,
    )


def main() -> None:
    """Measure several rounds and print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.startup", description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--pages", type=int, default=50)
    parser.add_argument("--concurrency", type=int, default=16)
    asked = parser.parse_args()
    peers_environment.install()
    with serving(asked.pages) as server:
        rounds = [one_round(server, asked.pages, asked.concurrency) for _ in range(asked.runs)]

    def median(name: str) -> float:
        return statistics.median(getattr(each, name) for each in rounds)

    crawl_bound = WANTED_RUN_RATIO * median("scrapy")
    start_bound = WANTED_START_RATIO * median("import_of_dagster")
    times_scrapy = f"{WANTED_RUN_RATIO:g} times Scrapy"
    times_import = f"{WANTED_START_RATIO:g} times `import dagster`"
    publish(
        "startup",
        [
            Figure(
                f"seconds of a run of {asked.pages} pages ({times_scrapy})",
                median("run"),
                crawl_bound,
            ),
            Figure(
                f"seconds to the first request ({times_import})",
                median("first_request"),
                start_bound,
            ),
            Figure(
                f"seconds of a run with nothing due ({times_import})",
                median("nothing_due"),
                start_bound,
            ),
        ],
    )


if __name__ == "__main__":
    main()
