"""`catalog-pipeline status`: pages by status, as the web UI shows them, from the same instance."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import click
from rich.console import Console
from rich.table import Table

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.cli.catalogue_status import (
    CatalogueStatus,
    status_as_json,
    status_of,
)
from catalog_pipeline.cli.failed_pages import show_failed_pages
from catalog_pipeline.cli.grids import output_console
from catalog_pipeline.cli.options import complete_names, json_option
from catalog_pipeline.cli.streams import reader_is_gone
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.cli.times import age_text
from catalog_pipeline.cli.usable import Catalogues, all_catalogues
from catalog_pipeline.errors import CatalogPipelineError, StorageError
from catalog_pipeline.showing import as_line

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.instance.history import Source

_ROOMY_WIDTH = 100
"""Columns from which the counts of `status` stand apart."""
_PARTITIONS_NAMED = 5
_SECONDS_BETWEEN_LOOKS = 1.0

_Told: TypeAlias = "tuple[list[CatalogueStatus], dict[str, CatalogPipelineError]]"
"""Where catalogues stand, and what is wrong with those of which it cannot be told."""


@click.command()
@click.argument("catalogue", required=False, shell_complete=complete_names)
@click.option("--failed", is_flag=True, help="List the failed pages with their errors.")
@click.option("--watch", is_flag=True, help="Show it again whenever it changes, until Ctrl-C.")
@json_option
def command(catalogue: str | None, failed: bool, watch: bool, as_json: bool) -> int:
    """Show the pages of CATALOGUE, or of all catalogues, by status."""
    found = (
        Catalogues((load_catalogue(catalogue),), {})
        if catalogue
        else all_catalogues(to_crawl=False)
    )

    look = partial(_statuses, found=found, with_failures=failed or as_json)
    if watch:
        from catalog_pipeline.orchestration.instance.open import open_instance

        with open_instance() as instance:
            _watch(partial(look, instance), failed=failed, as_json=as_json)
    else:
        from catalog_pipeline.orchestration.instance.asking import ask

        _show(ask(look), failed=failed, as_json=as_json)
    return 0


def _watch(look: Callable[[], _Told], *, failed: bool, as_json: bool) -> None:
    """Show what there is, and again whenever it has changed; on a terminal in the same place."""
    before: _Told | None = None
    with suppress(KeyboardInterrupt):
        while not reader_is_gone():
            told = look()
            if told != before:
                if sys.stdout.isatty() and not as_json:
                    click.clear()
                _show(told, failed=failed, as_json=as_json)
                sys.stdout.flush()
            before = told
            time.sleep(_SECONDS_BETWEEN_LOOKS)


def _show(told: _Told, *, failed: bool, as_json: bool) -> None:
    statuses, broken = told
    if as_json:
        listed = [status_as_json(status) for status in statuses]
        listed += [{"catalogue": name, "error": str(error)} for name, error in broken.items()]
        print(json.dumps(listed))
    elif failed:
        _show_failures(statuses)
    else:
        _show_counts(statuses)


def _statuses(source: Source, *, found: Catalogues, with_failures: bool) -> _Told:
    """Those that can be told, and what is wrong with the others, which is said at once.

    Raises:
        StorageError: none can be told.
    """
    statuses: list[CatalogueStatus] = []
    broken: dict[str, CatalogPipelineError] = {}
    for each in found.usable:
        try:
            statuses.append(status_of(source, each, with_failures=with_failures))
        except StorageError as error:
            broken[each.name] = error
    for problem in broken.values():
        if not statuses:
            raise problem
        say(f"Error: {problem}", err=True)
    return statuses, {**found.broken, **broken}


def _show_counts(statuses: list[CatalogueStatus]) -> None:
    now = datetime.now(timezone.utc)
    console = output_console()
    is_roomy = console.width >= _ROOMY_WIDTH
    in_progress = is_roomy or any(status.in_progress for status in statuses)
    grid = Table(box=None, header_style="bold", padding=(0, 2 if is_roomy else 1, 0, 0))
    grid.add_column("Catalogue", no_wrap=True)
    for heading in ("Pages", "Done", "Failed", *(("In progress",) if in_progress else ())):
        grid.add_column(heading, justify="right")
    grid.add_column("Missing", justify="right")
    for heading in ("Oldest fetch", "Newest fetch"):
        grid.add_column(heading)
    grid.add_column("Table rows", justify="right")
    for status in statuses:
        grid.add_row(
            status.catalogue,
            str(status.total),
            _count(status.done, "green"),
            _count(status.failed, "red"),
            *((_count(status.in_progress, "blue"),) if in_progress else ()),
            _count(status.missing, "yellow"),
            _age(status.oldest_fetch, now),
            _age(status.newest_fetch, now),
            "none" if status.table_rows is None else f"{status.table_rows:,}",
        )
    console.print(grid)
    _show_notes(console, statuses)


def _show_notes(console: Console, statuses: list[CatalogueStatus]) -> None:
    for status in statuses:
        if status.failed:
            console.print(
                f"{status.catalogue}: failed pages {status.failed_pages} "
                f"(catalog-pipeline status {status.catalogue} --failed says why)"
            )
        if status.table_problem:
            console.print(
                f"{status.catalogue}: {status.table_problem}; catalog-pipeline run "
                f"{status.catalogue} builds it anew out of the stored pages",
                markup=False,
            )
        if status.table_outdated:
            console.print(
                f"{status.catalogue}: the table is not of today: {status.table_outdated}; "
                f"catalog-pipeline run {status.catalogue} builds it, or says why not",
                markup=False,
            )
        for told in (
            *status.length,
            status.moved,
            status.other_history,
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
        if status.crawled_by is not None:
            console.print(f"{status.catalogue}: crawled by {status.crawled_by}.", markup=False)
        for sentence in (*status.failed_checks, *status.row_notes):
            console.print(f"{status.catalogue}: {sentence}.", markup=False)
        if status.to_parse_again:
            console.print(
                f"{status.catalogue}: to be parsed again: {status.to_parse_again} "
                f"(pages {status.pages_to_parse_again}, read by another YAML; catalog-pipeline run "
                f"{status.catalogue} does it without a download)"
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


def _outside(status: CatalogueStatus) -> str | None:
    if not status.outside:
        return None
    run = f"catalog-pipeline run {status.catalogue}"
    rows = (
        f"what the table has of them leaves it with its next build ({run})"
        if status.outside_in_table
        else "nothing of them is in the table"
    )
    pages = "1 page" if status.outside == 1 else f"{status.outside:,} pages"
    which = f"{pages} outside of the catalogue: {status.outside_pages}"
    return f"{which}; they are in no count, and {rows}"


def _strange(partitions: tuple[str, ...]) -> str | None:
    if not partitions:
        return None
    more = len(partitions) - _PARTITIONS_NAMED
    named = ", ".join(map(repr, partitions[:_PARTITIONS_NAMED]))
    named = f"{as_line(named)} and {more} more" if more > 0 else as_line(named)
    return f"partitions of its history name no page ({named}); they are in no count and no table"


def _show_failures(statuses: list[CatalogueStatus]) -> None:
    now = datetime.now(timezone.utc)
    for status in statuses:
        show_failed_pages(status.catalogue, status.failed, status.failures, now)


def _count(number: int, style: str) -> str:
    return f"[{style}]{number}[/{style}]" if number else "0"


def _age(instant: datetime | None, now: datetime) -> str:
    return age_text(instant, now) if instant else ""
