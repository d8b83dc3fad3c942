"""Exports a Parquet file to a file: written beside, synced, and put in the old one's place at once.

Whatever fails leaves what was there. What a killed export left beside is removed by the next one.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalog_pipeline.errors import ExportError, StorageError, UsageError
from catalog_pipeline.storing.own_files import check_not_own
from catalog_pipeline.system import durable_files
from catalog_pipeline.system.processes import is_alive
from catalog_pipeline.tables.exports.formats import Format, format_of
from catalog_pipeline.tables.exports.parquet_rows import opened
from catalog_pipeline.tables.exports.writing import Options
from catalog_pipeline.tables.identity import TableIdentity, identify

_LEFT_BY_DATABASES = ("-wal", "-journal", ".wal")


@dataclass(frozen=True)
class Exported:
    """What an export came to; `notes` are sentences on values that have a form of their own, and
    `file` tells the file that was written from every other; a table of a database has none."""

    rows: int
    notes: tuple[str, ...] = ()
    file: TableIdentity | None = None


def export_to_file(source: Path, destination: Path, options: Options | None = None) -> Exported:
    """Write the rows of a Parquet file to a file, in the format that its name ends in.

    A link at `destination` stays one, and what it leads to is replaced.

    Raises:
        UsageError: the format is unknown, or what is at `destination` is not to be replaced.
        ExportError: a value cannot be held as it is, or a library is missing.
        StorageError: the one cannot be read, or the other not be written.
    """
    options = options or Options()
    form = format_of(destination)
    try:
        real = destination.resolve()
        _check(source, real, form, options)
        with _folder_beside(real) as folder, opened(source) as rows:
            new = folder / real.name
            notes = form.writer_to(new, options).write(rows)
            count = rows.count
            written = identify(new)
            durable_files.put_in_place(new, real)
    except OSError as error:
        raise StorageError(
            f"Cannot write {destination}: {error.strerror or error}. What was there stays."
        ) from error
    return Exported(count, tuple(notes), written)


def _check(source: Path, destination: Path, form: Format, options: Options) -> None:
    """Refuse to replace what no export has written."""
    check_not_own(destination)
    if not destination.parent.is_dir():
        raise UsageError(f"There is no folder {destination.parent}.")
    kind = durable_files.kind_of(destination)
    if kind not in (None, "a file"):
        raise UsageError(f"{destination} is {kind}, and a file is to be written there.")
    if kind is not None and source.exists() and os.path.samefile(source, destination):
        raise UsageError(f"{destination} is the table itself; name another file.")
    if kind is not None and form.is_database and destination.stat().st_size:
        _check_database(destination, form, options)


def _check_database(destination: Path, form: Format, options: Options) -> None:
    others = sorted(set(form.tables_in(destination)) - {options.table})
    if others:
        raise ExportError(
            f"{destination} holds {', '.join(others)} besides, which would be gone: an export "
            f"writes the file anew. Name another file."
        )
    for suffix in _LEFT_BY_DATABASES:
        beside = destination.with_name(destination.name + suffix)
        if beside.exists() and beside.stat().st_size:
            raise ExportError(
                f"{destination} is in use, or was left by a program that died: {beside.name} "
                f"belongs to it. Close it, or open and close it once, and export again."
            )


@contextlib.contextmanager
def _folder_beside(destination: Path) -> Iterator[Path]:
    """A folder for the new file and what its writer needs; it does not outlive the export."""
    prefix = f".{destination.name}.exporting-"
    for left in destination.parent.glob(f"{_literal(prefix)}*"):
        owner = left.name.removeprefix(prefix).partition("-")[0]
        if owner.isdigit() and not is_alive(int(owner)):
            shutil.rmtree(left, ignore_errors=True)
    made = tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=destination.parent)
    try:
        yield Path(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _literal(text: str) -> str:
    """A part of a pattern of names that means itself."""
    return "".join(f"[{each}]" if each in "*?[" else each for each in text)
