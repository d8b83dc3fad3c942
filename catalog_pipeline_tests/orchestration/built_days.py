"""Days of a shop as Dagster knows them: pages recorded without a crawl, tables built from them.

Helpers, no tests. Without Dagster days are in `tables/history/days`.
"""

from __future__ import annotations

from typing import Any

import dagster as dg

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.orchestration.checkpoints.metadata import metadata_of_page
from catalog_pipeline.orchestration.commands.in_process import LocalRun, build_table_here
from catalog_pipeline.orchestration.names import pages_key
from catalog_pipeline.records import Columns
from catalog_pipeline.storing.stores import page_store
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import Days

TWO_PAGES: dict[str, Any] = {
    "base_url": "https://shop.example",
    "page_url": "/products?page={page}",
    "key": "sku",
    "product": ".product",
    "last_page": 2,
}


class BuiltDays:
    """The catalogue `shop` of two pages, whose YAML may be written again between days."""

    def __init__(self, site: Site, instance: dg.DagsterInstance, **changes: Any) -> None:
        self.site = site
        self.instance = instance
        self.catalogue = self.write(**changes)
        self._days = Days(site.places.folder, self.catalogue, page_store(site.places))

    def write(self, **changes: Any) -> Catalogue:
        """Write the YAML."""
        given = {"fields": shop.FIELDS, **TWO_PAGES, **changes}
        self.catalogue = self.site.write(**given)
        return self.catalogue

    def fetch(self, day: float, *pages: Columns | None) -> None:
        """Record pages 1 and 2 as they are that day; what is None was not asked for."""
        self._days.catalogue = self.catalogue
        self._days.fetch(day, *pages)
        for number, page in enumerate(pages, start=1):
            if page is not None:
                made = dg.AssetMaterialization(
                    pages_key(self.catalogue),
                    partition=str(number),
                    metadata=metadata_of_page(self._days.pages[number]),
                )
                self.instance.report_runless_asset_event(made)

    def build(self) -> LocalRun:
        """Build the table out of what there is."""
        return build_table_here(self.instance, self.catalogue)

    def day(self, day: float, *pages: Columns | None) -> LocalRun:
        """Fetch and build."""
        self.fetch(day, *pages)
        return self.build()
