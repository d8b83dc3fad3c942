"""Builds a catalogue's table out of its stored pages, and puts it in place of the old one at once.

Which pages there are, and when to build, is the caller's business. Arrow and pandas are imported
when a table is built, not before.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import PageError, ParseLimitError, StorageError, TableError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.shelf import HERE, Shelf
from catalog_pipeline.storing.store import Store
from catalog_pipeline.tables import replace
from catalog_pipeline.tables.identity import TableIdentity, identify
from catalog_pipeline.tables.mending import PageMender, ReadAgain, Refetch
from catalog_pipeline.tables.quality.merged_verdict import keys_unique
from catalog_pipeline.tables.quality.past import NO_PAST, Past
from catalog_pipeline.tables.report import LeftOutPage, MergedRows, TableReport
from catalog_pipeline.tables.schema import table_columns
from catalog_pipeline.tables.stored_rows import PageRows, read_batches
from catalog_pipeline.verdict import Verdict

if TYPE_CHECKING:
    from catalog_pipeline.tables.assembly import Assembly
    from catalog_pipeline.tables.history.report import HistoryReport
    from catalog_pipeline.tables.quality.judgement import Judgement


def build_table(
    catalogue: Catalogue,
    pages: Sequence[StoredPage],
    store: Store,
    destination: Path,
    *,
    read_again: ReadAgain,
    refetch: Refetch = lambda page: None,
    most_merged: float = 1.0,
    failed: Collection[PageKey] = (),
    lacks: str | None = None,
    earlier: Past = NO_PAST,
    may_replace: Callable[[], None] = lambda: None,
    shelf: Shelf = HERE,
) -> TableReport:
    """Build the table from the given pages and put it at `destination`.

    No crawl parses the stored bodies of `failed` pages again, so that the build does, by
    `read_again`, where another YAML read them. `most_merged` is the share of rows that may give way
    to others of the same key, `earlier` what checks and history hold the table against. `lacks` is
    why the pages are not all that the catalogue has at present, if they are not: the history, where
    it is kept, then takes no product for absent.

    The `shelf`, which has been brought, is that of `destination`.

    One build at a time: the caller holds the catalogue's table lock, and `may_replace`, asked just
    before the old table gives way and where something cannot be written, makes sure of it. What a
    killed build left beside `destination` is removed.

    Raises:
        TableError: there is no page, none that can be used, fewer than the catalogue's minimum
            coverage, too many rows of the same keys, or the table fails a check that keeps the
            old one; the old table stays.
        StorageError: the table cannot be written, or pages not be read; the old table stays.
    """
    if not pages:
        raise TableError(
            f"{catalogue.name}: no page is done, so there is nothing to build a table from. "
            f"Crawl it first: catalog-pipeline run {catalogue.name}"
        )
    started = time.perf_counter()
    mender = PageMender(catalogue, store, read_again, refetch)
    try:
        with replace.temporary_names(destination) as next_name:
            return _build(
                catalogue, pages, store, destination, mender, next_name, started, most_merged,
                failed, lacks, earlier, may_replace, shelf,
            )  # fmt: skip
    except OSError as error:
        # Of a build that has lost its turn the next one removes what it has made.
        may_replace()
        raise StorageError(
            f"Cannot write the table {destination}: {error.strerror or error}. "
            f"The table that was there stays; mend it and build again."
        ) from error


def _build(
    catalogue: Catalogue,
    pages: Sequence[StoredPage],
    store: Store,
    destination: Path,
    mender: PageMender,
    next_name: Callable[[], Path],
    started: float,
    most_merged: float,
    failed: Collection[PageKey],
    lacks: str | None,
    earlier: Past,
    may_replace: Callable[[], None],
    shelf: Shelf,
) -> TableReport:
    # Arrow's own pools keep what was freed: a build would take a fifth more memory. It asks once,
    # when it is first imported.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    from catalog_pipeline.tables.assembly import Assembly
    from catalog_pipeline.tables.history.update import history_update
    from catalog_pipeline.tables.json_columns import read_together

    together = partial(read_together, table_columns(catalogue))
    with Assembly(catalogue, next_name, mender.parsed_again) as assembly:
        for batch in read_batches(store, _newest_of_each(pages), together):
            rows: list[PageRows] = []
            for stored, found in batch:
                is_failed = stored.record.page in failed
                get = mender.of_todays_yaml if is_failed else mender.usable
                try:
                    rows.append(get(stored, found))
                except PageError as error:
                    assembly.left_out.append(LeftOutPage(stored.record.page, str(error)))
            assembly.add(rows)
        if not assembly.pages:
            left_out = assembly.left_out
            raise TableError(
                f"{catalogue.name}: none of its {len(left_out)} stored pages can be used, the "
                f"first because: {left_out[0].reason}. Download them again: "
                f"catalog-pipeline run {catalogue.name} --refresh"
            )
        _demand_coverage(catalogue, assembly.pages)
        seen = assembly.seen(lacks)
        with history_update(catalogue, destination, seen, shelf, earlier.history) as past:
            whole = assembly.finish(datetime.now(timezone.utc), past.facts if past else {})
            judgement = _judge(catalogue, assembly, whole, destination, earlier, most_merged)
            may_replace()
            if past is not None:
                past.stage(whole, assembly.elsewhere)
            replace.replace_table(whole, destination, shelf)
            history = past.put_in_place() if past is not None else None
        seconds = time.perf_counter() - started
        return _report(assembly, mender, judgement, identify(destination), history, seconds)


def lack_of_coverage(catalogue: Catalogue, used: int) -> str | None:
    """How far that many pages are from the coverage that a table needs; None if they suffice."""
    minimum, share = catalogue.coverage.minimum, used / len(catalogue.pages)
    if share >= minimum:
        return None
    return (
        f"{catalogue.name}: {used} of {len(catalogue.pages)} pages are done and sound "
        f"({share:.0%}), and its coverage.minimum is {minimum:.0%}"
    )


def _demand_coverage(catalogue: Catalogue, used: int) -> None:
    lack = lack_of_coverage(catalogue, used)
    if lack is not None:
        raise TableError(f"{lack}. The table that is there stays; crawl the other pages first.")


def _judge(
    catalogue: Catalogue,
    assembly: Assembly,
    new: Path,
    there: Path,
    earlier: Past,
    most_merged: float,
) -> Judgement:
    """What the checks come to.

    Raises:
        TableError: one that keeps the old table fails, or a pattern takes too long.
    """
    from catalog_pipeline.tables.quality.judgement import judge

    keys = keys_unique(assembly.merged, assembly.whole.rows, most_merged, assembly.merged_examples)
    try:
        judgement = judge(catalogue, new, there, earlier, keys)
    except ParseLimitError as error:
        raise TableError(
            f"{catalogue.name}: checks.{error.field}: {error}. The table that is there stays."
        ) from error
    told = None
    failed = judgement.failed_demands
    if not keys.passed:
        told = _too_many_merged(catalogue, assembly.merged, keys)
    elif failed and catalogue.checks.keeps_old_table:
        told = (
            f"{'; '.join(each.told for each in failed)}. The table that is there stays, as "
            f"checks.on_failure says; if the shop is right, let the checks allow it and build again"
        )
    if told is not None:
        refused = TableError(f"{catalogue.name}: {told}.")
        refused.verdicts = judgement.verdicts
        raise refused
    return judgement


def _too_many_merged(catalogue: Catalogue, merged: MergedRows, verdict: Verdict) -> str:
    advice = "a site that shows the same products at several addresses, or a wrong `key`"
    if merged.different > max(merged.equal, merged.same_page):
        advice = f"the key ({', '.join(catalogue.key)}) seems not to tell products apart"
    return f"{verdict.told}: {advice}. The table that is there stays"


def _newest_of_each(pages: Sequence[StoredPage]) -> list[StoredPage]:
    """One stored page per page number, in the order of the table."""
    newest: dict[PageKey, StoredPage] = {}
    for stored in pages:
        known = newest.get(stored.record.page)
        if known is None or known.record.fetched_at <= stored.record.fetched_at:
            newest[stored.record.page] = stored
    return [newest[page] for page in sorted(newest)]


def _report(
    assembly: Assembly,
    mender: PageMender,
    judgement: Judgement,
    file: TableIdentity,
    history: HistoryReport | None,
    seconds: float,
) -> TableReport:
    table = assembly.whole
    return TableReport(
        rows=table.rows,
        merged=assembly.merged,
        rows_without_key=assembly.survivors.without_key,
        pages=assembly.pages,
        left_out=tuple(sorted(assembly.left_out, key=lambda page: page.page)),
        parsed_again=tuple(sorted({*assembly.parsed_again, *mender.unreadable})),
        outdated_pages=assembly.outdated_pages,
        file=file,
        columns={field.name: str(field.type) for field in table.schema},
        prices=table.prices,
        head=table.head,
        notes=assembly.notes,
        rows_of_listings=assembly.rows_of_listings,
        build_seconds=seconds,
        history=history,
        judgement=judgement,
    )
