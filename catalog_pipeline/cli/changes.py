"""`catalog-pipeline changes`: what was new, gone, returned or changed, as its files have it.

Which changes there are is kept by the builds (`tables.history`); here they are chosen, and how they
are shown is in `printed_changes`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import click

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.cli.exit_codes import EXIT_FAILED, EXIT_GOOD
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import chosen_catalogues, complete_names, json_option
from catalog_pipeline.cli.printed_changes import change_as_json, print_csv, show_changes
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.cli.times import parse_age
from catalog_pipeline.errors import UsageError
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.storing.stores import past_of

if TYPE_CHECKING:
    from catalog_pipeline.tables.history.reading import Change

KINDS = ("new", "gone", "returned", "changed")
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")


@dataclass(frozen=True)
class _Choice:
    """Which changes are wanted."""

    what: frozenset[str]
    least_percent: float | None

    def takes(self, change: Change) -> bool:
        if self.what and change.change not in self.what and change.column not in self.what:
            return False
        if self.least_percent is None:
            return True
        share = change.difference_percent
        return share is not None and abs(share) >= self.least_percent


@click.command()
@click.argument("catalogue", required=False, shell_complete=complete_names)
@click.option("--since", default="7d", show_default=True, metavar="AGE", help="How far back.")
@click.option(
    "--what",
    metavar="NAME,...",
    help="Only changes of these columns, or of these kinds: new, gone, returned, changed.",
)
@click.option("--min", "least", metavar="PERCENT", help="Only numbers that changed by 5%, or more.")
@click.option("--all", "is_all", is_flag=True, help="Show all of them, not only the newest 100.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV, with nothing that is a formula.")
@json_option
def command(
    catalogue: str | None,
    since: str,
    what: str | None,
    least: str | None,
    is_all: bool,
    as_csv: bool,
    as_json: bool,
) -> int:
    """Show what changed in the table of CATALOGUE, whose YAML has `history`.

    A build counts as of its newest page. A product is gone when as many complete crawls as
    `absent_after` says have not found it. Exit code: 1 if these are not those of the last build.
    """
    if as_csv and as_json:
        raise UsageError("Give --csv or --json.")
    (name,) = chosen_catalogues([catalogue] if catalogue else [], is_all=False)
    described = load_catalogue(name)
    _keeps_history(described)
    begin = datetime.now(timezone.utc) - timedelta(seconds=parse_age(since))
    least_percent = _percent(least)
    with heavy_imports():
        from catalog_pipeline.orchestration.checkpoints.kept_past import seen_damage_of_kept_past
        from catalog_pipeline.tables.history.naming import names_of
        from catalog_pipeline.tables.history.reading import read_changes

    with past_of(catalogue_places(name)) as table:
        choice = _Choice(_chosen(table, what), least_percent)

        def chosen() -> Iterator[Change]:
            return filter(choice.takes, read_changes(table, since=begin))

        names = names_of(described, table, {change.product_key for change in chosen()})
        if as_json:
            print(json.dumps([change_as_json(change, names) for change in chosen()]))
        elif as_csv:
            print_csv(described, chosen(), names)
        else:
            show_changes(described, list(chosen()), names, since, is_all=is_all)
    damage = seen_damage_of_kept_past(described)
    if damage is not None:
        say(f"Note: {name}: {damage}.", err=True)
    return EXIT_GOOD if damage is None else EXIT_FAILED


def _keeps_history(catalogue: Catalogue) -> None:
    """
    Raises:
        UsageError: its YAML does not say so.
    """
    if catalogue.history is None:
        raise UsageError(
            f"{catalogue.name} keeps no history. Its YAML may say `history: true`, or which fields "
            f"are followed: `history: {{track: [price]}}`."
        )


def _chosen(table: Path, what: str | None) -> frozenset[str]:
    """The columns and kinds that were named.

    Raises:
        UsageError: one is neither.
        TableError: there is no history yet, or it cannot be read.
    """
    from catalog_pipeline.tables.history.reading import state_of_history

    names = [name.strip() for name in what.split(",")] if what is not None else []
    if not all(names):
        raise UsageError(
            f"--what {what!r} names nothing in a place; without it all changes are shown."
        )
    eras = state_of_history(table).tracked
    columns = dict.fromkeys(name for era in reversed(eras) for name in era.columns)
    for name in names:
        if name not in (*KINDS, *columns):
            raise UsageError(
                f"--what {name}: no kind of change, and no column that is followed; kinds: "
                f"{', '.join(KINDS)}; columns: {', '.join(columns)}"
            )
    return frozenset(names)


def _percent(least: str | None) -> float | None:
    if least is None:
        return None
    found = _PERCENT.fullmatch(least)
    if found is None:
        raise UsageError(f"--min {least}: no share such as 5% or 0.5%.")
    return float(found[1])
