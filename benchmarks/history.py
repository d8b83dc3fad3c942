"""`python -m benchmarks.history`: what history and report cost after a year of daily builds.

Products of which two in a hundred change each day, built day by day; the figures are those of the
last build, by itself in a process of its own, beside the same build without a history.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pyarrow.parquet as pq

from benchmarks.figures import Figure, publish
from benchmarks.lines import job_folder
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import Columns, PageRecord, Reading, StoredPage
from catalog_pipeline.report.facts import Recorded
from catalog_pipeline.report.gathering import gather
from catalog_pipeline.report.page import Subject, report_page
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.tables.build import build_table

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
PER_PAGE = 1000


def catalogue(pages: int, *, keeps_history: bool) -> Catalogue:
    """A catalogue of products with a price and a stock."""
    return Catalogue.model_validate(
        {
            "name": "bench",
            "base_url": "https://shop.example",
            "page_url": "/products?page={page}",
            "last_page": pages,
            "product": ".product",
            "fields": {
                "sku": ".sku",
                "name": ".name",
                "price": {"select": ".price", "type": "money", "currency": "USD"},
                "in_stock": {"select": ".stock", "type": "boolean", "exists": True},
            },
            "key": "sku",
            "history": keeps_history,
        }
    )


class Shop:
    """The products' prices day by day, on pages of a thousand."""

    def __init__(self, folder: Path, products: int) -> None:
        self.store = FolderStore(folder / "pages")
        self.store.prepare()
        self.table = folder / "products.parquet"
        self._cents = [1000 + number for number in range(products)]
        self._chance = random.Random(7)
        self._pages: dict[int, StoredPage] = {}

    @property
    def pages(self) -> int:
        """How many pages it has."""
        return len(self._cents) // PER_PAGE

    def day(self, number: int) -> list[StoredPage]:
        """The pages of a day, of which two products in a hundred have another price."""
        for product in self._chance.sample(range(len(self._cents)), len(self._cents) // 50):
            self._cents[product] += self._chance.choice([-5, 7])
        return [self._stored(page, number) for page in range(1, self.pages + 1)]

    def _stored(self, page: int, day: int) -> StoredPage:
        places = range((page - 1) * PER_PAGE, page * PER_PAGE)
        columns: Columns = {
            "sku": [f"sku-{place}" for place in places],
            "name": [f"Product {place}" for place in places],
            "price": [f"{self._cents[place] / 100:.2f}" for place in places],
            "price_currency": ["USD"] * PER_PAGE,
            "in_stock": [True] * PER_PAGE,
        }
        packed = page_file.rows_json(columns)
        code_version = catalogue(self.pages, keeps_history=False).code_version
        record = PageRecord(
            page=PageKey(page), url=f"https://shop.example/products?page={page}", http_status=200,
            rows=PER_PAGE, body_bytes=6, fetch_seconds=0.1, attempts=1,
            fetched_at=START + timedelta(days=day, seconds=page), content_type="text/html",
            etag=None, last_modified=None, not_modified=False,
            data_version=page_file.data_version(packed), code_version=code_version,
        )  # fmt: skip
        before = self._pages.pop(page, None)
        stored = self.store.write(record, packed, b"<html>")
        if before is not None and before.file_name != stored.file_name:
            (self.store.folder / before.file_name).unlink()
        self._pages[page] = stored
        return stored


def never(stored: StoredPage) -> Reading:
    """No page needs to be parsed again.

    Raises:
        SystemExit: one does.
    """
    raise SystemExit(f"{stored.file_name} was to be parsed again")


def build(shop: Shop, pages: list[StoredPage], table: Path, *, keeps_history: bool) -> float:
    """Build the table, with its history or without; the seconds that it took."""
    described = catalogue(shop.pages, keeps_history=keeps_history)
    began = time.perf_counter()
    build_table(described, pages, shop.store, table, read_again=never)
    return time.perf_counter() - began


def report(shop: Shop) -> float:
    """Write a report of the last build; the seconds that it took."""
    described = catalogue(shop.pages, keeps_history=True)
    began = time.perf_counter()
    gathered = gather(described, shop.table, timedelta(days=30))
    subject = Subject(described.name, described.base_url, START)
    report_file(shop).write_bytes(report_page(subject, Recorded(), gathered))
    return time.perf_counter() - began


def report_file(shop: Shop) -> Path:
    """Where that report is."""
    return shop.table.with_name("report.html")


def measured(work: Callable[[], float]) -> tuple[float, float]:
    """Seconds and peak megabytes of some work, in a process that does nothing else."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        seconds = work()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        os.write(writing, f"{seconds} {peak}".encode())
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if status:
        raise SystemExit("what was to be measured failed")
    seconds, peak = map(float, os.read(reading, 100).split())
    return seconds, peak


def main() -> None:
    """Build day by day, measure the last one, and print the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history", description=__doc__)
    parser.add_argument("--products", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=365)
    asked = parser.parse_args()
    shop = Shop(job_folder(), asked.products)
    for day in range(asked.days - 1):
        build(shop, shop.day(day), shop.table, keeps_history=True)
    pages = shop.day(asked.days - 1)
    aside = shop.table.with_name("without") / shop.table.name
    bare, bare_peak = measured(lambda: build(shop, pages, aside, keeps_history=False))
    seconds, peak = measured(lambda: build(shop, pages, shop.table, keeps_history=True))
    report_seconds, report_peak = measured(lambda: report(shop))
    history, changes = (shop.table.with_name(f"{name}.parquet") for name in ("history", "changes"))
    began = time.perf_counter()
    found = pq.read_table(history, filters=[("sku", "=", "sku-7")]).num_rows
    publish(
        "history",
        [
            Figure("seconds that the history adds to the last build", seconds - bare, 5),
            Figure("seconds of that build", seconds),
            Figure("peak memory of that build, MB", peak, 500),
            Figure("peak memory of the same build without a history, MB", bare_peak),
            Figure("periods", pq.ParquetFile(history).metadata.num_rows),
            Figure("MB of both files", (history.stat().st_size + changes.stat().st_size) / 1e6),
            Figure("MB of a report of it", report_file(shop).stat().st_size / 1e6, 5),
            Figure("seconds to write it", report_seconds),
            Figure("peak memory of that, MB", report_peak),
            Figure(f"seconds to read the {found} periods of one product",
                   time.perf_counter() - began),
        ],
    )  # fmt: skip


if __name__ == "__main__":
    main()
