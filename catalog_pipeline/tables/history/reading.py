"""The past for whoever looks at it: changes one by one, and the periods of products.

A build may put other files in place meanwhile; what was begun is read to its end. Arrow is imported
with this module, so whoever only may need it imports it late.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from catalog_pipeline.errors import TableError
from catalog_pipeline.tables.history.files import HistoryFiles, counting
from catalog_pipeline.tables.history.known import DamagedHistoryError, KnownFile, known_file
from catalog_pipeline.tables.history.state import State, version_of_table
from catalog_pipeline.tables.history.texts import text_of

_TRIES = 5
"""How often it is looked again, since a build may rename a file as it is being opened."""


@dataclass(frozen=True)
class Change:
    """One row of the changes; `key` has the product's key columns."""

    key: dict[str, Any]
    build: int
    changed_at: datetime
    change: str
    column: str | None
    before: str | None
    after: str | None
    difference_percent: float | None

    @property
    def product(self) -> str:
        """The product's key as a text."""
        return ", ".join(self.product_key)

    @property
    def product_key(self) -> tuple[str, ...]:
        """The texts of the product's key columns."""
        return tuple("" if each is None else text_of(each) for each in self.key.values())


@dataclass(frozen=True)
class BuildChanges:
    """How many changes a build told, by kind; of changed products each value is one."""

    build: int
    at: datetime
    kinds: Mapping[str, int]


def read_changes(
    table: Path, *, since: datetime | None = None, from_build: int = 0
) -> Iterator[Change]:
    """The changes that belong to a table, oldest first, from an instant or a build on.

    Raises:
        TableError: there are none yet, or they cannot be read.
    """
    files = HistoryFiles.beside(table)
    with _readable(files, files.changes) as file:
        for group in range(file.groups):
            newest, build = (file.greatest(group, name) for name in ("changed_at", "build"))
            if build is not None and build < from_build:
                continue
            if since is None or newest is None or newest >= since:
                rows = file.read([group]).to_pylist()
                changes = (_change(row, file.state) for row in rows)
                yield from (
                    each
                    for each in changes
                    if each.build >= from_build and (since is None or each.changed_at >= since)
                )


def read_periods(table: Path, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The periods of the history that belongs to a table, group by group; the open ones last.

    Raises:
        TableError: there are none yet, or they cannot be read.
    """
    files = HistoryFiles.beside(table)
    with _readable(files, files.history) as file:
        for group in range(file.groups):
            yield file.read([group], columns)


def read_newest_periods(table: Path, columns: Sequence[str]) -> Iterator[pa.Table]:
    """The same from the end: the open periods first, then those that ended; the columns there are.

    Raises:
        TableError: there are none yet, or they cannot be read.
    """
    files = HistoryFiles.beside(table)
    with _readable(files, files.history) as file:
        names = [name for name in columns if name in file.schema.names]
        for group in reversed(range(file.groups)):
            yield file.read([group], names)


def count_changes(table: Path) -> list[BuildChanges]:
    """How many changes of each kind each build told, oldest first; builds without any are not
    there.

    Raises:
        TableError: there are none yet, or they cannot be read.
    """
    files = HistoryFiles.beside(table)
    found: dict[int, tuple[datetime, dict[str, int]]] = {}
    with _readable(files, files.changes) as file:
        for group in range(file.groups):
            rows = file.read([group], ["build", "changed_at", "change"])
            counted = rows.group_by(rows.column_names).aggregate([([], "count_all")])
            for row in counted.to_pylist():
                _, kinds = found.setdefault(row["build"], (row["changed_at"], {}))
                kinds[row["change"]] = kinds.get(row["change"], 0) + row["count_all"]
    return [BuildChanges(build, at, kinds) for build, (at, kinds) in sorted(found.items())]


def state_of_history(table: Path) -> State:
    """What the last build of the history says of itself.

    Raises:
        TableError: there is none yet, or it cannot be read.
    """
    files = HistoryFiles.beside(table)
    with _readable(files, files.history) as file:
        return file.state


def file_of_past(table: Path, what: Literal["history", "changes"]) -> Path:
    """The file that holds the periods, or the changes, which belong to a table.

    Raises:
        TableError: there are none yet, or they cannot be read.
    """
    files = HistoryFiles.beside(table)
    with _readable(files, files.history if what == "history" else files.changes) as file:
        return file.path


def has_past(table: Path) -> bool:
    """Whether a past was kept beside a table, also one of which nothing can be read any more."""
    files = HistoryFiles.beside(table)
    return any(map(os.path.lexists, files.all)) or version_of_table(table) is not None


@contextlib.contextmanager
def _readable(files: HistoryFiles, path: Path) -> Iterator[KnownFile]:
    try:
        with contextlib.ExitStack() as stack:
            yield _opened(files, path, stack)
    except DamagedHistoryError as error:
        raise TableError(
            f"{error.path} cannot be read: {error.why}. Put a copy of it back, if there is one; "
            f"else the next build of the table sets it aside and begins the past anew."
        ) from error


def _opened(files: HistoryFiles, path: Path, stack: contextlib.ExitStack) -> KnownFile:
    for _ in range(_TRIES):
        file = stack.enter_context(known_file(counting(files, path)))
        if file is not None:
            return file
    if has_past(files.table):
        raise TableError(
            f"{path} is gone. Put a copy of it back, if there is one; else the next build of the "
            f"table begins it anew."
        )
    raise TableError(
        f"There is no {path} yet. Changes and periods are kept from the first build on whose YAML "
        f"says `history`."
    )


def _change(row: dict[str, Any], state: State) -> Change:
    return Change(
        key={name: row[name] for name in state.key},
        **{name: value for name, value in row.items() if name not in state.key},
    )
