"""What a report finds in a catalogue's table and in its history.

What is missing or damaged is no error here: it is said, and the rest is shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import TableError
from catalog_pipeline.report.facts import Gathered, NumberColumn, Product
from catalog_pipeline.tables.history.courses import (
    Course,
    Courses,
    Point,
    ProductKey,
    Wanted,
    key_of,
    read_courses,
)
from catalog_pipeline.tables.history.lately import Lately, read_lately
from catalog_pipeline.tables.history.naming import NAME_COLUMNS
from catalog_pipeline.tables.history.reading import BuildChanges, count_changes
from catalog_pipeline.tables.preview import read_summary, rows_with
from catalog_pipeline.tables.schema import TableColumn, table_columns

MOST_MOVERS = 10
MOST_COMINGS = 50
MOST_PRODUCTS = 50_000
MOST_COLUMNS = 8
_DRAWN = (CellType.AMOUNT, CellType.NUMBER, CellType.INTEGER, CellType.BOOLEAN)
_LINKS = ("url", "link", "product_url", "href")
_PICTURES = ("image", "img", "picture", "photo", "thumb", "icon", "logo")


@dataclass(frozen=True)
class _Chosen:
    """Which columns are shown, and for what."""

    key: tuple[str, ...]
    numbers: tuple[NumberColumn, ...]
    more_numbers: int
    title: str | None
    link: str | None

    @property
    def movers(self) -> list[str]:
        """The prices; of a catalogue without any, its other numbers."""
        numbers = [each for each in self.numbers if each.type is not CellType.BOOLEAN]
        prices = [each.name for each in numbers if each.type is CellType.AMOUNT]
        return prices or [each.name for each in numbers]

    @property
    def texts(self) -> list[str]:
        return [name for name in (self.title, self.link) if name is not None]


def gather(catalogue: Catalogue, table: Path, window: timedelta) -> Gathered:
    """All that table and history tell; of changes those in a time before the newest build."""
    chosen = _choose(catalogue)
    notes: list[str] = []
    courses, changes = Courses(), list[BuildChanges]()
    lately: Lately | None = None
    if catalogue.history is None:
        notes.append(
            "This catalogue keeps no history, so that nothing is known of earlier prices, of new "
            "and of gone products. With history: true in its YAML it is kept from then on."
        )
    else:
        try:
            courses, lately, changes = _past(table, chosen, window)
        except TableError as error:
            notes.append(_told(error, table))
    rows, listed = _listed(table, chosen, notes)
    products = _products(chosen, courses, listed)
    if courses.lacks_products or len(products) > MOST_PRODUCTS or (rows or 0) > MOST_PRODUCTS:
        notes.append(f"There are more products than the {MOST_PRODUCTS:,} that are shown here.")
    if courses.lacks_periods:
        notes.append("There are more changes than are shown here: the oldest ones are left out.")
    if chosen.more_numbers:
        notes.append(
            f"Only the first {MOST_COLUMNS} columns with numbers are drawn; "
            f"{chosen.more_numbers} more are not."
        )
    if not chosen.numbers:
        notes.append("No column of this catalogue has numbers, so that there is nothing to draw.")
    return Gathered(chosen.numbers, products[:MOST_PRODUCTS], rows, lately, changes, tuple(notes))


def _told(error: TableError, table: Path) -> str:
    """What is wrong, without saying where the files of this machine are: a report is passed on."""
    return str(error).replace(f"{table.parent}{os.sep}", "")


def _choose(catalogue: Catalogue) -> _Chosen:
    columns = [
        column
        for column in table_columns(catalogue)
        if not column.is_list and column.name not in catalogue.key_columns
    ]
    numbers = sorted(
        (column for column in columns if column.type in _DRAWN),
        key=lambda column: _DRAWN.index(column.type),
    )
    texts = [column for column in columns if column.type is CellType.TEXT]
    links = [
        column
        for column in columns
        if column.type is CellType.URL and not any(part in column.name for part in _PICTURES)
    ]
    return _Chosen(
        catalogue.key_columns,
        tuple(
            NumberColumn(column.name, column.type, column.currency_column)
            for column in numbers[:MOST_COLUMNS]
        ),
        max(len(numbers) - MOST_COLUMNS, 0),
        _first(texts, NAME_COLUMNS),
        _first(links, _LINKS),
    )


def _first(columns: Sequence[TableColumn], usual: Sequence[str]) -> str | None:
    names = [column.name for column in columns]
    return next((name for name in (*usual, *names) if name in names), None)


def _past(
    table: Path, chosen: _Chosen, window: timedelta
) -> tuple[Courses, Lately, list[BuildChanges]]:
    numbers = {column.name: column.currency for column in chosen.numbers}
    wanted = Wanted(numbers, chosen.texts, most_products=MOST_PRODUCTS)
    names = chosen.movers
    lately = read_lately(table, names, window, most_movers=MOST_MOVERS, most_comings=MOST_COMINGS)
    return read_courses(table, wanted), lately, count_changes(table)


def _listed(
    table: Path, chosen: _Chosen, notes: list[str]
) -> tuple[int | None, dict[ProductKey, Product]]:
    """How many rows the table has, and the products of it."""
    listed: dict[ProductKey, Product] = {}
    try:
        rows = read_summary(table).rows
        for product in _rows(table, chosen):
            listed.setdefault(product.key, product)
            if len(listed) >= MOST_PRODUCTS:
                break
    except TableError as error:
        notes.append(_told(error, table))
        return None, listed
    return rows, listed


def _rows(table: Path, chosen: _Chosen) -> Iterator[Product]:
    currencies = [column.currency for column in chosen.numbers if column.currency]
    names = [*chosen.key, *(column.name for column in chosen.numbers), *currencies]
    columns = [*dict.fromkeys([*names, *chosen.texts, "source_url", "fetched_at"])]
    for row in rows_with(table, columns):
        at: Any = row["fetched_at"]
        yield Product(
            key_of(row.get(name) for name in chosen.key),
            _text(row, chosen.title),
            _text(row, chosen.link) or _text(row, "source_url"),
            is_gone=False,
            is_left=False,
            until=at,
            points={
                column.name: [Point(at, row.get(column.name), _text(row, column.currency))]
                for column in chosen.numbers
            },
        )


def _text(row: dict[str, Any], column: str | None) -> str | None:
    value = row.get(column) if column else None
    return value if isinstance(value, str) and value else None


def _products(
    chosen: _Chosen, courses: Courses, listed: dict[ProductKey, Product]
) -> list[Product]:
    """The products of the table in its order, each with its past, and then those that are gone."""
    found: list[Product] = []
    for key, product in listed.items():
        course = courses.by_key.pop(key, None)
        found.append(product if course is None else _with_past(product, course))
    for key, course in courses.by_key.items():
        title, link = (_text(dict(course.texts), name) for name in (chosen.title, chosen.link))
        found.append(
            Product(
                key, title, link, course.is_gone, course.is_left, course.until, course.points
            )
        )  # fmt: skip
    return found


def _with_past(product: Product, course: Course) -> Product:
    return Product(
        product.key, product.title, product.url, course.is_gone, course.is_left, course.until,
        {
            # What the history does not follow is known as it is now.
            name: points if any(each.value is not None for each in points) else product.points[name]
            for name, points in course.points.items()
        },
    )  # fmt: skip
