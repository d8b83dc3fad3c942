"""`catalog-pipeline export`: a catalogue's table, history or changes in another format."""

from __future__ import annotations

import json
import os
import re
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog_pipeline.catalogue.exports import What, usual_key
from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import complete_names, json_option
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.cli.times import duration_text
from catalog_pipeline.errors import UsageError
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.system.private_files import private_files
from catalog_pipeline.wording import counted

if TYPE_CHECKING:
    from catalog_pipeline.tables.exports.writing import Mode

_AN_ADDRESS = re.compile(r"\s*postgres(ql)?:", re.IGNORECASE)
_WITHOUT_TABLES = frozenset({".csv", ".jsonl", ".ndjson", ".parquet"})


@click.command()
@click.argument("catalogue", shell_complete=complete_names)
@click.argument("file", required=False, type=click.Path(path_type=Path))
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
@click.option(
    "--to-env",
    "variable",
    metavar="VARIABLE",
    help="Instead of FILE: the environment variable that holds a postgresql:// address.",
)
@click.option(
    "--mode",
    type=click.Choice(["replace", "merge"]),
    default="replace",
    help="In PostgreSQL: all rows of the table anew (default), or merged into it by key.",
)
@click.option(
    "--key", metavar="COLUMN,...", help="Merge by these columns; by the YAML's `key` if not given."
)
@json_option
def command(
    catalogue: str,
    file: Path | None,
    what: What,
    table: str | None,
    safe: bool,
    variable: str | None,
    mode: Mode,
    key: str | None,
    as_json: bool,
) -> int:
    """Write the table of CATALOGUE to FILE, in the format that its ending names, or to PostgreSQL.

    .csv, .jsonl, .xlsx, .duckdb, .sqlite and .parquet. FILE is replaced at once, when all is
    written. Decimals and instants keep all their digits; what a format cannot hold is an error.
    """
    described = load_catalogue(catalogue)
    target = _target(file, variable)
    _check_options(file, table, mode, key)
    columns = _key(described, what, key) if mode == "merge" else ()
    started = time.monotonic()
    with heavy_imports():
        from catalog_pipeline.orchestration.checkpoints.kept_past import check_kept_past
        from catalog_pipeline.orchestration.checkpoints.table_state import check_sound
        from catalog_pipeline.orchestration.instance.asking import ask
        from catalog_pipeline.tables.exports.export import export_to_file
        from catalog_pipeline.tables.exports.postgres import database_url, export_to_postgres
        from catalog_pipeline.tables.exports.sources import source_of
        from catalog_pipeline.tables.exports.writing import Options, TableOptions

    source = source_of(described.name, catalogue_places(described.name), what)
    if what == "table":
        ask(lambda history: check_sound(history, described, source))
    else:
        ask(lambda history: check_kept_past(history, described))
    name = table or _usual_name(what)
    with ExitStack() as stack:
        _keep_private(described, stack)
        if isinstance(target, Path):
            exported = export_to_file(source, target, Options(name, safe))
        else:
            url = database_url(os.environ, target)
            exported = export_to_postgres(source, url, target, TableOptions(name, mode, columns))
    if as_json:
        told = {"what": what, "rows": exported.rows, "notes": exported.notes}
        place = {"file": str(target)} if isinstance(target, Path) else {"table": name}
        print(json.dumps({**place, **told}))
        return 0
    seconds = duration_text(time.monotonic() - started)
    where = target if isinstance(target, Path) else f"{name} of the database of {target}"
    say(f"{where}: {counted(exported.rows, 'row')} in {seconds}")
    for note in exported.notes:
        say(f"Note: {note}.")
    return 0


def _target(file: Path | None, variable: str | None) -> Path | str:
    """A file, or the variable of a database."""
    if (file is None) == (variable is None):
        raise UsageError("Give FILE, or --to-env VARIABLE for PostgreSQL.")
    if file is not None and _AN_ADDRESS.match(str(file)):
        raise UsageError(
            "An address with its password does not belong on a command line, which others can "
            "see: put it into an environment variable and write --to-env VARIABLE."
        )
    return file if file is not None else str(variable)


def _check_options(file: Path | None, table: str | None, mode: Mode, key: str | None) -> None:
    """Refuse what would have no meaning for the format."""
    if key is not None and mode != "merge":
        raise UsageError("--key is for --mode merge.")
    if file is not None and mode == "merge":
        raise UsageError("--mode merge is for PostgreSQL (--to-env); a file is replaced.")
    if table is not None and not table.strip():
        raise UsageError("--table names no table.")
    if file is not None and table is not None and file.suffix.lower() in _WITHOUT_TABLES:
        raise UsageError(f"A {file.suffix} file has no table with a name.")


def _key(catalogue: Catalogue, what: What, given: str | None) -> tuple[str, ...]:
    """The columns to merge by."""
    if given is not None:
        key = tuple(name.strip() for name in given.split(","))
        if not all(key):
            raise UsageError(f"--key {given!r} names no column; write --key COLUMN,...")
        return key
    if key := usual_key(what, catalogue.key_columns):
        return key
    raise UsageError(f"To merge the {what}, say by which columns: --key COLUMN,...")


def _usual_name(what: What) -> str:
    return "products" if what == "table" else what


def _keep_private(catalogue: Catalogue, stack: ExitStack) -> None:
    """What is behind a login stays for the owner's eyes."""
    if catalogue.is_private:
        stack.enter_context(private_files())
