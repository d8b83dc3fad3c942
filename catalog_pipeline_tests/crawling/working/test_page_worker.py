"""One task, one answer: what a worker makes of a page, a 304, a stored body, robots.txt."""

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.working.page_worker import PageWorker
from catalog_pipeline.errors import FetchError, StorageError
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.site import Site


@pytest.fixture
def worker(site: Site) -> PageWorker:
    """A worker of the catalogue, its data folder laid out."""
    FolderStore(site.places.pages).prepare()
    return PageWorker(site.catalogue, site.places)


def _fetch(
    site: Site, worker: PageWorker, page: int = 3, previous: StoredPage | None = None
) -> messages.Answer:
    address = site.catalogue.page_address(PageKey(page))
    return worker.do(messages.FetchPage(PageKey(page), address, 2, previous=previous))


def _stored(site: Site, worker: PageWorker, page: int = 3) -> StoredPage:
    answer = _fetch(site, worker, page)
    assert isinstance(answer, messages.PageStored)
    return answer.stored


def test_a_page_is_stored_with_its_body_and_record(site: Site, worker: PageWorker):
    stored = _stored(site, worker)
    record = stored.record
    assert (record.page, record.rows) == (PageKey(3), 20)
    assert (record.attempts, record.http_status) == (2, 200)
    file = FolderStore(site.places.pages).read(PageKey(3), stored.file_name, stored.sha256)
    assert len(file.body) == record.body_bytes
    assert b"products, page 3" in file.body.lower()


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("3=404", "gone", 404),
        ("3=500", "server_error", 500),
        ("3=empty", "no_product", 200),
        ("3=no-price", "parse", 200),
    ],
)
def test_what_is_no_page_is_refused_with_its_kind(
    site: Site, worker: PageWorker, fault: str, kind: str, status: int
):
    site.shop.control(faults=[fault])
    answer = _fetch(site, worker)
    assert isinstance(answer, messages.PageRefused)
    assert (answer.error.page, answer.error.http_status) == (PageKey(3), status)
    assert (answer.error.kind == "parse") == (kind == "parse")
    assert list(site.places.pages.glob("3-*")) == []


def test_a_retry_after_is_handed_on(site: Site, worker: PageWorker):
    site.shop.control(faults=["3=429(7)"])
    answer = _fetch(site, worker)
    assert isinstance(answer, messages.PageRefused)
    assert isinstance(answer.error, FetchError)
    assert answer.error.pushback.slow_down
    assert answer.error.pushback.retry_after_seconds == 7


def test_an_unchanged_page_is_renewed_from_its_stored_body(site: Site, worker: PageWorker):
    before = _stored(site, worker)
    answer = _fetch(site, worker, previous=before)
    assert isinstance(answer, messages.PageStored)
    after = answer.stored.record
    assert after.not_modified
    assert after.fetched_at > before.record.fetched_at
    assert after.data_version == before.record.data_version
    assert after.same_since == before.record.fetched_at
    again = _fetch(site, worker, previous=answer.stored)
    assert isinstance(again, messages.PageStored)
    assert again.stored.record.same_since == before.record.fetched_at
    assert site.shop.hits()["not_modified"] == {"3": 2}


def test_an_unchanged_page_is_parsed_again_when_the_yaml_has_changed(
    site: Site, worker: PageWorker
):
    before = _stored(site, worker)
    catalogue = site.write(fields={"title": {"select": "h2.product-name"}}, key="title")
    answer = _fetch(site, PageWorker(catalogue, site.places), previous=before)
    assert isinstance(answer, messages.PageStored)
    assert answer.stored.record.not_modified
    assert answer.stored.record.same_since == before.record.fetched_at
    assert answer.stored.record.code_version == catalogue.code_version


def test_a_page_whose_stored_body_is_gone_is_downloaded_in_full(site: Site, worker: PageWorker):
    before = _stored(site, worker)
    site.page_file(3).unlink()
    answer = _fetch(site, worker, previous=before)
    assert isinstance(answer, messages.PageStored)
    assert not answer.stored.record.not_modified
    assert site.downloads() == {3: 2}


def test_a_stored_body_is_parsed_again_without_a_request(site: Site, worker: PageWorker):
    before = _stored(site, worker)
    site.shop.control(reset_hits=True)
    answer = worker.do(messages.ReparsePage(PageKey(3), before))
    assert isinstance(answer, messages.PageStored)
    assert answer.stored.record.fetched_at == before.record.fetched_at
    assert site.shop.log() == []


def test_a_stored_body_that_is_damaged_is_no_page(site: Site, worker: PageWorker):
    before = _stored(site, worker)
    site.page_file(3).write_bytes(b"torn")
    answer = worker.do(messages.ReparsePage(PageKey(3), before))
    assert isinstance(answer, messages.PageRefused)
    assert answer.error.kind == "stored"


def test_robots_txt_is_handed_on_as_it_is(site: Site, worker: PageWorker):
    site.shop.control(robots_txt="User-agent: *\nDisallow: /\n")
    answer = worker.do(messages.FetchRobots(f"{site.shop.url}/robots.txt"))
    assert isinstance(answer, messages.RobotsAnswered)
    assert (answer.status, answer.body) == (200, b"User-agent: *\nDisallow: /\n")


def test_a_folder_that_is_gone_stops_the_crawl_and_not_the_page(site: Site, worker: PageWorker):
    site.places.pages.rmdir()
    answer = _fetch(site, worker)
    assert isinstance(answer, messages.CrawlBroke)
    assert isinstance(answer.error, StorageError)
    assert str(site.places.pages) in str(answer.error)
