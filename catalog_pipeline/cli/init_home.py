"""`catalog-pipeline init-home`: give Dagster's home the settings that crawls want. No Dagster."""

from __future__ import annotations

import os

import click

from catalog_pipeline.catalogue.project import named_project
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.home_settings import complete_settings
from catalog_pipeline.places import HOME_VARIABLE, dagster_home


@click.command()
def command() -> int:
    """Write dagster.yaml into Dagster's home, or add to it what it lacks; what is there stays."""
    home = dagster_home()
    before = complete_settings(home)
    if not before.lacking:
        say(f"{before.path} has all that crawls want; nothing was changed.")
    elif before.sections:
        say(f"Added to {before.path}: {', '.join(before.lacking)}. What was there stays.")
    else:
        say(f"Wrote {before.path}.")
    if os.environ.get(HOME_VARIABLE) is None:
        project = named_project(os.environ)
        where = f"in {project.env_file}" if project else "for the web UI"
        say(f"So that dg uses it too, set {where}:\n{HOME_VARIABLE}={home}")
    return 0
