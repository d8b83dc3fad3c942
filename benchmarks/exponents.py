"""`python -m benchmarks.exponents`: how time and memory grow with the number of pages.

A crawl, `status` and the build of the table at several sizes. Where twice the pages take twice the
time, the exponent is 1; more than that ends the report with exit code 1. Of each there are two: the
fit over all sizes, and the step between the two largest, which what is fixed does not flatter. How
a home grows with its refreshes is in `growth`.
"""

from __future__ import annotations

import argparse
import math
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence

from benchmarks import large
from benchmarks.figures import Figure, publish
from benchmarks.lines import Job, job_folder
from benchmarks.measure import Cost
from benchmarks.server_process import serving

MOST = 1.05
WORK = {"crawl": "the crawl", "status": "`status`", "build": "the table's build"}
KINDS = {
    "wall_seconds": "seconds",
    "cpu_seconds": "processor seconds",
    "peak_bytes": "peak memory",
}


def exponent(sizes: Sequence[int], values: Sequence[float]) -> float:
    """The slope of the line of least squares through the logarithms."""
    xs, ys = ([math.log(each) for each in every] for every in (sizes, values))
    return statistics.linear_regression(xs, ys).slope


def figures(costs: Mapping[int, large.Costs]) -> Iterator[Figure]:
    """Each measured value at each size, and the exponents with their bound."""
    sizes = sorted(costs)
    for name, work in WORK.items():
        for attribute, kind in KINDS.items():
            values = [_value(getattr(costs[size], name), attribute) for size in sizes]
            for size, value in zip(sizes, values, strict=True):
                shown = value / 1e6 if attribute == "peak_bytes" else value
                unit = ", MB" if attribute == "peak_bytes" else ""
                yield Figure(f"{kind} of {work}, {size:,} pages{unit}", shown)
            yield Figure(f"exponent of {kind} of {work}", exponent(sizes, values), MOST)
            step = exponent(sizes[-2:], values[-2:])
            yield Figure(f"exponent of {kind} of {work}, largest step", step, MOST)


def _value(cost: Cost, attribute: str) -> float:
    return float(getattr(cost, attribute))


def measured(pages: int, concurrency: int) -> large.Costs:
    """What a catalogue of that size costs."""
    with serving(pages) as server:
        return large.measured(Job(server.url, pages, concurrency, job_folder()), server)


def main() -> int:
    """Measure each size once; 1 if something grows faster than it may."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.exponents", description=__doc__)
    parser.add_argument("--pages", default="1000,10000,100000", help="sizes of the catalogue")
    parser.add_argument("--concurrency", type=int, default=16)
    asked = parser.parse_args()
    sizes = sorted({int(size) for size in asked.pages.split(",")})
    if len(sizes) < 2:
        parser.error("--pages names at least two sizes")
    costs = {}
    for size in sizes:
        costs[size] = measured(size, asked.concurrency)
        print(f"{size:,} pages: {costs[size]}", file=sys.stderr, flush=True)
    found = list(figures(costs))
    publish("exponents", found)
    return 0 if all(figure.is_reached for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main())
