"""`catalog-pipeline export`: a catalogue's table, history or changes in another format."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path

import click

from catalog_pipeline.catalogue.exports import What
from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import complete_names, json_option
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.cli.times import duration_text
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.system.private_files import private_files
from catalog_pipeline.wording import counted


@click.command()
@click.argument("catalogue", shell_complete=complete_names)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--what",
    type=click.Choice(["table", "history", "changes"]),
    default="table",
    help="The table (default), or what is kept of its past.",
)
@click.option(
    "--table", metavar="NAME", help="Its name in a database, and of the sheet of a workbook."
)
@click.option(
    "--safe/--no-safe",
    default=True,
    help="In .csv and .xlsx: texts that a spreadsheet would take for formulas are made harmless.",
)
@json_option
def command(
    catalogue: str, file: Path, what: What, table: str | None, safe: bool, as_json: bool
) -> int:
    """Write the table of CATALOGUE to FILE, in the format that its ending names.

    .csv, .jsonl, .xlsx, .duckdb, .sqlite and .parquet. FILE is replaced at once, when all is
    written. Decimals and instants keep all their digits; what a format cannot hold is an error.
    """
    described = load_catalogue(catalogue)
    started = time.monotonic()
    with heavy_imports():
        from catalog_pipeline.tables.exports.export import export_to_file
        from catalog_pipeline.tables.exports.sources import source_of
        from catalog_pipeline.tables.exports.writing import Options

    source = source_of(described.name, catalogue_places(described.name), what)
    options = Options(table or _usual_name(what), safe)
    with ExitStack() as stack:
        _keep_private(described, stack)
        exported = export_to_file(source, file, options)
    if as_json:
        told = {"file": str(file), "what": what, "rows": exported.rows, "notes": exported.notes}
        print(json.dumps(told))
        return 0
    seconds = duration_text(time.monotonic() - started)
    say(f"{file}: {counted(exported.rows, 'row')} in {seconds}")
    for note in exported.notes:
        say(f"Note: {note}.")
    return 0


def _usual_name(what: What) -> str:
    return "products" if what == "table" else what


def _keep_private(catalogue: Catalogue, stack: ExitStack) -> None:
    """What is behind a login stays for the owner's eyes."""
    if catalogue.is_private:
        stack.enter_context(private_files())
