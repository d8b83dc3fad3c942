"""`catalog-pipeline prune`: removes what crawls leave behind, or says what it would remove.

What is old and what is needed is known to `orchestration.runs.pruning`; here it is chosen
whose, and shown.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click
from rich.filesize import decimal

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.cli.exit_codes import EXIT_GOOD, EXIT_USAGE
from catalog_pipeline.cli.grids import output_console, print_rows
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import chosen_catalogues, complete_names, json_option
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.cli.usable import all_catalogues
from catalog_pipeline.wording import counted

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.runs.pruning import Amount, Pruned, PruneReport


@click.command()
@click.argument("names", metavar="[CATALOGUE]...", nargs=-1, shell_complete=complete_names)
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@json_option
def command(names: tuple[str, ...], dry_run: bool, as_json: bool) -> int:
    """Remove old runs with their logs, superseded events and files that no page needs.

    Of the CATALOGUEs, or of all; how old is old is said by `retention` in the YAML, and is 90 days
    without it. Crawls may go on meanwhile: what they need, and all that `status` shows, stays. The
    daemon of the web UI does the same once a day.
    """
    catalogues, code = _chosen(names)
    with heavy_imports():
        from catalog_pipeline.orchestration.instance.open import open_instance
        from catalog_pipeline.orchestration.runs.pruning import prune

    with open_instance() as instance:
        report = prune(
            instance,
            catalogues,
            datetime.now(timezone.utc),
            dry_run=dry_run,
            on_wait=lambda: say("Somebody else is removing what is old; waiting.", err=True),
        )
    if as_json:
        print(json.dumps(_as_json(report, dry_run=dry_run)))
    else:
        _show(report, dry_run=dry_run)
    return code


def _chosen(names: tuple[str, ...]) -> tuple[list[Catalogue], int]:
    if names:
        return [load_catalogue(each) for each in chosen_catalogues(names, is_all=False)], EXIT_GOOD
    found = all_catalogues(to_crawl=False)
    return list(found.usable), EXIT_USAGE if found.broken else EXIT_GOOD


def _show(report: PruneReport, *, dry_run: bool) -> None:
    told = [*report.catalogues, *([report.own_runs] if not report.own_runs.is_nothing else [])]
    rows = [_row(each) for each in told if not each.is_nothing]
    if rows:
        print_rows(output_console(), rows)
    for each in told:
        if each.waits_for is not None:
            say(f"{each.name}: page files stay for now, as it is in use by {each.waits_for}")
    if report.left_overs.count:
        left = counted(report.left_overs.count, "left-over file")
        say(f"Dagster's home: {left} ({decimal(report.left_overs.bytes)})")
    for note in report.notes:
        say(f"Note: {note}")
    say(_last_line(report, dry_run=dry_run))


def _last_line(report: PruneReport, *, dry_run: bool) -> str:
    before = decimal(report.bytes_before)
    if report.is_nothing and dry_run:
        return f"Nothing would be removed; Dagster's home takes {before}."
    if dry_run:
        return f"That would be removed; Dagster's home takes {before} now."
    after = decimal(report.bytes_after or 0)
    if report.is_nothing:
        return f"Nothing was to be removed; Dagster's home takes {after}."
    return f"Removed; Dagster's home takes {after}, and took {before}."


def _row(pruned: Pruned) -> dict[str, object]:
    return {
        "catalogue": pruned.name,
        "runs": _cell(pruned.runs),
        "their events": _cell(pruned.events),
        "superseded events": _cell(pruned.superseded),
        "page files": _cell(pruned.page_files),
        "left over": _cell(pruned.left_overs),
    }


def _cell(amount: Amount) -> str:
    return f"{amount.count:,} ({decimal(amount.bytes)})" if amount.count else "none"


def _as_json(report: PruneReport, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "catalogues": [_with_name(each) for each in report.catalogues],
        "own_runs": {k: v for k, v in _with_name(report.own_runs).items() if k != "catalogue"},
        "home": {
            "left_overs": asdict(report.left_overs),
            "bytes_before": report.bytes_before,
            "bytes_after": report.bytes_after,
        },
        "notes": list(report.notes),
    }


def _with_name(pruned: Pruned) -> dict[str, Any]:
    told = asdict(pruned)
    return {"catalogue": told.pop("name"), **told}
