"""`catalog-pipeline list`: the catalogues that have a YAML file. Works without Dagster."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console

from catalog_pipeline.catalogue.files import base_url_override, read_catalogue, with_base_url
from catalog_pipeline.catalogue.finding import find_catalogues
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_selection import format_pages
from catalog_pipeline.cli.options import json_option


@click.command()
@json_option
def command(as_json: bool) -> int:
    """List the catalogues with their URLs, pages and schedules."""
    found = find_catalogues()
    for sentence in found.ignored:
        click.echo(f"Note: {sentence}", err=True)
    catalogues = [
        with_base_url(read_catalogue(path), base_url_override(name))
        for name, path in found.files.items()
    ]
    if as_json:
        print(json.dumps([_as_json(catalogue) for catalogue in catalogues]))
        return 0
    console = Console(highlight=False, soft_wrap=True)
    for catalogue in catalogues:
        console.print(
            f"[bold]{catalogue.name}[/bold]  pages {format_pages(catalogue.pages)}, "
            f"schedule {_schedule(catalogue)}"
        )
        console.print(f"    {_address(catalogue)}")
        console.print(f"    {catalogue.description}", style="dim", markup=False)
    return 0


def _schedule(catalogue: Catalogue) -> str:
    schedule = catalogue.schedule
    if schedule is None:
        return "none"
    state = "on" if schedule.enabled else "off"
    return f"{schedule.cron} {schedule.timezone} ({state})"


def _address(catalogue: Catalogue) -> str:
    address = catalogue.page_address(catalogue.first_page)
    return f"{address} (practice shop, on demand)" if catalogue.practice_shop else address


def _as_json(catalogue: Catalogue) -> dict[str, Any]:
    return {
        "catalogue": catalogue.name,
        "description": catalogue.description,
        "base_url": catalogue.base_url,
        "first_page_url": catalogue.page_address(catalogue.first_page),
        "pages": format_pages(catalogue.pages),
        "schedule": catalogue.schedule.model_dump() if catalogue.schedule else None,
        "columns": list(catalogue.columns),
    }
