"""What the build of a table tells about itself, and what a table file does. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import Discarded
from catalog_pipeline.tables.identity import TableIdentity

if TYPE_CHECKING:
    from catalog_pipeline.tables.history.report import HistoryReport
    from catalog_pipeline.tables.quality.judgement import Judgement


@dataclass(frozen=True)
class PriceRange:
    """The lowest and the highest amount of a money column in one currency."""

    lowest: Decimal
    highest: Decimal
    currency: str | None

    def __str__(self) -> str:
        return f"{self.lowest} to {self.highest} {self.currency or 'without currency'}"


@dataclass(frozen=True)
class MergedRows:
    """Rows that gave way to another of the same key, by why.

    `same_page` are those of a page with exactly the rows of another page, `equal` have the values
    of the row that stayed, `different` have others: the product has changed meanwhile, or the key
    does not tell products apart. None of them are those of products that stand in several listings
    with equal values, `in_other_listings`.
    """

    same_page: int = 0
    equal: int = 0
    different: int = 0
    in_other_listings: int = 0

    @property
    def rows(self) -> int:
        """All of them, but for those in other listings."""
        return self.same_page + self.equal + self.different

    def __str__(self) -> str:
        parts = {
            "of pages with the same rows as another": self.same_page,
            "with equal values": self.equal,
            "with different values": self.different,
        }
        return ", ".join(f"{number:,} {why}" for why, number in parts.items() if number)


@dataclass(frozen=True)
class NotesOfPages:
    """What was noted of the pages of a table while they were read, summed by field.

    `products` is how many there were, `lost_rows` how many of them were left out. `total` is how
    many the site said that it has, on the page that was fetched last; `totals` by listing.
    """

    products: int = 0
    several: Mapping[str, int] = field(default_factory=dict)
    discarded: Mapping[str, int] = field(default_factory=dict)
    lost_rows: int = 0
    texts: tuple[tuple[PageKey, Discarded], ...] = ()
    totals: Mapping[str | None, int] = field(default_factory=dict)


@dataclass(frozen=True)
class LeftOutPage:
    """A page that is done and whose rows are not in the table; `reason` names it and says why."""

    page: PageKey
    reason: str


@dataclass(frozen=True)
class TableReport:
    """What came out of a build.

    `pages` counts those whose rows are in the table, `left_out` are the others. The rows of
    `parsed_again` could not be used as they are stored, and were read out of the stored body.
    `outdated_pages` were stored under an older YAML and are used because they fit.
    `rows_of_listings` counts the products that stand in each listing, where those have names.
    `merged` are the rows that gave way to one of the same product that was fetched later,
    `rows_without_key` those of which no part of the key is known: they are all kept. `history` is
    what came of the past, for a catalogue that keeps it.
    """

    rows: int
    merged: MergedRows
    rows_without_key: int
    pages: int
    left_out: tuple[LeftOutPage, ...]
    parsed_again: tuple[PageKey, ...]
    outdated_pages: int
    file: TableIdentity
    columns: Mapping[str, str]
    prices: Mapping[str, tuple[PriceRange, ...]]
    head: list[dict[str, object]]
    notes: NotesOfPages
    rows_of_listings: Mapping[str, int]
    build_seconds: float
    judgement: Judgement
    history: HistoryReport | None = None

    @property
    def duplicates(self) -> int:
        """How many rows gave way to another of the same key."""
        return self.merged.rows

    @property
    def price_ranges(self) -> dict[str, str]:
        """Per money column its ranges as text, such as `2.50 to 99.99 USD`."""
        return {name: "; ".join(map(str, ranges)) for name, ranges in self.prices.items()}


@dataclass(frozen=True)
class TableSummary:
    """What a table file says of itself without its data being read."""

    catalogue: str
    rows: int
    pages: int
    file_bytes: int
    built_at: datetime
    code_version: str
    columns: Mapping[str, str]
