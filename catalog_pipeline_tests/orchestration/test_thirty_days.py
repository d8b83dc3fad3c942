"""Thirty days of the practice shop, refreshed daily: its past is the shop's own ledger.

On three days the shop is not what it was. The checks of these days fail, and of no other; the old
table stays, and the past knows nothing of them. Of each day notice is given by what the ledger
says, once.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.orchestration.checkpoints.known_pages import seed_pages, with_known_pages
from catalog_pipeline.orchestration.commands.in_process import build_table_here, crawl_here
from catalog_pipeline.orchestration.definitions.component import CatalogueComponent
from catalog_pipeline.orchestration.runs.notify_run import send_due
from catalog_pipeline.sandbox.days import HALF_DAY, OUTAGE_DAY, RENAMED_DAY
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline.sandbox.settings import ShopSettings
from catalog_pipeline.tables.history.reading import read_changes, read_periods
from catalog_pipeline_tests.answering import Reply, Request, answering
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.tables.history.ledger import Ledger, Values

pytestmark = pytest.mark.processes

DAYS = 30
PAGES, PAGE_SIZE = 8, 10
TRACKED = ("price", "in_stock")
ABSENT_AFTER = 2
CHECKS = {
    "rows": {"minimum": 10, "drop": "20%"},
    "filled": {"price": "99%", "in_stock": "100%"},
    "price": {"minimum": 0.01, "jump": "80%"},
    "failed_pages": 0,
    "columns": "frozen",
    "on_failure": "keep_old_table",
}
FIELDS = {
    "sku": {"select": ".", "attribute": "data-product-id"},
    "price": {"select": "span.price", "type": "money", "currency": "USD"},
    "in_stock": {
        "select": "p.stock",
        "type": "boolean",
        "values": {"In stock": True, "Out of stock": False},
    },
}
KINDS: dict[str, dict[str, Any]] = {
    "fixed": {"last_page": PAGES},
    "open": {"pages": {"kind": "open", "shrink": "100%"}},
}
FAILED: dict[str, dict[int, set[str]]] = {
    "fixed": {
        RENAMED_DAY: {"columns_are_filled", "columns_are_filled_as_before"},
        OUTAGE_DAY: {"pages_have_not_failed"},
        HALF_DAY: {"pages_have_not_failed"},
    },
    "open": {
        RENAMED_DAY: {"columns_are_filled", "columns_are_filled_as_before"},
        OUTAGE_DAY: {"pages_have_not_failed", "pages_are_all_known"},
        HALF_DAY: {"rows_have_not_dropped"},
    },
}
"""By how a listing's length is known the checks that fail, by day."""


PRODUCT_RULES = ("price falls 10%", "in_stock becomes true", "new", "gone", "returned")
FAILED_CRAWLS = {"fixed": (OUTAGE_DAY, HALF_DAY), "open": (OUTAGE_DAY,)}
NOTIFY = {"to": "NOTIFY_URL", "rules": [*PRODUCT_RULES, "check fails", "crawl fails"]}


@pytest.fixture
def received() -> Iterator[list[Request]]:
    """What came in at the address to which notices go, which the environment has."""
    requests: list[Request] = []

    def take(request: Request) -> Reply:
        requests.append(request)
        return Reply(b"")

    with pytest.MonkeyPatch.context() as environment, answering(take) as url:
        environment.setenv("NOTIFY_URL", url.replace("http://", "json://"))
        yield requests


@pytest.fixture
def shop() -> Iterator[RunningShop]:
    """A small shop on which days pass."""
    with RunningShop(ShopSettings(pages=PAGES, page_size=PAGE_SIZE), port=0) as shop:
        yield shop


class Month:
    """A catalogue that is refreshed daily, and what its shop says that it sold."""

    def __init__(self, instance: dg.DagsterInstance, site: Site, **length: Any) -> None:
        self.instance = instance
        self.site = site
        history = {"track": list(TRACKED), "absent_after": ABSENT_AFTER}
        self.catalogue = site.write(
            fields=FIELDS, key="sku", checks=CHECKS, history=history,
            notify=NOTIFY,
            politeness={"max_attempts": 2}, **length,
        )  # fmt: skip
        graph = CatalogueComponent(self.catalogue).build_defs().get_repository_def().asset_graph
        self.checks = graph.asset_check_keys
        self.ledger = Ledger(ABSENT_AFTER, TRACKED)
        self.days: dict[datetime, int] = {}

    def refresh(self, day: int) -> set[str]:
        """Refresh all pages and build the table; the checks that the web UI shows as failed."""
        self.site.shop.control(day=day)
        seed_pages(self.instance, self.catalogue)
        known = with_known_pages(self.instance, self.catalogue)
        crawl_here(self.instance, known, known.pages, datetime.now(timezone.utc), finds=True)
        build_table_here(self.instance, self.catalogue)
        history = self.instance.event_log_storage.get_asset_check_execution_history
        shown = {key.name: history(key, limit=1)[0].status.value for key in self.checks}
        return {name for name, status in shown.items() if status != "SUCCEEDED"}

    def accept(self, day: int) -> dict[str, Values]:
        """Take down in the ledger what was sold on the day of a table that replaced the old one."""
        told = self.site.shop.ledger()[day]
        sold: dict[str, Values] = {
            sku: (Decimal(price), _truth(stock)) for sku, (price, stock) in told.items()
        }
        self.days[pd.read_parquet(self.site.places.table)["fetched_at"].max()] = day
        rows = {sku: (values, day) for sku, values in sold.items()}
        self.ledger.build(rows, day, day, is_complete=True)
        return sold

    def expected_notices(self) -> Counter[str]:
        """The rules that what the ledger took down last meets, each with how many products do."""
        met: Counter[str] = Counter()
        last = max(self.days.values())
        for build, _, change, column, before, after in self.ledger.changes:
            if build != len(self.days) or last == 1:
                continue
            met[change] += change in PRODUCT_RULES
            met["in_stock becomes true"] += column == "in_stock" and after == "true"
            falls = column == "price" and Decimal(after) <= Decimal(before) * Decimal("0.9")
            met["price falls 10%"] += falls
        return +met

    def files(self) -> list[bytes]:
        """The table and what is kept of the past."""
        places = self.site.places
        return [path.read_bytes() for path in (places.table, places.history, places.changes)]

    def table(self) -> dict[str, Values]:
        """The values of the table by product."""
        rows = pd.read_parquet(self.site.places.table)
        values = zip(rows["price"], map(_truth, rows["in_stock"]), strict=True)
        return dict(zip(rows["sku"], values, strict=True))

    def periods(self) -> list[tuple[Any, ...]]:
        """The periods of the history as the ledger tells them, with days for instants."""
        rows = [row for group in read_periods(self.site.places.table) for row in group.to_pylist()]
        told = [
            (
                row["sku"], row["price"], _truth(row["in_stock"]), self.days[row["valid_from"]],
                None if row["valid_to"] is None else self.days[row["valid_to"]],
                row["opened_by"], row["opened_as"], row["closed_by"], row["closed_as"],
            )
            for row in rows
        ]  # fmt: skip
        return sorted(told, key=lambda each: (each[0], each[5]))

    def changes(self) -> list[tuple[Any, ...]]:
        """The changes as the ledger tells them."""
        return [
            (each.build, each.product, each.change, each.column, each.before, each.after)
            for each in read_changes(self.site.places.table)
        ]


def taken(requests: list[Request]) -> Counter[str]:
    """The rules of the notices that came in, each with the number that its title tells."""
    found: Counter[str] = Counter()
    for request in requests:
        title = json.loads(request.body)["title"]
        told = re.fullmatch(r"shop: (.+) \((?:run \w+|(\d+) \w+)\)", title)
        assert told, title
        assert told[1] not in found, "each rule gives one notice"
        found[told[1]] = int(told[2] or 1)
    return found


def _truth(value: bool) -> str:
    return "true" if value else "false"


@pytest.mark.parametrize("kind", KINDS)
def test_the_past_of_thirty_days_is_the_shops_own_ledger_and_three_tables_are_refused(
    kind: str,
    shop: RunningShop,
    instance: dg.DagsterInstance,
    tmp_path: Path,
    received: list[Request],
) -> None:
    month = Month(instance, Site(tmp_path / "catalogues", shop), **KINDS[kind])
    before: list[bytes] = []
    for day in range(1, DAYS + 1):
        failed = month.refresh(day)
        received.clear()
        for _ in range(2):
            assert send_due(instance, month.catalogue, os.environ).problems == ()
        assert (day, failed) == (day, FAILED[kind].get(day, set()))
        if failed:
            assert month.files() == before, f"day {day}: the old table stays, and so does the past"
            crawls = {"crawl fails": 1} if day in FAILED_CRAWLS[kind] else {}
            assert taken(received) == {"check fails": len(failed), **crawls}, f"day {day}"
            continue
        assert month.accept(day) == month.table()
        assert month.periods() == month.ledger.all_periods(), f"day {day}"
        assert sorted(map(repr, month.changes())) == sorted(map(repr, month.ledger.changes))
        assert taken(received) == month.expected_notices(), f"day {day}"
        before = month.files()
    kinds = {change[2] for change in month.changes()}
    assert kinds == {"new", "gone", "returned", "changed"}, "the month has all of them"
