"""What the history came to with its last build, as its files say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from catalog_pipeline.tables.history.changes import rows_of
from catalog_pipeline.tables.history.files import HistoryFiles
from catalog_pipeline.tables.history.known import DamagedHistoryError, known_file
from catalog_pipeline.tables.history.state import Counts

HEAD_ROWS = 20


@dataclass(frozen=True)
class HistoryReport:
    """The history that a build left: all its rows, and what this build added.

    A build out of the same pages as the last one adds nothing and has its number, and `counts`
    are those that it had.
    """

    build: int
    at: datetime
    counts: Counts
    notes: tuple[str, ...]
    periods: int
    open_periods: int
    changes: int
    head: list[dict[str, Any]]
    history_columns: Mapping[str, str]
    changes_columns: Mapping[str, str]


def read_report(files: HistoryFiles) -> HistoryReport | None:
    """What the files say; None if they cannot be used, or do not belong together."""
    try:
        with known_file(files.history) as history, known_file(files.changes) as changes:
            if history is None or changes is None or history.state.build != changes.state.build:
                return None
            state = history.state
            return HistoryReport(
                build=state.build,
                at=state.at,
                counts=state.counts,
                notes=state.notes,
                periods=history.rows,
                open_periods=history.rows_of(range(state.open_group, history.groups)),
                changes=changes.rows,
                head=rows_of(changes, state.build, HEAD_ROWS),
                history_columns={field.name: str(field.type) for field in history.schema},
                changes_columns={field.name: str(field.type) for field in changes.schema},
            )
    except DamagedHistoryError:
        return None
