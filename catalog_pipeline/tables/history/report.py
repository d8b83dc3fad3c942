"""What the history came to with its last build, as its files say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from catalog_pipeline.tables.history.changes import rows_of
from catalog_pipeline.tables.history.files import HistoryFiles
from catalog_pipeline.tables.history.known import DamagedHistoryError, known_file
from catalog_pipeline.tables.history.state import Counts

HEAD_ROWS = 20


@dataclass(frozen=True)
class Moves:
    """How many values of a column are less and more than before, and by how many per cent at most.

    A value from 0, or in another currency than before, is in no count.
    """

    fell: int
    rose: int
    lowest: float | None
    highest: float | None


@dataclass(frozen=True)
class HistoryReport:
    """The history that a build left: all its rows, and what this build added.

    A build out of the same pages as the last one adds nothing and has its number, and `counts`
    are those that it had. `moves` are of the numbers that are followed.
    """

    build: int
    version: str
    at: datetime
    counts: Counts
    notes: tuple[str, ...]
    periods: int
    open_periods: int
    changes: int
    head: list[dict[str, Any]]
    history_columns: Mapping[str, str]
    changes_columns: Mapping[str, str]
    moves: Mapping[str, Moves]


def read_report(files: HistoryFiles) -> HistoryReport | None:
    """What the files say; None if they cannot be used, or do not belong together."""
    try:
        with known_file(files.history) as history, known_file(files.changes) as changes:
            if history is None or changes is None:
                return None
            if history.state.version != changes.state.version:
                return None
            state = history.state
            rows = rows_of(changes, state.build)
            return HistoryReport(
                build=state.build,
                version=state.version,
                at=state.at,
                counts=state.counts,
                notes=state.notes,
                periods=history.rows,
                open_periods=history.rows_of(range(state.open_group, history.groups)),
                changes=changes.rows,
                head=rows.slice(0, HEAD_ROWS).to_pylist(),
                history_columns={field.name: str(field.type) for field in history.schema},
                changes_columns={field.name: str(field.type) for field in changes.schema},
                moves={
                    name: _moves(rows, name)
                    for name in state.tracked[-1].columns
                    if _is_number(history.schema.field(name).type)
                },
            )
    except DamagedHistoryError:
        return None


def _moves(rows: pa.Table, column: str) -> Moves:
    is_of_column = pc.call_function("equal", [rows["column"], column])
    shares = rows.filter(is_of_column)["difference_percent"].drop_null()
    extremes = pc.call_function("min_max", [shares]).as_py()
    return Moves(
        fell=shares.filter(pc.call_function("less", [shares, 0.0])).length(),
        rose=shares.filter(pc.call_function("greater", [shares, 0.0])).length(),
        lowest=extremes["min"],
        highest=extremes["max"],
    )


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_decimal(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind)
    )
