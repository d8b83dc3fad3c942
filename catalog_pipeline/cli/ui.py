"""`catalog-pipeline ui`: the web UI and the daemon on the instance and data of the commands."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import click

from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.terminal import say


@click.command("ui", help="Serve the web UI and run the daemon, until Ctrl-C.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Port to listen at; without it 3000, or a free one where that is taken.",
)
@click.option(
    "--allow-host",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="One more name to answer under, as that of a proxy in front; may be repeated.",
)
@click.option(
    "--workspace",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Serve the web UI alone: FILE names the code servers, and they and the daemon run "
    "elsewhere.",
)
def command(host: str, port: int | None, host_names: Sequence[str], workspace: Path | None) -> int:
    with heavy_imports():
        from catalog_pipeline.orchestration.instance.web import services

    logging.captureWarnings(True)
    try:
        if workspace is None:
            services.run_services(host, port, host_names, _say_ready)
        else:
            services.serve_workspace(host, port, host_names, workspace, _say_ready)
    except KeyboardInterrupt:
        say("The web UI has ended. Crawls that it started go on.")
    return 0


def _say_ready(url: str, errors: Sequence[str]) -> None:
    for error in errors:
        say(f"The catalogues cannot be loaded: {error.strip()}", err=True)
    say(f"Web UI: {url}  (Ctrl-C ends it)")
