"""What `run` says at its end: for people with a few rows of the table, for machines as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from rich.console import Console

from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.cli.cutoffs import not_ahead
from catalog_pipeline.cli.exit_codes import code_of_result
from catalog_pipeline.cli.failed_pages import KeptBodies, where_to_look
from catalog_pipeline.cli.grids import output_console, print_rows_in_brief
from catalog_pipeline.cli.machine_output import failure_as_json
from catalog_pipeline.cli.row_notes import change_sentences, row_sentences
from catalog_pipeline.cli.terminal import GuardedConsole
from catalog_pipeline.cli.times import duration_text
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.wording import counted

_ROWS_SHOWN = 5
FAILURES_SHOWN = 20
"""Failed pages that a summary tells; `status --failed` has all."""


def resume_command(request: CrawlRequest, *, is_interrupted: bool = True) -> str:
    """What to type to go on with what this run leaves.

    A run that only parsed stored pages, and came to its end, leaves those that are to be asked for.
    """
    options = [
        f" --pages {format_pages(request.pages or ())}" if not request.is_whole else "",
        f" --base-url {request.base_url}" if request.base_url else "",
        f" --cutoff {not_ahead(request.cutoff).isoformat()}" if request.cutoff else "",
        " --reparse" if request.reparse and is_interrupted else "",
    ]
    return f"catalog-pipeline run {request.catalogue.name}{''.join(options)}"


def show_summary(result: CrawlResult, *, seconds: float, as_json: bool) -> None:
    """Print the summary on standard output."""
    if as_json:
        print(json.dumps(_as_json(result, seconds), default=str))
        return
    console = GuardedConsole(highlight=False, soft_wrap=True)
    _show_pages(console, result, seconds)
    if result.length_from is not None:
        console.print(f"length: {result.length_from}", markup=False)
    if result.is_interrupted:
        console.print(f"Interrupted. Go on with: {resume_command(result.request)}", style="yellow")
        return
    _show_problems(console, result)
    if result.rows is not None:
        _show_table(console, result)
    _show_exports(console, result)
    _show_notices(console, result)


def _show_pages(console: Console, result: CrawlResult, seconds: float) -> None:
    counts = f"{result.done} done, {result.failed} failed, {result.missing} missing"
    if result.in_progress:
        counts += f", {result.in_progress} in progress elsewhere"
    which = "pages" if result.request.is_whole else "chosen pages"
    name = result.request.catalogue.name
    console.print(f"[bold]{name}[/bold]: {which} {counts}")
    console.print(f"{_work(result)} in {duration_text(seconds)}")


def _work(result: CrawlResult) -> str:
    """What was done, in a few words."""
    if result.run_id is None:
        is_done = result.is_complete
        return "everything is done already, 0 downloads" if is_done else "nothing to do"
    is_told = result.parsed_again or result.request.reparse
    parts = [f"{counted(result.parsed_again, 'page')} parsed again"] if is_told else []
    parts.append(counted(result.downloads, "download"))
    if result.came_in_vain:
        parts.append(f"{result.came_in_vain} more refused")
    if result.not_modified:
        parts.append(f"{result.not_modified} unchanged (304)")
    return ", ".join(parts)


def _show_problems(console: Console, result: CrawlResult) -> None:
    kept = KeptBodies(result.request.catalogue.name)
    for failure in result.failures[:FAILURES_SHOWN]:
        tries = counted(failure.attempts, "attempt")
        console.print(f"  {failure.message} ({tries})", style="red", markup=False)
        where = where_to_look(kept, failure.page, is_stored=failure.unread_by is not None)
        if where:
            console.print(f"    {where}", markup=False)
    if len(result.failures) > FAILURES_SHOWN:
        more = len(result.failures) - FAILURES_SHOWN
        console.print(
            f"  … and {more} more: catalog-pipeline status {result.request.catalogue.name} --failed"
        )
    for problem in result.problems:
        console.print(f"Length: {problem}", style="red", markup=False)
    for sentence in result.length:
        console.print(f"Length: {sentence}", style="yellow", markup=False)
    if result.crawl_error:
        console.print(f"Crawl: {result.crawl_error}", style="red", markup=False)
    has_nothing_to_build = bool(result.crawl_error) and not result.done
    if result.table_error and not has_nothing_to_build:
        console.print(f"Table: {result.table_error}", style="red", markup=False)
    if result.table_waits:
        console.print(f"Table: {result.table_waits}.", style="yellow", markup=False)
    if result.failed or result.missing:
        console.print(f"To try what is left: {_to_go_on(result)}")


def _show_table(console: Console, result: CrawlResult) -> None:
    _show_left_out(console, result)
    console.print(f"{counted(result.rows or 0, 'row')} in {result.table_place}")
    for sentence in result.failed_checks:
        console.print(sentence, style="yellow", markup=False)
    for sentence in row_sentences(
        result.request.catalogue, result.duplicates, result.merged, result.row_notes
    ):
        console.print(sentence, markup=False)
    for sentence in change_sentences(result.history):
        console.print(sentence, markup=False)
    if result.outdated_pages:
        console.print(
            f"{counted(result.outdated_pages, 'page')} of the table "
            f"{'was' if result.outdated_pages == 1 else 'were'} parsed by another YAML, or by an "
            f"earlier version of this program; to parse them again: catalog-pipeline run "
            f"{result.request.catalogue.name}"
        )
    if result.run_id is None:
        return
    # Arrow is slow to import; a run that found everything done has no new rows to show.
    from catalog_pipeline.tables.preview import first_rows

    print_rows_in_brief(output_console(), first_rows(result.table, _ROWS_SHOWN))


def _show_exports(console: Console, result: CrawlResult) -> None:
    for export in result.exports:
        if export.error is None:
            console.print(f"{export.name}: {export.where}", markup=False)
        else:
            console.print(f"{export.name}: {export.error}", style="red", markup=False)


def _show_notices(console: Console, result: CrawlResult) -> None:
    if result.notices is None:
        return
    if result.notices.sent:
        console.print(f"{counted(result.notices.sent, 'notice')} sent", markup=False)
    for problem in result.notices.problems:
        console.print(f"Notice not sent: {problem}", style="yellow", markup=False)


def _show_left_out(console: Console, result: CrawlResult) -> None:
    done = result.left_out.keys() - result.left_out_not_done
    for pages, why in (
        (done, "though they are done"),
        (result.left_out_not_done, "since nothing that is stored of them is of use"),
    ):
        if pages:
            console.print(f"Not in the table: pages {format_pages(pages)}, {why}", style="red")
    reasons = [reason for reason in result.left_out.values() if reason]
    for reason in reasons[:FAILURES_SHOWN]:
        console.print(f"  {reason}", style="red", markup=False)


def _to_go_on(result: CrawlResult) -> str:
    return resume_command(result.request, is_interrupted=result.is_interrupted)


def _as_json(result: CrawlResult, seconds: float) -> dict[str, Any]:
    is_left = bool(result.is_interrupted or result.failed or result.missing)
    return {
        "catalogue": result.request.catalogue.name,
        "selected": result.selected,
        "done": result.done,
        "failed": result.failed,
        "missing": result.missing,
        "in_progress": result.in_progress,
        "downloads": result.downloads,
        "refused": result.came_in_vain,
        "not_modified": result.not_modified,
        "parsed_again": result.parsed_again,
        "failed_pages": format_pages(result.failed_pages),
        "left_out_pages": format_pages(result.left_out),
        "left_out": [
            {"page": page.plain, "reason": reason}
            for page, reason in sorted(result.left_out.items())
        ],
        "duplicates": result.duplicates,
        "merged_rows": dict(result.merged),
        "row_notes": list(result.row_notes),
        "failed_checks": list(result.failed_checks),
        "changes": dict(result.history),
        "outdated_pages": result.outdated_pages,
        "problems": list(result.problems),
        "length": list(result.length),
        "length_from": result.length_from,
        "failures": [failure_as_json(failure) for failure in result.failures],
        "interrupted": result.is_interrupted,
        "resume": _to_go_on(result) if is_left else None,
        "crawl_error": result.crawl_error,
        "table_error": result.table_error,
        "table_waits": result.table_waits,
        "table": result.table_place,
        "rows": result.rows,
        "exports": [asdict(export) for export in result.exports],
        "notices": asdict(result.notices) if result.notices is not None else None,
        "run_id": result.run_id,
        "seconds": round(seconds, 3),
        "amiss": result.is_amiss,
        "exit_code": code_of_result(result),
    }
