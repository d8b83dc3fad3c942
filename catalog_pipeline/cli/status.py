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
from catalog_pipeline.cli.status_notes import show_notes
from catalog_pipeline.cli.streams import reader_is_gone
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.cli.times import age_text
from catalog_pipeline.cli.usable import Catalogues, all_catalogues
from catalog_pipeline.errors import CatalogPipelineError, StorageError

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.instance.history import Source

_ROOMY_WIDTH = 100
"""Columns from which the counts of `status` stand apart."""
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
    show_notes(console, statuses)


def _show_failures(statuses: list[CatalogueStatus]) -> None:
    now = datetime.now(timezone.utc)
    for status in statuses:
        show_failed_pages(
            status.catalogue, status.failed, status.failures, now, status.run_failures
        )


def _count(number: int, style: str) -> str:
    return f"[{style}]{number}[/{style}]" if number else "0"


def _age(instant: datetime | None, now: datetime) -> str:
    return age_text(instant, now) if instant else ""
