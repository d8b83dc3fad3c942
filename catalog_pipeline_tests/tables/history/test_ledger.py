"""Whatever happens in a shop, history and changes are those of its ledger, value by value."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_pipeline.records import Columns
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import DAY_SECONDS, Days
from catalog_pipeline_tests.tables.history.ledger import Ledger, Values

PRICES = (None, "1.50", "2.25")
STOCKS = (None, 0, 3)
PAGES = (1, 2)


@dataclass(frozen=True)
class Day:
    """What the shop shows of each product (None: nothing), and how its crawl went."""

    products: tuple[Values | None, ...]
    fetched: frozenset[int]
    is_complete: bool


PRODUCTS = 4
VALUES = st.tuples(st.sampled_from(PRICES), st.sampled_from(STOCKS))
SHOWN = st.one_of(st.none(), VALUES, VALUES)
DAYS = st.lists(
    st.builds(
        Day,
        st.tuples(*[SHOWN] * PRODUCTS),
        st.sampled_from([frozenset(PAGES), frozenset(PAGES), frozenset([1]), frozenset([2])]),
        st.sampled_from([True, True, False]),
    ),
    min_size=2,
    max_size=8,
)


def _page(day: Day, number: int) -> Columns:
    """Odd products are on the first page, even ones on the second."""
    shown = [
        (f"p{place}", values)
        for place, values in enumerate(day.products)
        if values is not None and place % len(PAGES) == number - 1
    ]
    return shop.rows(
        [sku for sku, _ in shown],
        price=[values[0] for _, values in shown],
        stock=[values[1] for _, values in shown],
        price_currency=None,
    )


def _exact(values: Values) -> Values:
    price, stock = values
    return None if price is None else Decimal(str(price)), stock


def _seconds(moment: Any) -> int | None:
    return None if moment is None else round((moment - shop.START).total_seconds())


def _told(days: Days) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    periods = days.history(
        "sku", "price", "stock", "valid_from", "valid_to", "opened_by", "opened_as", "closed_by",
        "closed_as",
    )  # fmt: skip
    changes = days.changes("build", "sku", "change", "column", "before", "after")
    return [(*row[:3], *map(_seconds, row[3:5]), *row[5:]) for row in periods], changes


@settings(max_examples=12)
@given(DAYS, st.integers(1, 3))
def test_history_and_changes_are_those_of_the_ledger(shown: list[Day], absent_after: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        history = {"track": ["price", "stock"], "absent_after": absent_after}
        days = Days(Path(name) / "shop", shop.catalogue(history=history))
        ledger = Ledger(absent_after)
        known: dict[int, tuple[Day, int]] = {}
        for number, day in enumerate(shown):
            for page in PAGES if number == 0 else sorted(day.fetched):
                known[page] = day, number * DAY_SECONDS + page
            fetched = [
                _page(day, page) if number == 0 or page in day.fetched else None for page in PAGES
            ]
            lacks = None if day.is_complete else "a page failed"
            report = days.day(number, *fetched, lacks=lacks)
            rows = {
                f"p{place}": (_exact(values), at)
                for page, (seen, at) in known.items()
                for place, values in enumerate(seen.products)
                if values is not None and place % len(PAGES) == page - 1
            }
            times = [at for _, at in known.values()]
            ledger.build(rows, min(times), max(times), is_complete=day.is_complete)
            periods, changes = _told(days)
            assert periods == ledger.all_periods()
            assert sorted(map(repr, changes)) == sorted(map(repr, ledger.changes))
            before = pq.read_table(days.folder / "history.parquet")
            again = days.build(lacks)
            assert (again.build, again.counts) == (report.build, report.counts)
            assert pq.read_table(days.folder / "history.parquet").equals(before)
