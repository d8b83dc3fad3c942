"""When a history file comes to count: with the table that names it, and at once.

A build writes history and changes under names of their version, and the table with that version in
its metadata. The exchange of the table is what commits: files of the version that the table names
then get their own names, by the build itself or, if it died, by whoever comes next; files of any
other version are nobody's. So each build counts once, whatever dies.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline.storing.shelf import HERE, Shelf, staged
from catalog_pipeline.tables.history.state import version_of_table


@dataclass(frozen=True)
class HistoryFiles:
    """The files of one catalogue's past, and the table that says which version counts."""

    table: Path
    history: Path
    changes: Path
    shelf: Shelf = HERE

    @staticmethod
    def beside(table: Path, shelf: Shelf = HERE) -> HistoryFiles:
        """Those that belong to a table."""
        return HistoryFiles(
            table, table.with_name("history.parquet"), table.with_name("changes.parquet"), shelf
        )

    @property
    def all(self) -> tuple[Path, Path]:
        """Both files."""
        return self.history, self.changes


def under_construction(path: Path) -> Path:
    """A name for a file that is being written."""
    return path.with_name(f".{path.name}.building-{os.getpid()}")


def stage(files: HistoryFiles, whole: Path, path: Path, version: str) -> None:
    """Let a file that is written wait for its table; it lasts when this returns."""
    files.shelf.put_in_place(whole, staged(path, version))


def put_in_place(files: HistoryFiles, version: str) -> None:
    """Give the files of a version that the table names their own names."""
    for path in files.all:
        waiting = staged(path, version)
        if waiting.exists():
            files.shelf.rename(waiting, path)


def settle(files: HistoryFiles) -> None:
    """Finish what a build that died had brought to count, and remove what it had not."""
    version = version_of_table(files.table)
    if version is not None:
        put_in_place(files, version)
    remove_unfinished(files)


def remove_unfinished(files: HistoryFiles) -> None:
    """Remove whatever is written and does not count."""
    for path in files.all:
        for pattern in (staged(path, "*").name, f".{path.name}.building-*"):
            for left in path.parent.glob(pattern):
                files.shelf.remove(left)


def keep(files: HistoryFiles, path: Path, version: str) -> Path:
    """Give a whole file of a version a second name, since its own is about to be another's."""
    kept = path.with_name(f"{path.stem}.kept-{version}{path.suffix}")
    files.shelf.keep(path, kept)
    return kept


def set_aside(files: HistoryFiles, path: Path) -> Path:
    """Give what cannot be read another name."""
    return files.shelf.set_aside(path)


def counting(files: HistoryFiles, path: Path) -> Path:
    """Where the file is that counts now: after a death it may not have its own name yet."""
    version = version_of_table(files.table)
    waiting = staged(path, version) if version is not None else path
    return waiting if waiting.exists() else path
