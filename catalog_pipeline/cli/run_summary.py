"""What `run` says at its end: for people with a few rows of the table, for machines as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.cli.grids import output_console, print_rows_in_brief
from catalog_pipeline.cli.machine_output import failure_as_json
from catalog_pipeline.cli.main import EXIT_FAILED, EXIT_INTERRUPTED
from catalog_pipeline.cli.run_order import RunOrder
from catalog_pipeline.cli.terminal import GuardedConsole
from catalog_pipeline.cli.times import duration_text
from catalog_pipeline.records import PageFailure

_ROWS_SHOWN = 5
_FAILURES_SHOWN = 20


@dataclass(frozen=True)
class RunSummary:
    """How a `run` ended; page counts are those of its selection.

    `left_out` are the pages of the whole catalogue that are done and not in its table.
    """

    order: RunOrder
    done: int
    failed: int
    missing: int
    in_progress: int
    downloads: int
    not_modified: int
    parsed_again: int
    failures: tuple[PageFailure, ...]
    is_interrupted: bool
    crawl_error: str | None
    table_error: str | None
    table: Path
    rows: int | None
    run_id: str | None
    duplicates: int = 0
    left_out: Mapping[PageKey, str] = field(default_factory=dict)
    outdated_pages: int = 0

    @property
    def exit_code(self) -> int:
        """As the command's help says."""
        if self.is_interrupted:
            return EXIT_INTERRUPTED
        is_good = (
            self.done == len(self.order.pages)
            and not self.crawl_error
            and not self.table_error
            and not self.left_out
        )
        return 0 if is_good else EXIT_FAILED

    @property
    def work(self) -> str:
        """What was done, in a few words."""
        if self.run_id is None:
            is_complete = self.done == len(self.order.pages)
            return "everything is done already, 0 downloads" if is_complete else "nothing to do"
        parts = [f"{self.parsed_again} pages parsed again"] if self.order.reparse else []
        parts.append(f"{self.downloads} downloads")
        if self.not_modified:
            parts.append(f"{self.not_modified} unchanged (304)")
        return ", ".join(parts)


def show_summary(summary: RunSummary, *, seconds: float, as_json: bool) -> None:
    """Print the summary on standard output."""
    if as_json:
        print(json.dumps(_as_json(summary, seconds), default=str))
        return
    console = GuardedConsole(highlight=False, soft_wrap=True)
    _show_pages(console, summary, seconds)
    if summary.is_interrupted:
        console.print(f"Interrupted. Go on with: {summary.order.resume_command}", style="yellow")
        return
    _show_problems(console, summary)
    if summary.rows is not None:
        _show_table(console, summary)


def _show_pages(console: Console, summary: RunSummary, seconds: float) -> None:
    counts = f"{summary.done} done, {summary.failed} failed, {summary.missing} missing"
    if summary.in_progress:
        counts += f", {summary.in_progress} in progress elsewhere"
    scope = "" if summary.order.is_whole else f" of the {len(summary.order.pages)} chosen"
    name = summary.order.catalogue.name
    console.print(f"[bold]{name}[/bold]: pages{scope} {counts}")
    console.print(f"{summary.work} in {duration_text(seconds)}")


def _show_problems(console: Console, summary: RunSummary) -> None:
    for failure in summary.failures[:_FAILURES_SHOWN]:
        tries = "1 attempt" if failure.attempts == 1 else f"{failure.attempts} attempts"
        console.print(f"  {failure.message} ({tries})", style="red", markup=False)
    if len(summary.failures) > _FAILURES_SHOWN:
        more = len(summary.failures) - _FAILURES_SHOWN
        console.print(
            f"  … and {more} more: catalog-pipeline status {summary.order.catalogue.name} --failed"
        )
    if summary.crawl_error:
        console.print(f"Crawl: {summary.crawl_error}", style="red", markup=False)
    has_nothing_to_build = bool(summary.crawl_error) and not summary.done
    if summary.table_error and not has_nothing_to_build:
        console.print(f"Table: {summary.table_error}", style="red", markup=False)
    if summary.failed or summary.missing:
        console.print(f"To try what is left: {summary.order.resume_command}")


def _show_table(console: Console, summary: RunSummary) -> None:
    _show_left_out(console, summary)
    console.print(f"{summary.rows:,} rows in {summary.table}")
    if summary.duplicates:
        key = ", ".join(summary.order.catalogue.key)
        console.print(
            f"{summary.duplicates:,} more rows gave way to a later one of the same {key}",
            markup=False,
        )
    if summary.outdated_pages:
        console.print(
            f"{summary.outdated_pages} pages were parsed by an older YAML; to parse them again: "
            f"catalog-pipeline run {summary.order.catalogue.name} --reparse"
        )
    if summary.run_id is None:
        return
    # Arrow is slow to import; a run that found everything done has no new rows to show.
    from catalog_pipeline.tables.preview import first_rows

    print_rows_in_brief(output_console(), first_rows(summary.table, _ROWS_SHOWN))


def _show_left_out(console: Console, summary: RunSummary) -> None:
    if not summary.left_out:
        return
    console.print(
        f"Not in the table: pages {format_pages(summary.left_out)}, though they are done",
        style="red",
    )
    reasons = [reason for reason in summary.left_out.values() if reason]
    for reason in reasons[:_FAILURES_SHOWN]:
        console.print(f"  {reason}", style="red", markup=False)


def _as_json(summary: RunSummary, seconds: float) -> dict[str, Any]:
    failed = [failure.page for failure in summary.failures]
    return {
        "catalogue": summary.order.catalogue.name,
        "selected": len(summary.order.pages),
        "done": summary.done,
        "failed": summary.failed,
        "missing": summary.missing,
        "in_progress": summary.in_progress,
        "downloads": summary.downloads,
        "not_modified": summary.not_modified,
        "parsed_again": summary.parsed_again,
        "failed_pages": format_pages(failed),
        "left_out_pages": format_pages(summary.left_out),
        "left_out": [
            {"page": page.plain, "reason": reason}
            for page, reason in sorted(summary.left_out.items())
        ],
        "duplicates": summary.duplicates,
        "outdated_pages": summary.outdated_pages,
        "failures": [failure_as_json(failure) for failure in summary.failures],
        "interrupted": summary.is_interrupted,
        "crawl_error": summary.crawl_error,
        "table_error": summary.table_error,
        "table": str(summary.table),
        "rows": summary.rows,
        "run_id": summary.run_id,
        "seconds": round(seconds, 3),
        "exit_code": summary.exit_code,
    }
