"""How changes are printed: for people side by side, for programs as JSON, for sheets as CSV.

Which of them are wanted is decided in `changes`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.catalogue.history import CHANGE_COLUMNS
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.parts import cell_type_of
from catalog_pipeline.cli.grids import output_console, print_rows_fitted
from catalog_pipeline.cli.terminal import say
from catalog_pipeline.wording import counted, percent_told

if TYPE_CHECKING:
    from catalog_pipeline.tables.history.reading import Change

_OF_PRODUCTS = ("new", "gone", "returned")
_SHOWN = 100
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_NUMBERS: Mapping[CellType, Callable[[str], object]] = {
    CellType.INTEGER: int,
    CellType.NUMBER: float,
    CellType.AMOUNT: Decimal,
}
"""How a value that the changes have as a text is a number again."""
Names = Mapping[tuple[str, ...], str]
"""What products are called, by the texts of their keys."""


def show_changes(
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
        "difference": None if share is None else percent_told(share),
    }


def change_as_json(change: Change, names: Names) -> dict[str, Any]:
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


def print_csv(catalogue: Catalogue, changes: Iterable[Change], names: Names) -> None:
    """One line for each change; the last column is the table's own of what products are called."""
    from catalog_pipeline.tables.history.naming import name_column

    column = name_column(catalogue)
    of_name = [] if column is None else [column]
    _print_line([*catalogue.key_columns, *CHANGE_COLUMNS, *of_name])
    for change in changes:
        told = change_as_json(change, names)
        values = [_cell(change.key.get(name)) for name in catalogue.key_columns]
        kind = cell_type_of(catalogue.fields, change.column or "")
        as_number = None if kind is None else _NUMBERS.get(kind)
        if as_number is not None:
            told |= {name: _number(as_number, told[name]) for name in ("before", "after")}
        changed = [told[name] for name in CHANGE_COLUMNS]
        _print_line([*values, *changed, *(told["name"] for _ in of_name)])


def _print_line(values: Sequence[object]) -> None:
    """A line of CSV; on a terminal as characters that do nothing to it."""
    from catalog_pipeline.tables.exports.csv_file import safe_line

    line = safe_line(values)
    if sys.stdout.isatty():
        say(line.decode().rstrip("\n"))
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(line)


def _cell(value: object) -> object:
    """A part of a key: numbers stay numbers, times are texts."""
    return value if isinstance(value, Decimal) else _plain(value)


def _number(of_text: Callable[[str], object], value: str | None) -> object:
    return None if value is None else of_text(value)
