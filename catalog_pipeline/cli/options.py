"""Options that several subcommands share."""

from __future__ import annotations

import click

from catalog_pipeline.catalogue.finding import find_catalogues
from catalog_pipeline.errors import UsageError

DEFAULT_CATALOGUE = "sandbox"
"""The catalogue that is meant where none is named, if it is there."""

base_url_option = click.option(
    "--base-url", metavar="URL", help="Crawl this address instead, for instance a mirror."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


def chosen_catalogue(named: str | None) -> str:
    """The catalogue that was named; without a name the practice shop, or a project's only one.

    Raises:
        UsageError: none was named, and several could be meant.
    """
    if named is not None:
        return named
    found = find_catalogues()
    names = [*found.files, *found.doubled]
    if DEFAULT_CATALOGUE in names:
        return DEFAULT_CATALOGUE
    if len(names) == 1:
        return names[0]
    raise UsageError(f"Name a catalogue. Known: {', '.join(names) or 'none'}.")
