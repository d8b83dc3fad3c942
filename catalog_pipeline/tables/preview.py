"""Looks at a table: a preview for the web UI, a summary and the first rows for the command line.

Nothing is built here. A file is opened once per look, so that a build that replaces it meanwhile
does no harm. Arrow is imported when a file is opened, not before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from catalog_pipeline.errors import TableError
from catalog_pipeline.showing import as_markdown
from catalog_pipeline.tables.report import TableReport, TableSummary
from catalog_pipeline.wording import counted, percent_told

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from catalog_pipeline.tables.history.report import HistoryReport

MAX_CELL = 60
_BATCH_ROWS = 10_000


def markdown_preview(report: TableReport, rows: int = 10) -> str:
    """The first rows as a Markdown table."""
    names = list(report.columns)
    lines = [_line(names), _line(["---"] * len(names))]
    lines += [_line([_cell(row[name]) for name in names]) for row in report.head[:rows]]
    if report.rows > rows:
        lines += ["", f"… and {counted(report.rows - rows, 'more row')}"]
    return "\n".join(lines)


def markdown_changes(
    report: HistoryReport, names: Sequence[str | None] = (), rows: int = 20
) -> str:
    """The first changes of a build as a Markdown table; above it their counts, and how numbers
    went. `names` are what the products of these changes are called, where that is known.
    """
    counts = report.counts
    lines = [as_markdown(counts.told), ""]
    for column, moves in report.moves.items():
        if moves.lowest is not None and moves.highest is not None:
            span = as_markdown(f"{percent_told(moves.lowest)} to {percent_told(moves.highest)}")
            lines += [
                f"{as_markdown(column)}: {moves.fell:,} fell, {moves.rose:,} rose \\({span}\\)",
                "",
            ]
    if not report.head:
        return lines[0]
    columns = [name for name in report.head[0] if name not in ("build", "changed_at")]
    headings = ["difference" if name == "difference_percent" else name for name in columns]
    called: Sequence[str | None] = names if any(names) else ()
    first = ["name"] if called else []
    lines += [_line([*first, *headings]), _line(["---"] * (len(first) + len(columns)))]
    shown = [{**row, "difference_percent": _percent(row)} for row in report.head[:rows]]
    for place, row in enumerate(shown):
        name = [_cell(called[place])] if called else []
        lines.append(_line([*name, *(_cell(row[column]) for column in columns)]))
    more = counts.new + counts.gone + counts.returned + counts.values - len(shown)
    return "\n".join([*lines, *(["", f"… and {more:,} more"] if more > 0 else [])])


def read_summary(path: Path) -> TableSummary:
    """What a table file says of itself; its data is not read.

    Raises:
        TableError: there is no such file, or it is no table of a catalogue.
    """
    from catalog_pipeline.tables import parquet_writer as facts

    with _opened(path) as file:
        told = {
            key.decode(): value.decode() for key, value in (file.metadata.metadata or {}).items()
        }
        if facts.CATALOGUE_FACT not in told:
            raise TableError(f"{path} is a Parquet file, but no table of a catalogue.")
        return TableSummary(
            catalogue=told[facts.CATALOGUE_FACT],
            rows=file.metadata.num_rows,
            pages=int(told[facts.PAGES_FACT]),
            file_bytes=path.stat().st_size,
            built_at=datetime.fromisoformat(told[facts.BUILT_AT_FACT]),
            code_version=told[facts.CODE_VERSION_FACT],
            columns={field.name: str(field.type) for field in file.schema_arrow},
        )


def first_rows(path: Path, rows: int) -> list[dict[str, object]]:
    """The first rows of a table file.

    Raises:
        TableError: there is no such file, or it cannot be read.
    """
    with _opened(path) as file:
        for batch in file.iter_batches(batch_size=max(rows, 1)):
            found: list[dict[str, object]] = batch.slice(0, rows).to_pylist()
            return found
        return []


def rows_with(path: Path, columns: Sequence[str]) -> Iterator[dict[str, object]]:
    """The rows of a table file one by one, each with those of the columns that there are.

    Raises:
        TableError: there is no such file, or it cannot be read.
    """
    with _opened(path) as file:
        names = [name for name in columns if name in file.schema_arrow.names]
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=names):
            yield from batch.to_pylist()


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            yield file
    except FileNotFoundError as error:
        raise TableError(f"There is no table {path} yet.") from error
    except (OSError, pa.ArrowException) as error:
        raise TableError(f"The table {path} cannot be read: {error}") from error


def _percent(row: dict[str, object]) -> str | None:
    share = row["difference_percent"]
    return percent_told(share) if isinstance(share, float) else None


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    """A value on one line, so that it does not break the table."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, list):
        return "; ".join(map(_cell, value))
    if not isinstance(value, str):
        return str(value)
    text = " ".join(value.split())
    short = text if len(text) <= MAX_CELL else f"{text[: MAX_CELL - 1]}…"
    return as_markdown(short)
