"""`catalog-pipeline migrate`: moves the history of a home from its files to PostgreSQL.

How it is moved is known to `orchestration.instance.moved`; here it is asked for, and shown.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog_pipeline.cli.exit_codes import EXIT_GOOD
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import json_option
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.places import DATA_VARIABLE, dagster_home, data_address, data_folder
from catalog_pipeline.wording import counted

if TYPE_CHECKING:
    from catalog_pipeline.orchestration.instance.moved import Moved

_SECONDS_BETWEEN_LINES = 5.0
_TOLD = {
    "runs": "run",
    "event_logs": "event",
    "asset_keys": "asset",
    "dynamic_partitions": "found partition",
    "bulk_actions": "backfill",
    "instigators": "schedule or sensor",
    "job_ticks": "tick",
}
"""The tables whose rows people know, and what they call them."""


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="The home whose files hold the history; without it DAGSTER_HOME itself.",
)
@json_option
def command(source: Path | None, as_json: bool) -> int:
    """Move runs, events, partitions, schedules and sensors from SQLite files to PostgreSQL.

    DAGSTER_HOME has to have the profile for PostgreSQL (deploy/postgres/dagster.yaml), and its
    database has to be empty. Nothing may use either of the two meanwhile. All is moved, or nothing:
    if it is cut short, start it again. The files stay as they are.
    """
    old = (source or dagster_home()).absolute()
    with heavy_imports():
        from catalog_pipeline.orchestration.instance.moved import move_home
    moved, is_new = move_home(old, _Progress().tell)
    if as_json:
        print(json.dumps(asdict(moved) | {"moved_now": is_new}))
        return EXIT_GOOD
    if is_new:
        say(f"Moved from {old}: {_counts(moved)}.")
    else:
        say(f"It was moved at {moved.at}, and is not moved again: {_counts(moved)}.")
    for note in _notes(old):
        say(f"Note: {note}")
    return EXIT_GOOD


class _Progress:
    """A line every few seconds, on standard error."""

    def __init__(self) -> None:
        self._told_at = time.monotonic()

    def tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        if now - self._told_at >= _SECONDS_BETWEEN_LINES:
            self._told_at = now
            say(f"{done:,} of {counted(total, 'event')} looked at", err=True)


def _counts(moved: Moved) -> str:
    return ", ".join(_counted(moved.rows[table], noun) for table, noun in _TOLD.items())


def _counted(number: int, noun: str) -> str:
    if noun == "schedule or sensor" and number != 1:
        return f"{number:,} schedules and sensors"
    return counted(number, noun)


def _notes(old: Path) -> list[str]:
    """What is beside the history, and not where it is looked for now."""
    home = dagster_home()
    if old == home:
        return []
    notes = []
    pages, wanted = old.parent / "data", data_address() or data_folder()
    if pages.is_dir() and pages != wanted:
        notes.append(
            f"page files and tables are looked for in {wanted}. If those of {old} are in {pages}, "
            f"bring them there or set {DATA_VARIABLE}={pages}; without them pages come again."
        )
    if (old / "storage").is_dir():
        notes.append(f"what runs have printed stays in {old / 'storage'}; move it to {home}.")
    return notes
