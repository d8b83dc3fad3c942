"""`catalog-pipeline check`: all mistakes of YAMLs at once; nothing is asked of a site or stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from catalog_pipeline.catalogue.files import file_of
from catalog_pipeline.catalogue.finding import find_catalogues
from catalog_pipeline.catalogue.mistake import Mistake
from catalog_pipeline.cli.exit_codes import EXIT_GOOD, EXIT_USAGE
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import json_option
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline.wording import counted


@click.command()
@click.argument("catalogues", nargs=-1, metavar="[NAME or FILE ...]")
@json_option
def command(catalogues: tuple[str, ...], as_json: bool) -> int:
    """Find all mistakes in the YAMLs of CATALOGUES, or of all, each with file and line.

    Patterns that can take very long are warned of. Exit code: 0 there is no mistake, 2 there are.
    """
    doubled: list[CatalogueError] = []
    if catalogues:
        paths = [file_of(named) for named in catalogues]
    else:
        found = find_catalogues()
        paths = list(found.files.values())
        doubled = list(found.doubled.values())
        for sentence in found.ignored:
            say(f"Note: {sentence}", err=True)
    for error in doubled:
        say(f"Error: {error}", err=True)
    with heavy_imports():
        from catalog_pipeline.orchestration.commands.checking import cautions_in, mistakes_in

    mistakes = {path: mistakes_in(path) for path in paths}
    cautions = {path: cautions_in(path) for path in paths}
    if as_json:
        told = [
            _as_json(path, each, severity)
            for path in paths
            for severity, found in (("mistake", mistakes), ("warning", cautions))
            for each in found[path]
        ]
        print(json.dumps(told))
    else:
        _show(mistakes, cautions)
    return EXIT_USAGE if doubled or any(mistakes.values()) else EXIT_GOOD


def _show(mistakes: dict[Path, list[Mistake]], cautions: dict[Path, list[Mistake]]) -> None:
    for path, found in mistakes.items():
        for each in found:
            say(_line(path, each))
        for each in cautions[path]:
            say(_line(path, each, "Warning: "))
        if not found:
            say(f"{path}: no mistake")
    count = sum(len(found) for found in mistakes.values())
    bad = sum(1 for found in mistakes.values() if found)
    if count:
        say(f"{counted(count, 'mistake')} in {bad} of {counted(len(mistakes), 'file')}")


def _line(path: Path, mistake: Mistake, kind: str = "") -> str:
    allowed = f" Allowed: {mistake.allowed}." if mistake.allowed else ""
    field = f"{mistake.field}: " if mistake.field else ""
    return f"{path}:{mistake.line or 1}: {kind}{field}{mistake.problem}.{allowed}"


def _as_json(path: Path, mistake: Mistake, severity: str) -> dict[str, Any]:
    return {
        "severity": severity,
        "file": str(path),
        "line": mistake.line or 1,
        "key": mistake.field,
        "problem": mistake.problem,
        "allowed": mistake.allowed,
    }
