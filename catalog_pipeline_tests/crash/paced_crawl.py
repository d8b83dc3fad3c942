"""A crawl of some pages at the pace of all machines, for a process of its own: `... shop 1-20`.

It holds no lease and records nothing in the instance, so that several go on at once.
"""

from __future__ import annotations

import sys

from catalog_pipeline.catalogue.files import load_catalogue
from catalog_pipeline.catalogue.page_selection import select_pages
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.crawl import CrawlJob, crawl
from catalog_pipeline.orchestration.instance.host_leases import pace_of
from catalog_pipeline.orchestration.instance.open import open_instance
from catalog_pipeline.places import catalogue_places
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.crawling.recorders import KeptRecords


def main(name: str, selection: str) -> None:
    """Crawl the pages."""
    catalogue = load_catalogue(name)
    places = catalogue_places(name)
    due = [(page, None) for page in select_pages(catalogue, selection)]
    FolderStore(places.pages).prepare()
    with open_instance() as instance:
        context = CrawlContext(pace=pace_of(instance, name))
        outcome = crawl(CrawlJob(catalogue, places, due), KeptRecords(), context, lambda: False)
    assert not outcome.failures, outcome.failures


if __name__ == "__main__":
    main(*sys.argv[1:])
