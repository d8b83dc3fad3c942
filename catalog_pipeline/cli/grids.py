"""Rows of a table on a terminal: as many columns as fit side by side, the others below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from catalog_pipeline.cli.terminal import GuardedConsole
from catalog_pipeline.showing import as_line

_WIDEST_CELL = 36
_NARROWEST_CELL = 10
_GAP = 2
_WIDTH_OF_FILES = 160
"""Columns of output that goes to a file or pipe, where no terminal sets a width."""


def output_console() -> GuardedConsole:
    """A console on standard output."""
    console = GuardedConsole(highlight=False)
    return (
        console if console.is_terminal else GuardedConsole(highlight=False, width=_WIDTH_OF_FILES)
    )


def print_rows(console: Console, rows: Sequence[Mapping[str, object]]) -> None:
    """Print all columns of rows that have the same ones; long cells are cut.

    Columns that do not fit beside the others follow below, each time after the first column.
    """
    if not rows:
        return
    cells = _cells(rows)
    first, *others = cells[0]
    names, room = [first], console.width - _needed(cells, first)
    for name in others:
        if len(names) > 1 and _needed(cells, name) > room:
            _print_grid(console, cells, names)
            console.print()
            names, room = [first], console.width - _needed(cells, first)
        names.append(name)
        room -= _needed(cells, name)
    _print_grid(console, cells, names)


def print_rows_fitted(console: Console, rows: Sequence[Mapping[str, object]]) -> None:
    """Print all columns side by side, the widest ones cut so that they fit; below if none can."""
    if not rows:
        return
    cells = _cells(rows)
    widths = {name: _needed(cells, name) - _GAP for name in cells[0]}
    while sum(widths.values()) + _GAP * len(widths) > console.width:
        widest = max(widths, key=lambda name: widths[name])
        if widths[widest] <= _NARROWEST_CELL:
            print_rows(console, rows)
            return
        widths[widest] -= 1
    _print_grid(console, cells, list(widths), widths)


def print_rows_in_brief(console: Console, rows: Sequence[Mapping[str, object]]) -> None:
    """Print the columns that fit, addresses last, and name the others."""
    if not rows:
        return
    cells = _cells(rows)
    chosen: set[str] = set()
    room = console.width
    for name in sorted(cells[0], key=lambda name: _is_address(cells, name)):
        if _needed(cells, name) <= room:
            chosen.add(name)
            room -= _needed(cells, name)
    _print_grid(console, cells, [name for name in cells[0] if name in chosen])
    left = [name for name in cells[0] if name not in chosen]
    if left:
        console.print(f"[dim]further columns: {', '.join(left)}[/dim]", soft_wrap=True)


def _print_grid(
    console: Console,
    cells: Sequence[Mapping[str, str]],
    names: list[str],
    widths: Mapping[str, int] | None = None,
) -> None:
    most = widths or {}
    grid = Table(box=None, header_style="bold", padding=(0, _GAP, 0, 0))
    for name in names:
        width = most.get(name, _WIDEST_CELL)
        grid.add_column(name, no_wrap=True, overflow="ellipsis", max_width=width)
    for row in cells:
        grid.add_row(*(escape(row[name]) for name in names))
    console.print(grid)


def _cells(rows: Sequence[Mapping[str, object]]) -> list[dict[str, str]]:
    return [{name: _text(value) for name, value in row.items()} for row in rows]


def _needed(cells: Sequence[Mapping[str, str]], name: str) -> int:
    """The width of a column on the terminal, with the gap after it."""
    widest = max(cell_len(name), *(cell_len(row[name]) for row in cells))
    return min(_WIDEST_CELL, widest) + _GAP


def _is_address(cells: Sequence[Mapping[str, str]], name: str) -> bool:
    return any(row[name].startswith(("http://", "https://")) for row in cells)


def _text(value: object) -> str:
    return "" if value is None else as_line(" ".join(str(value).splitlines()))
