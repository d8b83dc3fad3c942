"""One mistake in a catalogue's YAML, as it is told: where, what, and what would be right.

How mistakes are found and located is decided in `mistakes`; an error that carries some is
`catalog_pipeline.errors.CatalogueError`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mistake:
    """One mistake in a YAML: the dotted path of the key, what is wrong, what would be right.

    `meant` is the key that a misspelt one stands for without much doubt.
    """

    field: str
    problem: str
    allowed: str = ""
    path: Path | None = None
    line: int | None = None
    meant: str = ""

    @property
    def place(self) -> str:
        """The key, with file and line where they are known."""
        line = f", line {self.line}" if self.line is not None else ""
        if self.path is None:
            return self.field
        return f"{self.field} ({self.path}{line})" if self.field else f"{self.path}{line}"

    def __str__(self) -> str:
        hint = f" Allowed: {self.allowed}." if self.allowed else ""
        return f"{self.place}: {self.problem}.{hint}"
