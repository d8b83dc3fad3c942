"""`catalog-pipeline changes`: what was new, gone, returned or changed, as its files have it.

Which changes there are is kept by the builds (`tables.history`); here they are chosen and shown.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.history import CHANGE_COLUMNS
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.cli.grids import output_console, print_rows_fitted
from catalog_pipeline.cli.imports import heavy_imports
from catalog_pipeline.cli.options import chosen_catalogues, complete_names, json_option
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.cli.times import parse_age
from catalog_pipeline.errors import UsageError
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.wording import counted

if TYPE_CHECKING:
    from catalog_pipeline.tables.history.reading import Change

_OF_PRODUCTS = ("new", "gone", "returned")
KINDS = (*_OF_PRODUCTS, "changed")
_SHOWN = 100
Names = Mapping[tuple[str, ...], str]
"""What products are called, by the texts of their keys."""
_PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")


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
    `absent_after` says have not found it.
    """
    if as_csv and as_json:
        raise UsageError("Give --csv or --json.")
    (name,) = chosen_catalogues([catalogue] if catalogue else [], is_all=False)
    described = load_catalogue(name)
    _keeps_history(described)
    begin = datetime.now(timezone.utc) - timedelta(seconds=parse_age(since))
    least_percent = _percent(least)
    with heavy_imports():
        from catalog_pipeline.tables.history.naming import names_of
        from catalog_pipeline.tables.history.reading import read_changes

    table = catalogue_places(name).table
    choice = _Choice(_chosen(table, what), least_percent)

    def chosen() -> Iterator[Change]:
        return filter(choice.takes, read_changes(table, since=begin))

    names = names_of(described, table, {change.product_key for change in chosen()})
    if as_json:
        print(json.dumps([_as_json(change, names) for change in chosen()]))
    elif as_csv:
        _print_csv(described, chosen(), names)
    else:
        _show(described, list(chosen()), names, since, is_all=is_all)
    return 0


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

    names = [name.strip() for name in (what or "").split(",") if name.strip()]
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


def _show(
    catalogue: Catalogue,
    changes: Sequence[Change],
    names: Names,
    since: str,
    *,
    is_all: bool,
) -> None:
    if not changes:
        say(f"{catalogue.name}: no such change since {since} ago.")
        return
    newest = changes if is_all else changes[-_SHOWN:]
    rows = [_shown(change, names) for change in reversed(newest)]
    for unneeded in _unneeded({each.product_key: each.product for each in newest}, names):
        for row in rows:
            del row[unneeded]
    print_rows_fitted(output_console(), rows)
    left = len(changes) - len(newest)
    more = f", of which the newest {len(newest)} are shown (--all shows all)" if left else ""
    told = f"{catalogue.name}: {counted(len(changes), 'change')} since {since} ago{more}"
    say(f"{told}: {_counts(changes)}")


def _counts(changes: Sequence[Change]) -> str:
    """How many products came, went and returned, and how many values of how many others changed."""
    kinds = Counter(change.change for change in changes)
    parts = [counted(kinds[kind], f"{kind} product") for kind in _OF_PRODUCTS if kinds[kind]]
    if values := kinds["changed"]:
        products = {each.product_key for each in changes if each.change == "changed"}
        parts.append(f"{counted(values, 'value')} of {counted(len(products), 'changed product')}")
    return ", ".join(parts)


def _unneeded(products: Names, names: Names) -> list[str]:
    """Which of key and name say nothing more: of products named otherwise, keys that are addresses.

    Who is named like another one, or not at all, is known by the key.
    """
    known = [names[key] for key in products if key in names]
    if not known:
        return ["name"]
    has_address = any(_ADDRESS.match(key) for key in products.values())
    return ["product"] if has_address and len(set(known)) == len(products) else []


def _shown(change: Change, names: Names) -> dict[str, object]:
    share = change.difference_percent
    return {
        "when (UTC)": f"{change.changed_at:%Y-%m-%d %H:%M}",
        "build": change.build,
        "product": change.product,
        "name": names.get(change.product_key),
        "change": change.change,
        "column": change.column,
        "before": change.before,
        "after": change.after,
        "difference": None if share is None else f"{share:+,.1f} %",
    }


def _as_json(change: Change, names: Names) -> dict[str, Any]:
    return {
        "key": {name: _plain(value) for name, value in change.key.items()},
        "name": names.get(change.product_key),
        "build": change.build,
        "changed_at": change.changed_at.isoformat(),
        "change": change.change,
        "column": change.column,
        "before": change.before,
        "after": change.after,
        "difference_percent": change.difference_percent,
    }


def _plain(value: object) -> object:
    """A part of a key as JSON has it: amounts and times as texts, which keep all their digits."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime) else value


def _print_csv(catalogue: Catalogue, changes: Iterable[Change], names: Names) -> None:
    """One line for each change; the last column is the table's own of what products are called."""
    from catalog_pipeline.tables.history.naming import name_column

    column = name_column(catalogue)
    of_name = [] if column is None else [column]
    _print_line([*catalogue.key_columns, *CHANGE_COLUMNS, *of_name])
    for change in changes:
        told = _as_json(change, names)
        key = told.pop("key")
        values = [key.get(name) for name in catalogue.key_columns]
        changed = [told[name] for name in CHANGE_COLUMNS]
        _print_line([*values, *changed, *(told["name"] for _ in of_name)])


def _print_line(values: Sequence[object]) -> None:
    """A line of CSV; on a terminal as characters that do nothing to it."""
    from catalog_pipeline.tables.exports.csv_file import safe_line

    line = safe_line([_as_number(value) for value in values])
    if sys.stdout.isatty():
        say(line.decode().rstrip("\n"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(line)


def _as_number(value: object) -> object:
    """An exact number that the changes have as a text; anything else stays as it is."""
    is_number = isinstance(value, str) and _NUMBER.fullmatch(value)
    return Decimal(str(value)) if is_number else value
