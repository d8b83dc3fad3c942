"""The failed pages of a catalogue as people read them; which these are is found out elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from rich.markup import escape
from rich.table import Table

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.cli.grids import output_console
from catalog_pipeline.cli.times import age_text
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.records import PageFailure
from catalog_pipeline.storing.stores import evidence_of, page_store
from catalog_pipeline.wording import counted


def show_failed_pages(
    catalogue: str,
    failed: int,
    failures: Sequence[PageFailure],
    now: datetime,
    run_failures: Sequence[str],
) -> None:
    """Print how many pages failed, and why those did that have an error of their own.

    Pages that a run had not recorded when it failed have none: it had not come to them, or could
    not store what it had downloaded; `run_failures` are why such runs failed, as far as it is kept.
    """
    console = output_console()
    if not failed:
        console.print(f"{catalogue}: no failed pages")
        return
    console.print(f"[bold]{catalogue}[/bold]: {counted(failed, 'failed page')}")
    if failures:
        console.print(_grid(catalogue, failures, now))
    unexplained = failed - len(failures)
    if unexplained > 0:
        pages = counted(unexplained, "more page" if failures else "page")
        why = "" if run_failures else ", whose log in the web UI says why"
        console.print(f"Not stored when the run failed{why}: {pages}.")
        for reason in run_failures:
            console.print(f"  {reason}", style="red", markup=False)


def _grid(catalogue: str, failures: Sequence[PageFailure], now: datetime) -> Table:
    grid = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for heading in ("Page", "HTTP", "Attempts", "When"):
        grid.add_column(heading, no_wrap=True)
    grid.add_column("Error", overflow="fold")
    kept = KeptBodies(catalogue)
    for failure in failures:
        grid.add_row(*_cells(kept, failure, now))
    return grid


class KeptBodies:
    """The pages of a catalogue whose bodies can be looked at; looked up once, when asked for."""

    def __init__(self, catalogue: str) -> None:
        self.catalogue = catalogue
        self._places = catalogue_places(catalogue)

    @cached_property
    def of_failures(self) -> frozenset[PageKey]:
        """Those of which a failed answer is kept."""
        return frozenset(evidence_of(self._places).pages())

    @cached_property
    def of_stored_pages(self) -> frozenset[PageKey]:
        """Those that are stored."""
        return frozenset(page_store(self._places).newest())


def where_to_look(kept: KeptBodies, page: PageKey, *, is_stored: bool) -> str:
    """What shows the body that a page failed with, and reads it again; "" if none is kept.

    It `is_stored` if it is that of the stored page, else it is that of a failed answer.
    """
    if page not in (kept.of_stored_pages if is_stored else kept.of_failures):
        return ""
    return (
        f"see catalog-pipeline show {kept.catalogue} --page {page}; "
        f"catalog-pipeline try {kept.catalogue} --stored {page}"
    )


def _cells(kept: KeptBodies, failure: PageFailure, now: datetime) -> tuple[Any, ...]:
    http_status = "" if failure.http_status is None else str(failure.http_status)
    when = age_text(failure.failed_at, now)
    message = failure.message.removeprefix(f"page {failure.page} ")
    where = where_to_look(kept, failure.page, is_stored=failure.unread_by is not None)
    told = f"{message}\n{where}" if where else message
    return (str(failure.page), http_status, str(failure.attempts), when, escape(told))
