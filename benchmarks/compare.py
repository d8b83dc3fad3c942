"""The interleaved runs: every line once per round, each checked against the server's count."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.lines import Job, Line, job_folder
from benchmarks.measure import Cost, end_of_log, measure
from benchmarks.server_process import Server, serving
from benchmarks.shop import difference


@dataclass(frozen=True)
class Run:
    """One run of one line."""

    line: str
    pages: int
    pages_per_second: float
    cpu_ms_per_page: float
    peak_megabytes: float
    first_request_seconds: float
    downloads: int
    fault: str
    """What is wrong with it: the exit code, processes left behind, rows that differ."""


@dataclass(frozen=True)
class Load:
    """What is asked of every line."""

    pages: int
    concurrency: int
    latency_ms: float = 0


def compare(lines: Sequence[Line], load: Load, rounds: int) -> list[Run]:
    """All runs of the load, in the order in which they were made."""
    with serving(load.pages, load.latency_ms) as server:
        return list(_runs(lines, load, rounds, server))


def _runs(lines: Sequence[Line], load: Load, rounds: int, server: Server) -> Iterator[Run]:
    for number in range(1, rounds + 1):
        for line in lines:
            run = _run(line, load, server)
            print(f"round {number}: {run}", file=sys.stderr, flush=True)
            yield run


def _run(line: Line, load: Load, server: Server) -> Run:
    folder = job_folder()
    job = Job(server.url, load.pages, load.concurrency, folder)
    command = line.set_up(job)
    server.reset()
    cost = measure(command, folder)
    fault = _fault(line, job, cost)
    if fault:
        print(end_of_log(folder), file=sys.stderr)
    hits = server.hits()
    return Run(
        line=line.name,
        pages=load.pages,
        pages_per_second=load.pages / cost.wall_seconds,
        cpu_ms_per_page=cost.cpu_seconds * 1000 / load.pages,
        peak_megabytes=cost.peak_bytes / 1e6,
        first_request_seconds=hits.first_request - cost.started,
        downloads=hits.downloads,
        fault=fault,
    )


def _fault(line: Line, job: Job, cost: Cost) -> str:
    if cost.exit_code:
        return f"exit code {cost.exit_code}"
    if cost.left_behind:
        return f"{cost.left_behind} processes left behind"
    return difference(line.rows(job), job.pages)


def medians(runs: Sequence[Run]) -> list[Run]:
    """One run per line and number of pages: the medians; a fault of any run is kept."""
    groups: dict[tuple[int, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.pages, run.line), []).append(run)
    return [_median(group) for group in groups.values()]


def _median(group: list[Run]) -> Run:
    def middle(name: str) -> float:
        return statistics.median(getattr(run, name) for run in group)

    return Run(
        line=group[0].line,
        pages=group[0].pages,
        pages_per_second=middle("pages_per_second"),
        cpu_ms_per_page=middle("cpu_ms_per_page"),
        peak_megabytes=middle("peak_megabytes"),
        first_request_seconds=middle("first_request_seconds"),
        downloads=round(middle("downloads")),
        fault="; ".join(sorted({run.fault for run in group} - {""})),
    )
