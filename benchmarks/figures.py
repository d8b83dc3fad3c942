"""A figure to reach: what was measured against what is wanted, and the table of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks import machine, report, server_process


@dataclass(frozen=True)
class Figure:
    """One measured value and its bound, both in the unit that `what` names."""

    what: str
    measured: float
    bound: float
    is_minimum: bool = False
    """Whether the bound is one from below."""

    @property
    def is_reached(self) -> bool:
        """Whether the measured value keeps to the bound."""
        return self.measured >= self.bound if self.is_minimum else self.measured <= self.bound


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = [report.table_line(("Figure", "Measured", "Wanted", "Reached"))]
    lines.append(report.table_line(("---", "--:", "--:", "---")))
    for figure in figures:
        sign = "≥" if figure.is_minimum else "≤"
        cells = (figure.what, f"{figure.measured:,.2f}", f"{sign} {figure.bound:,.2f}")
        lines.append(report.table_line((*cells, "yes" if figure.is_reached else "**no**")))
    return "\n".join(lines) + "\n"


def publish(name: str, figures: Sequence[Figure]) -> None:
    """Print the figures with the machine's facts and keep them as a report of that name."""
    facts = machine.description(server_process.FOLDER)
    text = table(figures) + "\n" + "\n".join(f"- {key}: {value}" for key, value in facts.items())
    kept = {"machine": facts, "figures": [asdict(figure) for figure in figures]}
    print(text)
    print(f"kept as {report.write(name, text + chr(10), kept)}")
