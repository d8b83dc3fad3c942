"""`catalog-pipeline schema`: the JSON schema of a catalogue's YAML, for editors."""

from __future__ import annotations

from pathlib import Path

import click

from catalog_pipeline.catalogue.reference import reference
from catalog_pipeline.catalogue.schema import SCHEMA_FILE_NAME, SCHEMA_LINE, schema_text
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.errors import UsageError


@click.command()
@click.option(
    "--write",
    "folder",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help=f"Write it to FOLDER/{SCHEMA_FILE_NAME}, the folder above those of the catalogues.",
)
@click.option("--reference", "as_reference", is_flag=True, help="Print it as a page to read.")
def command(folder: Path | None, as_reference: bool) -> int:
    """Print the JSON schema of a catalogue's YAML.

    Editors with a YAML language server complete and explain the keys of a file that begins with
    a line that says where the schema is; the files that come with the project have it.
    """
    if as_reference and folder is not None:
        raise UsageError("Give one of --write and --reference.")
    if as_reference:
        print(reference(), end="")
        return 0
    if folder is None:
        print(schema_text(), end="")
        return 0
    if not folder.is_dir():
        raise UsageError(f"There is no folder {folder}.")
    path = folder / SCHEMA_FILE_NAME
    path.write_text(schema_text(), encoding="utf-8")
    say(f"Wrote {path}. First line of a YAML in a folder beside it:\n{SCHEMA_LINE}")
    return 0
