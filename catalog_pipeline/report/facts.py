"""What a report shows, as values: of the builds, of the pages, of the products.

Where they are found is in `gathering` and, for what Dagster recorded, above this layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from catalog_pipeline.catalogue.field_types import CellType
from catalog_pipeline.tables.history.courses import Point, ProductKey
from catalog_pipeline.tables.history.lately import Lately
from catalog_pipeline.tables.history.reading import BuildChanges


@dataclass(frozen=True)
class RecordedBuild:
    """What one build of the table recorded of it; `filled` counts the rows with a value.

    `at` is when its newest page was fetched, as in the changes.
    """

    at: datetime
    rows: int
    coverage: float | None
    pages_failed: int
    filled: Mapping[str, int]
    medians: Mapping[str, float]

    def share(self, column: str) -> float | None:
        """The share of rows in which a column had a value; None without rows or column."""
        return self.filled[column] / self.rows if self.rows and column in self.filled else None


@dataclass(frozen=True)
class FailedPage:
    """Why a page could not be had."""

    page: str
    url: str
    reason: str
    http_status: int | None
    at: datetime


@dataclass(frozen=True)
class Recorded:
    """What is recorded of a catalogue: its pages by status, and the newest builds, oldest first.

    `failures` lack pages that their run never came to; `left_out` are pages that are done and not
    in the table, with the reason; `outdated` says why the table is not of today, `notes` what the
    last build noted of its rows, such as checks that failed.
    """

    total: int = 0
    done: int = 0
    failed: int = 0
    in_progress: int = 0
    missing: int = 0
    failures: Sequence[FailedPage] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    builds: Sequence[RecordedBuild] = ()
    lacks_builds: bool = False
    outdated: str | None = None
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class NumberColumn:
    """A column whose values are drawn; `currency` is the column of an amount's currency."""

    name: str
    type: CellType
    currency: str | None = None


@dataclass(frozen=True)
class Product:
    """A product that can be looked for; `until` is how long its numbers are known. One that
    `is_left` is not followed any more."""

    key: ProductKey
    title: str | None
    url: str | None
    is_gone: bool
    is_left: bool
    until: datetime
    points: Mapping[str, Sequence[Point]]


@dataclass(frozen=True)
class Gathered:
    """What table and history tell; `notes` are sentences on what is not there."""

    columns: Sequence[NumberColumn] = ()
    products: Sequence[Product] = ()
    rows: int | None = None
    lately: Lately | None = None
    changes: Sequence[BuildChanges] = ()
    notes: Sequence[str] = ()
