"""Options that several subcommands share."""

from __future__ import annotations

import click

DEFAULT_CATALOGUE = "sandbox"

base_url_option = click.option(
    "--base-url", metavar="URL", help="Crawl this address instead, for instance a mirror."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
