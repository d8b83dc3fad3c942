"""Poisonous pages of every kind among good ones: the good ones are done, each other one fails."""

from __future__ import annotations

import pytest

from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.crawl import CrawlJob, crawl
from catalog_pipeline.sandbox.poison import POISON
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.crawling.recorders import KeptRecords
from catalog_pipeline_tests.poisonous_shop import (
    HANGING,
    REASONS,
    changes_of_the_catalogue,
    poisoned,
)
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes

GOOD = 30


def test_there_are_sixty_kinds_of_poison() -> None:
    assert len(POISON) >= 60


@pytest.mark.filterwarnings("ignore:Catalogue shop, fields.name.pattern:UserWarning")
def test_good_pages_are_done_and_each_poisonous_one_fails_with_its_reason(site: Site) -> None:
    pages = GOOD + len(POISON)
    kinds = poisoned(GOOD)
    catalogue = site.write(**changes_of_the_catalogue(pages))
    site.shop.control(pages=pages, faults=[f"{page}={kind}" for page, kind in kinds.items()])
    FolderStore(site.places.pages).prepare()
    job = CrawlJob(catalogue, site.places, [(page, None) for page in catalogue.pages])
    records = KeptRecords()
    outcome = crawl(job, records, CrawlContext(), lambda: False)

    failed = {kinds[failure.page.number]: failure.kind for failure in outcome.failures}
    assert failed == REASONS
    stored = [record.record.page.number for record in records.pages]
    assert stored == [page for page in range(1, pages + 1) if page not in kinds]
    assert all(failure.message for failure in outcome.failures)
    by_kind = {kinds[failure.page.number]: failure.message for failure in outcome.failures}
    assert "[field twins]" in by_kind["slow-selector"]
    assert "[field name, pattern '^(([A-Za-z ]+)+)+$']" in by_kind["slow-pattern"]
    # Twice at most was asked for what was in flight in a process that a hanging page ended; so
    # were two that hung in one process at once, which does not say whose fault it was.
    again = {page: count for page, count in site.downloads().items() if count > 1}
    redirected = {page for page, kind in kinds.items() if kind == "redirect-to-itself"}
    assert all(count == 2 for page, count in again.items() if page not in redirected)
    assert len(again) <= 1 + 2 * catalogue.politeness.concurrency * len(HANGING)
