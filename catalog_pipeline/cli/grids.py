"""Rows of a table on a terminal: as many columns as fit side by side, the others below."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table

_WIDEST_CELL = 36
_GAP = 2
_WIDTH_OF_FILES = 160
"""Columns of output that goes to a file or pipe, where no terminal sets a width."""


def output_console() -> Console:
    """A console on standard output."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_WIDTH_OF_FILES)


def print_rows(
    console: Console, rows: Sequence[Mapping[str, object]], *, only_first: bool = False
) -> None:
    """Print rows that have the same columns; long cells are cut.

    With `only_first` columns that do not fit beside the others are named instead of shown.
    """
    if not rows:
        return
    cells = [{name: _text(value) for name, value in row.items()} for row in rows]
    blocks = list(_blocks(cells, console.width))
    for names in blocks[:1] if only_first else blocks:
        grid = Table(box=None, header_style="bold", padding=(0, _GAP, 0, 0))
        for name in names:
            grid.add_column(name, no_wrap=True, overflow="ellipsis", max_width=_WIDEST_CELL)
        for row in cells:
            grid.add_row(*(row[name] for name in names))
        console.print(grid)
    left = [name for names in blocks[1:] for name in names]
    if only_first and left:
        console.print(f"[dim]further columns: {', '.join(left)}[/dim]", soft_wrap=True)


def _blocks(cells: Sequence[Mapping[str, str]], width: int) -> Iterator[list[str]]:
    """The columns in groups that fit the width."""
    names: list[str] = []
    used = 0
    for name in cells[0]:
        needed = min(_WIDEST_CELL, max(len(name), *(len(row[name]) for row in cells))) + _GAP
        if names and used + needed > width:
            yield names
            names, used = [], 0
        names.append(name)
        used += needed
    yield names


def _text(value: object) -> str:
    return "" if value is None else str(value).replace("\n", " ")
