"""A figure to reach: what was measured against what is wanted, and the table of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from benchmarks import machine, report, server_process


@dataclass(frozen=True)
class Figure:
    """One measured value and its bound, if it has one, in the unit that `what` names."""

    what: str
    measured: float
    bound: float | None = None
    is_minimum: bool = False
    """Whether the bound is one from below."""

    @property
    def is_reached(self) -> bool:
        """Whether the measured value keeps to the bound."""
        if self.bound is None:
            return True
        return self.measured >= self.bound if self.is_minimum else self.measured <= self.bound


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    lines = [report.table_line(("Figure", "Measured", "Wanted", "Reached"))]
    lines.append(report.table_line(("---", "--:", "--:", "---")))
    lines += [report.table_line(_cells(figure)) for figure in figures]
    return "\n".join(lines) + "\n"


def _cells(figure: Figure) -> tuple[str, ...]:
    measured = f"{figure.measured:,.2f}"
    if figure.bound is None:
        return (figure.what, measured, "", "")
    wanted = f"{'≥' if figure.is_minimum else '≤'} {figure.bound:,.2f}"
    return (figure.what, measured, wanted, "yes" if figure.is_reached else "**no**")


def publish(name: str, figures: Sequence[Figure]) -> None:
    """Print the figures with the machine's facts and keep them as a report of that name."""
    facts = machine.description(server_process.FOLDER)
    text = table(figures) + "\n" + "\n".join(f"- {key}: {value}" for key, value in facts.items())
    kept = {"machine": facts, "figures": [asdict(figure) for figure in figures]}
    print(text)
    print(f"kept as {report.write(name, text + chr(10), kept)}")
