"""`python -m benchmarks`: the same crawl in every crawler, and the table that the README shows."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from benchmarks import machine, peers_environment, report, server_process
from benchmarks.compare import Load, Run, compare
from benchmarks.lines import Line
from benchmarks.ours import OUR_LINE
from benchmarks.peer_lines import PEER_LINES

LINES = (OUR_LINE, *PEER_LINES)


def chosen_lines(names: str) -> list[Line]:
    """The lines of that comma-separated list."""
    known = {line.name: line for line in LINES}
    unknown = set(names.split(",")) - set(known)
    if unknown:
        raise SystemExit(f"no such line: {', '.join(unknown)}; known: {', '.join(known)}")
    return [known[name] for name in names.split(",")]


def options() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="rounds over all lines")
    parser.add_argument("--pages", default="50,2000,10000", help="sizes of the crawl")
    parser.add_argument("--only", default=",".join(line.name for line in LINES), help="lines")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--name", default="comparison", help="of the report's files")
    return parser.parse_args()


def all_runs(lines: Sequence[Line], asked: argparse.Namespace) -> list[Run]:
    """Every size with the lines that crawl any size; then the lines with a size of their own."""
    sizes = [
        (int(pages), [line for line in lines if not line.only_pages])
        for pages in asked.pages.split(",")
    ]
    sizes += [(line.only_pages, [line]) for line in lines if line.only_pages]
    runs: list[Run] = []
    for pages, these in sizes:
        load = Load(pages, asked.concurrency, asked.latency_ms)
        runs += compare(these, load, asked.runs) if these else []
    return runs


def main() -> None:
    """Install the peers, run the benchmark, print and keep the report."""
    asked = options()
    lines = chosen_lines(asked.only)
    peers_environment.install()
    facts = machine.description(server_process.FOLDER)
    ceiling = server_process.ceiling(2000)
    facts["server alone"] = f"{ceiling:,} pages/s to 16 connections"
    facts["runs"] = f"median of {asked.runs}, interleaved; concurrency {asked.concurrency}"
    if asked.latency_ms:
        facts["latency"] = f"{asked.latency_ms:g} ms"
    runs = all_runs(lines, asked)
    text = report.markdown(runs, lines, facts)
    print(text)
    print(f"kept as {report.write(asked.name, text, report.figures(runs, facts))}")


if __name__ == "__main__":
    main()
