"""The report: a Markdown table for the README and the same figures as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.compare import Run, medians
from benchmarks.lines import Line

RESULTS = Path(__file__).parent / "results"
FOR_SPEED = "scrapy"
FOR_COST = "loop-wal"
FLOOR = "floor"

HEADINGS = (
    "Pages",
    "Crawler",
    "Pages/s",
    "Speed / Scrapy",
    "Speed / loop (WAL)",
    "Speed / floor",
    "CPU ms/page",
    "CPU / loop (WAL)",
    "Peak MB",
    "First request s",
    "Downloads",
    "Rows exact",
    "Synced of each page",
)
_WORDS = (0, 1, len(HEADINGS) - 2, len(HEADINGS) - 1)
"""Columns that are read and not compared."""


def markdown(runs: Sequence[Run], chosen: Sequence[Line], facts: Mapping[str, str]) -> str:
    """The table of the medians, with the machine below it."""
    rows, by_name = medians(runs), {line.name: line for line in chosen}
    rule = ("---" if number in _WORDS else "--:" for number in range(len(HEADINGS)))
    lines = [table_line(HEADINGS), table_line(rule)]
    lines += [table_line(_cells(row, rows, by_name[row.line])) for row in rows]
    lines += ["", *(f"- {name}: {value}" for name, value in facts.items())]
    return "\n".join(lines) + "\n"


def table_line(cells: Iterable[str]) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def write(name: str, text: str, figures: object) -> Path:
    """Keep a report as `results/<name>.md` and its figures as `.json`; the first one's path."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(figures, indent=1) + "\n")
    path = RESULTS / f"{name}.md"
    path.write_text(text)
    return path


def figures(runs: Sequence[Run], facts: Mapping[str, str]) -> dict[str, object]:
    """Everything that was measured, run by run, and the medians."""
    return {
        "machine": dict(facts),
        "medians": [asdict(run) for run in medians(runs)],
        "runs": [asdict(run) for run in runs],
    }


def _cells(row: Run, rows: Sequence[Run], line: Line) -> list[str]:
    yardsticks = {other.line: other for other in rows if other.pages == row.pages}
    loop = yardsticks.get(FOR_COST)
    speeds = (yardsticks.get(name) for name in (FOR_SPEED, FOR_COST, FLOOR))
    return [
        f"{row.pages:,}",
        line.title,
        f"{row.pages_per_second:,.{0 if row.pages_per_second >= 10 else 2}f}",
        *(f"{row.pages_per_second / each.pages_per_second:.2f}" if each else "" for each in speeds),
        f"{row.cpu_ms_per_page:,.1f}",
        f"{row.cpu_ms_per_page / loop.cpu_ms_per_page:.2f}" if loop else "",
        f"{row.peak_megabytes:,.0f}",
        f"{row.first_request_seconds:.2f}",
        f"{row.downloads:,}",
        "yes" if not row.fault else f"**no**: {row.fault}",
        line.durable,
    ]
