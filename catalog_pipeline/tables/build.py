"""Builds a catalogue's table out of its stored pages, and puts it in place of the old one at once.

Which pages there are, and when to build, is the caller's business. Arrow and pandas are imported
when a table is built, not before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import StorageError, StoredPageError, TableError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.folder_store import PageStore
from catalog_pipeline.tables import replace
from catalog_pipeline.tables.report import TableReport
from catalog_pipeline.tables.stored_rows import PageRows, read_batches, read_page

if TYPE_CHECKING:
    from catalog_pipeline.tables.assembly import Assembly

Refetch = Callable[[int], "StoredPage | None"]
"""Gives the newest checkpoint of a page whose file could not be read; None if it has none."""


def build_table(
    catalogue: Catalogue,
    pages: Sequence[StoredPage],
    store: PageStore,
    destination: Path,
    *,
    refetch: Refetch = lambda page: None,
) -> TableReport:
    """Build the table from the given pages and put it at `destination`.

    One build at a time: the caller holds the catalogue's table lock. What a killed build left
    beside `destination` is removed.

    Raises:
        TableError: there is no page, none that can be used, or fewer than the catalogue's
            minimum coverage; the old table stays.
        StorageError: the table cannot be written, or pages not be read; the old table stays.
    """
    if not pages:
        raise TableError(
            f"{catalogue.name}: no page is done, so there is nothing to build a table from. "
            f"Crawl it first: catalog-pipeline run {catalogue.name}"
        )
    started = time.perf_counter()
    try:
        with replace.temporary_names(destination) as next_name:
            return _build(catalogue, pages, store, destination, refetch, next_name, started)
    except OSError as error:
        raise StorageError(
            f"Cannot write the table {destination}: {error.strerror or error}. "
            f"The table that was there stays; mend it and build again."
        ) from error


def _build(
    catalogue: Catalogue,
    pages: Sequence[StoredPage],
    store: PageStore,
    destination: Path,
    refetch: Refetch,
    next_name: Callable[[], Path],
    started: float,
) -> TableReport:
    # Arrow's own pools keep what was freed: a build would take a fifth more memory. It asks once,
    # when it is first imported.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from catalog_pipeline.tables.assembly import Assembly

    damaged: list[str] = []
    with Assembly(catalogue, next_name) as assembly:
        for batch in read_batches(store, _newest_of_each(pages)):
            rows: list[PageRows] = []
            for stored, found in batch:
                try:
                    rows.append(_usable(store, stored, found, refetch))
                except StoredPageError as error:
                    damaged.append(str(error))
            damaged += assembly.add(rows)
        if not assembly.pages:
            raise TableError(
                f"{catalogue.name}: none of its {len(damaged)} stored pages can be used, the "
                f"first because: {damaged[0]}. Download them again: "
                f"catalog-pipeline run {catalogue.name} --refresh"
            )
        _demand_coverage(catalogue, assembly.pages)
        whole = assembly.finish(datetime.now(timezone.utc))
        replace.replace_table(whole, destination)
        return _report(assembly, damaged, destination, time.perf_counter() - started)


def _demand_coverage(catalogue: Catalogue, used: int) -> None:
    minimum, share = catalogue.coverage.minimum, used / len(catalogue.pages)
    if share < minimum:
        raise TableError(
            f"{catalogue.name}: {used} of {len(catalogue.pages)} pages are done and sound "
            f"({share:.0%}), and its coverage.minimum is {minimum:.0%}. "
            f"The table that is there stays; crawl the other pages first."
        )


def _newest_of_each(pages: Sequence[StoredPage]) -> list[StoredPage]:
    """One stored page per page number, in the order of the table."""
    newest: dict[int, StoredPage] = {}
    for stored in pages:
        known = newest.get(stored.record.page)
        if known is None or known.record.fetched_at <= stored.record.fetched_at:
            newest[stored.record.page] = stored
    return [newest[page] for page in sorted(newest)]


def _usable(
    store: PageStore, stored: StoredPage, found: PageRows | StoredPageError, refetch: Refetch
) -> PageRows:
    """What was read, or what a newer checkpoint names: a crawl may have replaced the file."""
    if isinstance(found, PageRows):
        return found
    newer = refetch(stored.record.page)
    if newer is None:
        raise found
    return read_page(store, newer)


def _report(
    assembly: Assembly, damaged: Sequence[str], destination: Path, seconds: float
) -> TableReport:
    table = assembly.whole
    return TableReport(
        rows=table.rows,
        duplicates=assembly.survivors.duplicates,
        rows_without_key=assembly.survivors.without_key,
        pages=assembly.pages,
        damaged=tuple(damaged),
        outdated_pages=assembly.outdated_pages,
        file_bytes=destination.stat().st_size,
        columns={field.name: str(field.type) for field in table.schema},
        prices=table.prices,
        head=table.head,
        build_seconds=seconds,
    )
