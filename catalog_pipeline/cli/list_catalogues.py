"""`catalog-pipeline list`: the catalogues that have a YAML file. Works without Dagster."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.markup import escape

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import pages_text
from catalog_pipeline.cli.exit_codes import EXIT_GOOD, EXIT_USAGE
from catalog_pipeline.cli.options import json_option
from catalog_pipeline.cli.terminal import GuardedConsole
from catalog_pipeline.cli.usable import all_catalogues


@click.command()
@json_option
def command(as_json: bool) -> int:
    """List the catalogues with their URLs, pages and schedules.

    One with a mistake in its YAML is listed as such; the exit code is 2 then.
    """
    catalogues = all_catalogues(to_crawl=True)
    code = EXIT_USAGE if catalogues.broken else EXIT_GOOD
    if as_json:
        listed = [_as_json(catalogue) for catalogue in catalogues.usable]
        listed += [{"catalogue": n, "error": str(error)} for n, error in catalogues.broken.items()]
        print(json.dumps(listed))
        return code
    console = GuardedConsole(highlight=False, soft_wrap=True)
    for catalogue in catalogues.usable:
        console.print(
            f"[bold]{catalogue.name}[/bold]  pages {pages_text(catalogue)}, "
            f"schedule {_schedule(catalogue)}"
        )
        console.print(f"    {_address(catalogue)}")
        console.print(f"    {catalogue.description}", style="dim", markup=False)
    for name in catalogues.broken:
        console.print(f"[bold red]{escape(name)}[/bold red]  cannot be used, as said above")
    return code


def _schedule(catalogue: Catalogue) -> str:
    schedule = catalogue.schedule
    if schedule is None:
        return "none"
    state, other = ("on", "off") if schedule.enabled else ("off", "on")
    switched = f"{state} unless switched {other} in the web UI"
    return f"{schedule.cron} {schedule.timezone} ({switched})"


def _address(catalogue: Catalogue) -> str:
    address = catalogue.first_address
    return f"{address} (practice shop, on demand)" if catalogue.practice_shop else address


def _as_json(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "catalogue": catalogue.name,
        "description": catalogue.description,
        "base_url": catalogue.base_url,
        "first_page_url": catalogue.first_address,
        "pages": pages_text(catalogue),
        "schedule": catalogue.schedule.model_dump() if catalogue.schedule else None,
        "columns": list(catalogue.columns),
    }
