"""What all writers of exports have in common: their interface, and what they may be told.

A writer takes the rows of a Parquet file to where it was made for. Whether its file is put in
place whole is not its business (`export`).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Literal, Protocol, TypeAlias

from catalog_pipeline.errors import ExportError
from catalog_pipeline.tables.exports.parquet_rows import ParquetRows


@dataclass(frozen=True)
class Options:
    """How an export is written. `table` is its name in a database, `safe` makes formulas texts."""

    table: str = "products"
    safe: bool = True


Mode: TypeAlias = Literal["replace", "merge"]


@dataclass(frozen=True)
class TableOptions:
    """Which table of a database is written, `name` or `schema.name`, and by which columns it is
    merged, if it is not replaced."""

    name: str
    mode: Mode = "replace"
    key: tuple[str, ...] = ()


class Writer(Protocol):
    """Takes rows to one place, each value as it is, or not at all."""

    def write(self, rows: ParquetRows) -> Sequence[str]:
        """Write all rows; says in sentences which values have another form than their column's.

        Raises:
            ExportError: a value cannot be held as it is.
        """


def needed(module: str, extra: str) -> ModuleType:
    """A library that not every installation has.

    Raises:
        ExportError: it is not installed; says which extra brings it.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise ExportError(
            f"This export needs the package {module.partition('.')[0]}, which is not installed: "
            f"pip install 'catalog-pipeline[{extra}]'."
        ) from error
