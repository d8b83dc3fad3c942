"""`python -m benchmarks.storages`: the same crawl with its instance in SQLite and in PostgreSQL.

Pages a second of a whole crawl, and what `status` and a run with nothing to do cost afterwards, the
two in turns. PostgreSQL is a server of the benchmark's own, which waits for the disk at each commit
as SQLite does. Not here: other crawlers (`__main__`).
"""

from __future__ import annotations

import argparse
import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.measure import Command, succeed
from benchmarks.ours import CATALOGUE, PROJECT, command, crawl, environment, prepare
from benchmarks.server_process import Server, serving
from catalog_pipeline_tests.postgres_server import PostgresServer, postgres_server

WANTED_SHARE_OF_PAGES = 0.8
WANTED_RATIO_OF_SECONDS = 1.5
SETTINGS = PROJECT / "deploy" / "postgres" / "dagster.yaml"


@dataclass(frozen=True)
class Round:
    """What one crawl came to, and seconds of what follows it."""

    pages_per_second: float
    status: float
    nothing_due: float


def one_round(server: Server, job: Job, variables: dict[str, str]) -> Round:
    """A crawl, a look at it, and a run that finds nothing to do."""
    server.reset()
    crawled = succeed(_with(crawl(job), variables), job.folder)
    if server.hits().downloads != job.pages:
        raise SystemExit("the crawl did not download each page once")
    look = Command(command("status", CATALOGUE, "--json"), environment(job.folder))
    status = succeed(_with(look, variables), job.folder)
    again = succeed(_with(crawl(job), variables), job.folder)
    return Round(job.pages / crawled.wall_seconds, status.wall_seconds, again.wall_seconds)


def _with(what: Command, variables: dict[str, str]) -> Command:
    return Command(what.arguments, {**what.environment, **variables})


def _in_sqlite(server: Server, pages: int) -> Round:
    job = Job(server.url, pages, 16, job_folder())
    prepare(job)
    return one_round(server, job, {})


def _in_postgres(server: Server, pages: int, postgres: PostgresServer) -> Round:
    job = Job(server.url, pages, 16, job_folder())
    prepare(job)
    home = Path(environment(job.folder)["DAGSTER_HOME"])
    shutil.copy(SETTINGS, home / "dagster.yaml")
    return one_round(server, job, postgres.new_database().environ)


def main() -> None:
    """Measure both in turns and print the medians."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storages", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--pages", type=int, default=10_000)
    asked = parser.parse_args()
    files: list[Round] = []
    database: list[Round] = []
    with serving(asked.pages) as server, postgres_server("shared_buffers=128MB") as postgres:
        for _ in range(asked.runs):
            files.append(_in_sqlite(server, asked.pages))
            database.append(_in_postgres(server, asked.pages, postgres))
    publish("storages", _figures(asked.pages, files, database))


def _figures(pages: int, files: list[Round], database: list[Round]) -> list[Figure]:
    def median(rounds: list[Round], name: str) -> float:
        return statistics.median(getattr(each, name) for each in rounds)

    rate = median(files, "pages_per_second")
    figures = [
        Figure(f"{pages:,} pages in SQLite: pages/s", rate),
        Figure(
            f"{pages:,} pages in PostgreSQL: pages/s",
            median(database, "pages_per_second"),
            WANTED_SHARE_OF_PAGES * rate,
            is_minimum=True,
        ),
    ]
    for name, what in (("status", "`status`"), ("nothing_due", "a run with nothing to do")):
        seconds = median(files, name)
        bound = WANTED_RATIO_OF_SECONDS * seconds
        figures += [
            Figure(f"{what} of {pages:,} pages in SQLite: s", seconds),
            Figure(f"{what} of {pages:,} pages in PostgreSQL: s", median(database, name), bound),
        ]
    return figures


if __name__ == "__main__":
    main()
