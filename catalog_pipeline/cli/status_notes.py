"""What `status` says in sentences below its counts: of pages, of the table, of what to do.

The counts themselves are shown in `status`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timezone

from rich.console import Console

from catalog_pipeline.cli.catalogue_status import CatalogueStatus, Crawler
from catalog_pipeline.showing import as_line
from catalog_pipeline.wording import counted

_PARTITIONS_NAMED = 5


def show_notes(console: Console, statuses: Sequence[CatalogueStatus]) -> None:
    """Print what there is to say of each catalogue."""
    for status in statuses:
        if status.failed:
            console.print(
                f"{status.catalogue}: failed pages {status.failed_pages} "
                f"(catalog-pipeline status {status.catalogue} --failed says why)"
            )
        if status.table_problem:
            console.print(
                f"{status.catalogue}: {status.table_problem}; catalog-pipeline run "
                f"{status.catalogue} builds it anew out of the stored pages, and downloads those "
                f"again whose files are gone, too",
                markup=False,
            )
        if status.past_problem:
            console.print(f"{status.catalogue}: {status.past_problem}", markup=False)
        if status.table_outdated:
            is_there = status.table_rows is not None
            what = "the table is not of today" if is_there else "there is no table"
            console.print(
                f"{status.catalogue}: {what}: {status.table_outdated}; catalog-pipeline run "
                f"{status.catalogue} builds it, or says why not",
                markup=False,
            )
        for told in (
            *status.length,
            status.moved,
            status.other_history,
            _unrecorded(status),
            _unfound(status),
            _outside(status),
            _strange(status.strange_partitions),
        ):
            if told is not None:
                console.print(f"{status.catalogue}: {told}.", markup=False)
        if status.length_from is not None:
            told = f"{status.catalogue}: length: {status.length_from}"
            console.print(told, markup=False)
        if status.stale:
            console.print(
                f"{status.catalogue}: stale: the rows of {status.stale} pages are older than "
                f"coverage.stale_after_hours"
            )
        if status.ahead:
            console.print(
                f"{status.catalogue}: {counted(status.ahead, 'page')} fetched at times that are "
                f"still to come: the clock was ahead, and nobody knows how old they are; "
                f"catalog-pipeline run {status.catalogue} --refresh downloads them again",
                markup=False,
            )
        for crawler in status.crawlers:
            console.print(f"{status.catalogue}: {_told(crawler, status)}.", markup=False)
        for sentence in (*status.failed_checks, *status.row_notes):
            console.print(f"{status.catalogue}: {sentence}.", markup=False)
        if status.to_parse_again:
            console.print(
                f"{status.catalogue}: to be parsed again: {status.to_parse_again} "
                f"(pages {status.pages_to_parse_again}, read by another YAML, or by an earlier "
                f"version of this program; catalog-pipeline run {status.catalogue} does it "
                f"without a download)"
            )
        if status.left_out_pages:
            console.print(
                f"{status.catalogue}: pages {status.left_out_pages} are done and not in the table; "
                f"catalog-pipeline run {status.catalogue} tries them again"
            )
        if status.interrupted:
            console.print(
                f"{status.catalogue}: the last run over {status.interrupted} pages died; "
                f"catalog-pipeline run {status.catalogue} goes on with them"
            )


def _told(crawler: Crawler, status: CatalogueStatus) -> str:
    since = crawler.unheard_since
    if since is None:
        return f"crawled by {crawler.told}"
    return (
        f"{crawler.told} was last heard of at {since.astimezone(timezone.utc):%H:%M:%S} UTC; if it "
        f"is not again, its run counts as dead half a minute after that: the daemon retries what "
        f"it has launched, and catalog-pipeline run {status.catalogue} goes on with the pages"
    )


def _unrecorded(status: CatalogueStatus) -> str | None:
    if not status.unrecorded:
        return None
    pages = "page is" if status.unrecorded == 1 else "pages are"
    return (
        f"{status.unrecorded:,} missing {pages} stored, and nothing is recorded of that here: "
        f"{status.unrecorded_pages} (a crawl was killed, or DAGSTER_HOME is another one than it "
        f"was); catalog-pipeline run {status.catalogue} takes what is of use of them without a "
        f"download"
    )


def _unfound(status: CatalogueStatus) -> str | None:
    if not status.unfound:
        return None
    pages = f"{counted(status.unfound, 'page')} {'is' if status.unfound == 1 else 'are'}"
    return (
        f"{pages} stored and known as none of the catalogue's: {status.unfound_pages} (no crawl "
        f"has found them since the YAML leaves that to crawls, or their partitions were deleted); "
        f"they count as soon as one does (catalog-pipeline run {status.catalogue})"
    )


def _outside(status: CatalogueStatus) -> str | None:
    if not status.outside:
        return None
    run = f"catalog-pipeline run {status.catalogue}"
    rows = (
        f"what the table has of them leaves it with its next build ({run})"
        if status.outside_in_table
        else "nothing of them is in the table"
    )
    which = f"{counted(status.outside, 'page')} outside of the catalogue: {status.outside_pages}"
    return f"{which}; they are in no count, and {rows}"


def _strange(partitions: tuple[str, ...]) -> str | None:
    if not partitions:
        return None
    more = len(partitions) - _PARTITIONS_NAMED
    named = ", ".join(map(repr, partitions[:_PARTITIONS_NAMED]))
    named = f"{as_line(named)} and {more} more" if more > 0 else as_line(named)
    return f"partitions of its history name no page ({named}); they are in no count and no table"
