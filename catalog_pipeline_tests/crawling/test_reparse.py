"""Stored pages parsed again as a job of its own: no request, no credentials, no Dagster."""

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.crawl import CrawlJob, crawl
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.crawling.reparse import ReparseJob, reparse
from catalog_pipeline.errors import CrawlStoppedError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.crawling.recorders import KeptRecords
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes


@pytest.fixture
def stored(site: Site) -> list[StoredPage]:
    """Twelve pages of a crawl, after which the shop was asked for nothing."""
    FolderStore(site.places.pages).prepare()
    records = KeptRecords()
    job = CrawlJob(site.catalogue, site.places, [(page, None) for page in site.catalogue.pages])
    crawl(job, records, CrawlContext(), lambda: False)
    site.shop.control(reset_hits=True)
    return records.pages


def test_every_page_is_stored_and_recorded_anew_without_a_request(
    site: Site, stored: list[StoredPage]
):
    catalogue = site.write(fields={"title": {"select": "h2.product-name"}}, key="title")
    records = KeptRecords()
    job = ReparseJob(catalogue, site.places, stored)
    outcome = reparse(job, records, CrawlContext(), lambda: False)
    assert (outcome.downloads, outcome.not_modified, outcome.failures) == (0, 0, ())
    assert [each.record.page for each in records.pages] == [each.record.page for each in stored]
    assert {each.record.code_version for each in records.pages} == {catalogue.code_version}
    assert [each.record.fetched_at for each in records.pages] == [
        each.record.fetched_at for each in stored
    ]
    assert site.shop.log() == []


def test_a_page_that_cannot_be_parsed_fails_alone(site: Site, stored: list[StoredPage]):
    site.page_file(3).write_bytes(b"torn")
    records = KeptRecords()
    job = ReparseJob(site.catalogue, site.places, stored)
    outcome = reparse(job, records, CrawlContext(), lambda: False)
    assert [failure.page for failure in outcome.failures] == [PageKey(3)]
    assert outcome.failures[0].kind == "stored"
    assert outcome.failures[0].url == stored[2].record.url
    assert len(records.pages) == 11


def test_a_definition_that_fits_no_page_is_given_up_early(site: Site, stored: list[StoredPage]):
    catalogue = site.write(
        fields={"title": {"select": "h7"}}, key="title", politeness={"stop_window": 4}
    )
    records = KeptRecords()
    with pytest.raises(CrawlStoppedError, match="the last 4 pages failed"):
        reparse(ReparseJob(catalogue, site.places, stored), records, CrawlContext(), lambda: False)
    assert len(records.failures) >= 4


def test_asked_to_stop_it_names_the_pages_that_were_not_tried(site: Site, stored: list[StoredPage]):
    class Stopping(Observer):
        has_begun = False

        def page_stored(self, stored: StoredPage) -> None:
            self.has_begun = True

    observer, records = Stopping(), KeptRecords()
    outcome = reparse(
        ReparseJob(site.catalogue, site.places, stored),
        records,
        CrawlContext(observer=observer),
        lambda: observer.has_begun,
    )
    done = {each.record.page for each in records.pages}
    assert outcome.was_stopped == bool(outcome.untried)
    assert done | set(outcome.untried) == {each.record.page for each in stored}
    assert not done & set(outcome.untried)


def test_neither_a_login_nor_its_credentials_are_needed(site: Site, stored: list[StoredPage]):
    members = site.write(like="sandbox_members")
    records = KeptRecords()
    reparse(ReparseJob(members, site.places, stored), records, CrawlContext(), lambda: False)
    assert len(records.pages) == 12
