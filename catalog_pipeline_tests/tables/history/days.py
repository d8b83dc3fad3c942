"""Days of a shop, built one after the other, and what the files say then; helpers, no tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.records import Columns, StoredPage
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.storing.store import Store
from catalog_pipeline.tables.history.report import HistoryReport
from catalog_pipeline.tables.quality.past import NO_PAST
from catalog_pipeline_tests.tables import shop

DAY_SECONDS = 86_400
TRACKED = {"track": ["price", "stock"]}


class Days:
    """A shop of some pages, crawled day by day; `folder` is the catalogue's, its pages' as well
    unless they have another `store`; `earlier` is what is recorded of builds."""

    def __init__(
        self, folder: Path, catalogue: Catalogue | None = None, store: Store | None = None
    ) -> None:
        self.folder = folder
        self.catalogue = catalogue or shop.catalogue(history=TRACKED)
        self.store = store or FolderStore(folder / "pages")
        self.store.prepare()
        self.table = folder / "products.parquet"
        self.pages: dict[int, StoredPage] = {}
        self.earlier = NO_PAST

    def fetch(self, day: float, *pages: Columns | None, same_since: float | None = None) -> None:
        """Take pages 1, 2, … as they are that day; what is None is not asked for. They may be
        confirmed to be the `same_since` another day."""
        for number, columns in enumerate(pages, start=1):
            if columns is not None:
                version = self.catalogue.code_version
                self.pages[number] = shop.store_page(
                    self.store,
                    number,
                    columns,
                    later=day * DAY_SECONDS + number,
                    code_version=version,
                    same_since=None if same_since is None else same_since * DAY_SECONDS + number,
                )

    def build(self, lacks: str | None = None) -> HistoryReport:
        """Build the table out of the pages there are."""
        pages = list(self.pages.values())
        report = shop.build_table(
            self.catalogue, pages, self.store, self.table, lacks=lacks, earlier=self.earlier
        ).history
        assert report is not None
        return report

    def day(self, day: float, *pages: Columns | None, lacks: str | None = None) -> HistoryReport:
        """Crawl and build."""
        self.fetch(day, *pages)
        return self.build(lacks)

    def history(self, *columns: str) -> list[tuple[Any, ...]]:
        """The periods, by key and order of their beginning; all columns if none is named."""
        return _rows(self.folder / "history.parquet", columns, ("sku", "opened_by"))

    def changes(self, *columns: str) -> list[tuple[Any, ...]]:
        """The changes in the order of the file."""
        return _rows(self.folder / "changes.parquet", columns, ())


def products(**prices: str | None) -> Columns:
    """A page with these products at these prices."""
    return shop.rows(list(prices), price=list(prices.values()))


def _rows(path: Path, columns: Sequence[str], order: Sequence[str]) -> list[tuple[Any, ...]]:
    rows: list[Mapping[str, Any]] = pq.read_table(path).to_pylist()
    rows = sorted(rows, key=lambda row: tuple(row[name] or "" for name in order))
    return [tuple(row[name] for name in columns or row) for row in rows]
