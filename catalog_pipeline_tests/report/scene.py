"""A shop of some days, its builds and a report of it; helpers, no tests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.report.facts import FailedPage, Recorded, RecordedBuild
from catalog_pipeline.report.gathering import gather
from catalog_pipeline.report.page import Subject, report_page
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import Days

FIELDS = {"sku": ".sku", "name": ".name", "price": {"select": ".price", "type": "money"},
          "link": {"select": "a", "attribute": "href", "type": "url"}}  # fmt: skip
MONTH = timedelta(days=30)


def catalogue(**changes: Any) -> Catalogue:
    """Products with a name, a price and a link, whose past is kept."""
    return shop.catalogue(**{"fields": FIELDS, "history": {"absent_after": 1}, **changes})


def products(names: Sequence[str], prices: Sequence[str | None], **more: Any) -> Any:
    """A page with products `a`, `b`, … of these names at these prices."""
    keys = [chr(ord("a") + place) if place < 26 else f"k{place}" for place in range(len(names))]
    columns = {
        "name": list(names),
        "price": list(prices),
        "price_currency": ["GBP"] * len(names),
        "link": [f"https://shop.example/{key}" for key in keys],
    } | more
    return {"sku": keys, **columns}


def days(folder: Path, **changes: Any) -> Days:
    """A shop that nothing was asked of yet."""
    folder.mkdir(parents=True, exist_ok=True)
    return Days(folder, catalogue(**changes))


def builds(rows: Sequence[int], **filled: Sequence[int]) -> list[RecordedBuild]:
    """Builds of one day after the other."""
    return [
        RecordedBuild(
            shop.START + timedelta(days=day), number, 1.0, 0,
            {name: counts[day] for name, counts in filled.items()},
            {"price_median": 10.0 + day, "price_median_GBP": 10.0 + day},
        )
        for day, number in enumerate(rows)
    ]  # fmt: skip


def failure(reason: str, url: str = "https://shop.example/products?page=3") -> FailedPage:
    """That page 3 could not be had."""
    return FailedPage("3", url, reason, 500, shop.START)


def report_of(of: Days, recorded: Recorded | None = None, window: timedelta = MONTH) -> bytes:
    """The page of it."""
    gathered = gather(of.catalogue, of.table, window)
    subject = Subject("shop", "https://shop.example", datetime(2026, 5, 1, tzinfo=timezone.utc))
    return report_page(subject, recorded or Recorded(), gathered)
