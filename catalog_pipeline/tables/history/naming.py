"""What products are called, for whoever is told of them by a key that is an address or a number.

The table says it, and of products that are not in it any more the history, where it follows the
name. What a product is called now is its name in earlier changes, too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path

from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import TableError
from catalog_pipeline.tables.history.courses import ProductKey, key_of
from catalog_pipeline.tables.history.reading import read_newest_periods, state_of_history
from catalog_pipeline.tables.preview import rows_with
from catalog_pipeline.tables.schema import table_columns

NAME_COLUMNS = ("title", "name", "product_name", "product_title", "product")
"""What the column of a product's name is usually called, the likeliest first."""


def name_column(catalogue: Catalogue) -> str | None:
    """The column that says what a product is called; None if there is none besides the key."""
    texts = {
        column.name
        for column in table_columns(catalogue)
        if column.type is CellType.TEXT and not column.is_list
    }
    found = next((name for name in NAME_COLUMNS if name in texts), None)
    return None if found in catalogue.key_columns else found


def names_of(
    catalogue: Catalogue, table: Path, wanted: Collection[ProductKey]
) -> dict[ProductKey, str]:
    """The names of these products, as far as table and history know them."""
    column = name_column(catalogue)
    names: dict[ProductKey, str] = {}
    if column is None:
        return names
    lacking = set(wanted)
    for find in (_in_table, _in_history):
        if not lacking:
            break
        # Who asks for names has something else to tell, which a damaged file must not keep back.
        with contextlib.suppress(TableError):
            for key, name in find(catalogue, table, column):
                if key in lacking:
                    names[key] = name
                    lacking.discard(key)
                    if not lacking:
                        break
    return names


def _in_table(catalogue: Catalogue, table: Path, column: str) -> Iterator[tuple[ProductKey, str]]:
    yield from _named(rows_with(table, [*catalogue.key_columns, column]), catalogue, column)


def _in_history(catalogue: Catalogue, table: Path, column: str) -> Iterator[tuple[ProductKey, str]]:
    if column not in {name for era in state_of_history(table).tracked for name in era.columns}:
        return
    for rows in read_newest_periods(table, [*catalogue.key_columns, column]):
        yield from _named(reversed(rows.to_pylist()), catalogue, column)


def _named(
    rows: Iterator[dict[str, object]], catalogue: Catalogue, column: str
) -> Iterator[tuple[ProductKey, str]]:
    for row in rows:
        name = row.get(column)
        if isinstance(name, str) and name:
            yield key_of(row.get(part) for part in catalogue.key_columns), name
