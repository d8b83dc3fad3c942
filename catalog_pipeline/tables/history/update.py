"""What a build of the table does for the past: history and changes written anew, to count with it.

The files are written while the new table waits, and come to count when it is put in place
(`files`). The same pages make the same history again, or add nothing: what a build is made of is in
its `evidence`, and its time is that of its newest page, not the clock's. One build at a time: the
caller holds the table's lock.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.history import History
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import StorageError
from catalog_pipeline.storing.shelf import HERE, Shelf
from catalog_pipeline.tables.history import files as places
from catalog_pipeline.tables.history.changes import changes_schema, write_changes
from catalog_pipeline.tables.history.clocks import went_back
from catalog_pipeline.tables.history.evidence import Elsewhere, PagesSeen, evidence_of
from catalog_pipeline.tables.history.files import HistoryFiles
from catalog_pipeline.tables.history.known import DamagedHistoryError, KnownFile, known_file
from catalog_pipeline.tables.history.layout import (
    Layout,
    first_layout,
    has_same_key,
    next_layout,
)
from catalog_pipeline.tables.history.merging import Build, compare, counts_of
from catalog_pipeline.tables.history.narrowing import looked_at, outside_of, unseen_before
from catalog_pipeline.tables.history.notes import Circumstances, notes_of
from catalog_pipeline.tables.history.periods import KnownPeriods, write_periods
from catalog_pipeline.tables.history.report import HistoryReport, read_report
from catalog_pipeline.tables.history.standing import Standing
from catalog_pipeline.tables.history.state import VERSION_FACT, State, read_state
from catalog_pipeline.tables.history.table_rows import TableRows
from catalog_pipeline.tables.history.transitions import Transitions
from catalog_pipeline.tables.history.writing import RowGroups, row_groups
from catalog_pipeline.tables.last_past import LastPast
from catalog_pipeline.tables.schema import table_columns
from catalog_pipeline.wording import counted


@contextlib.contextmanager
def history_update(
    catalogue: Catalogue,
    table: Path,
    seen: PagesSeen,
    shelf: Shelf = HERE,
    recorded: LastPast | None = None,
) -> Iterator[HistoryUpdate | None]:
    """The history that comes to count with a new table; None for a catalogue that keeps none.

    `recorded` is what the last build recorded of the past.

    Raises:
        OSError: what a build that died had left cannot be settled.
    """
    if catalogue.history is None:
        yield None
        return
    files = HistoryFiles.beside(table, shelf)
    places.settle(files)
    try:
        standing = Standing.beside(table, recorded)
        yield HistoryUpdate(catalogue, catalogue.history, files, seen, standing)
    finally:
        with contextlib.suppress(OSError, StorageError):
            places.settle(files)


class HistoryUpdate:
    """What a build makes of the past; `files` are settled, and stay so by whoever asked for it."""

    def __init__(
        self, catalogue: Catalogue, history: History, files: HistoryFiles, seen: PagesSeen,
        standing: Standing,
    ) -> None:  # fmt: skip
        self._catalogue = catalogue
        self._settings = history
        self._files = files
        self._seen = seen
        self._standing = standing
        self._kept: dict[Path, str] = {}
        self._set_aside: set[Path] = set()
        self._tracked = history.tracked_columns(catalogue.fields, catalogue.key)
        before = read_state(files.history)
        self._evidence = evidence_of(catalogue, self._tracked, seen)
        is_same = standing.is_of_last_build(before) and before.evidence == self._evidence
        self._known = read_report(files) if is_same else None
        self.version = standing.next_version(before, self._evidence)
        if self._known is not None and before is not None:
            self.version = before.version

    @property
    def facts(self) -> dict[str, str]:
        """What the table says of the history that belongs to it."""
        return {VERSION_FACT: self.version}

    def stage(self, table: Path, elsewhere: Elsewhere) -> None:
        """Write what the rows of a new table make of the past; it does not count yet.

        Raises:
            OSError: the files cannot be written.
        """
        while self._known is None:
            try:
                self._write(table, elsewhere)
                return
            except DamagedHistoryError as error:
                aside = places.set_aside(self._files, error.path)
                self._set_aside.add(error.path)
                self._kept[aside] = f"{error.path.name} cannot be read ({error.why})"

    def put_in_place(self) -> HistoryReport:
        """Give the files their names, now that the table which names them is in place.

        Raises:
            OSError: they cannot be renamed, or are not there.
        """
        places.put_in_place(self._files, self.version)
        if report := self._known or read_report(self._files):
            return report
        raise FileNotFoundError(errno.ENOENT, "it was removed", str(self._files.history))

    def _write(self, table: Path, elsewhere: Elsewhere) -> None:
        with (
            known_file(self._files.history) as history,
            known_file(self._files.changes) as changes,
            pq.ParquetFile(table) as file,
        ):
            builds = [each.state.build for each in (history, changes) if each]
            number = 1 + max([self._standing.build, *builds])
            told = self._told_of((self._files.history, history), (self._files.changes, changes))
            history = self._of_same_key(history, file.schema_arrow)
            layout = self._layout(history, file.schema_arrow, number)
            columns = changes_schema(layout, changes.schema if changes else None)
            if columns is None and changes is not None:
                self._keep(self._files.changes, changes, "the changes are of another key")
                changes, columns = None, layout.changes
            named = self._catalogue.has_named_listings
            rows = TableRows(file, layout, elsewhere, has_listings=named)
            known = KnownPeriods(history, layout, self._files.table)
            before = history.state if history else None
            build = self._build(number, before, rows)
            found, begins, changed = compare(layout, known, rows, build)
            state = self._state(layout, before, build, rows, found, told)
            with _written(self._files, self._files.history, self.version, layout.schema) as out:
                opened = rows.groups(found.opening, begins)
                first = write_periods(out, known, found, opened, number, build.at)
                out.close(replace(state, open_group=first).dumped())
            with _written(self._files, self._files.changes, self.version, columns) as out:
                write_changes(out, changes, changed)
                out.close(state.dumped())

    def _told_of(self, *files: tuple[Path, KnownFile | None]) -> tuple[str, ...]:
        told = (
            self._standing.told_of(path, file.state if file is not None else None)
            for path, file in files
            if path not in self._set_aside
        )
        return tuple(filter(None, told))

    def _of_same_key(self, history: KnownFile | None, table: pa.Schema) -> KnownFile | None:
        """The history, unless its products are told apart in another way."""
        key = self._catalogue.key_columns
        if history is None or has_same_key(history.schema, history.state, table, key):
            return history
        why = f"the products were told apart by {', '.join(history.state.key)}"
        self._keep(self._files.history, history, why)
        return None

    def _keep(self, path: Path, file: KnownFile, why: str) -> None:
        self._kept[places.keep(self._files, path, file.state.version)] = why

    def _layout(self, history: KnownFile | None, table: pa.Schema, number: int) -> Layout:
        if history is None:
            return first_layout(table, self._catalogue.key_columns, self._tracked)
        return next_layout(history.schema, history.state, table, self._tracked, number)

    def _build(self, number: int, before: State | None, rows: TableRows) -> Build:
        lacks, newest = self._seen.lacks or self._seen.lost, self._seen.newest
        if lacks is None and rows.without_key:
            lacks = f"{counted(rows.without_key, 'product')} without a key"
        amounts = [each for each in table_columns(self._catalogue) if each.currency_column]
        return Build(
            number=number,
            at=max(newest, before.at) if before else newest,
            oldest=min(page.fetched_at for page in self._seen.pages),
            lacks=lacks,
            knows_all=before is not None and before.had_complete_crawl,
            absent_after=self._settings.absent_after,
            currencies={each.name: str(each.currency_column) for each in amounts},
            same_since={each.page: each.same_since for each in self._seen.pages},
            is_outside=outside_of(self._catalogue, before.listings_rule if before else None),
            is_unseen=unseen_before(self._catalogue, before.looked_at if before else None),
            lacks_builds=before is not None and not self._standing.is_of_last_build(before),
        )

    def _state(
        self,
        layout: Layout,
        before: State | None,
        build: Build,
        rows: TableRows,
        found: Transitions,
        of_files: tuple[str, ...],
    ) -> State:
        counts, tracked = counts_of(found), layout.tracked
        looked = before.looked_at if before else None
        code_version = self._catalogue.code_version
        told = Circumstances(
            before, self._seen.newest, went_back(self._files.table, self._seen.pages, before),
            counts, code_version, build.lacks, build.lacks_builds, rows.without_key, self._kept,
            layout.renamed, tracked, of_files,
        )  # fmt: skip
        return State(
            version=self.version,
            build=build.number,
            at=build.at,
            evidence=self._evidence,
            code_version=code_version,
            had_complete_crawl=build.knows_all or self._seen.lacks is None,
            key=layout.key,
            tracked=layout.sets,
            counts=counts,
            notes=notes_of(told),
            listings_rule=self._catalogue.listings_rule,
            looked_at=looked_at(self._catalogue, looked, self._seen),
        )


@contextlib.contextmanager
def _written(
    files: HistoryFiles, path: Path, version: str, schema: pa.Schema
) -> Iterator[RowGroups]:
    """A file that waits for its table once it was closed within."""
    building = places.under_construction(path)
    with row_groups(building, schema) as out:
        yield out
    places.stage(files, building, path, version)
