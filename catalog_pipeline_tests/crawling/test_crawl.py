"""A crawl as a whole without Dagster: a job in, an outcome out, by real workers of a real shop."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.crawl import CrawlJob, crawl
from catalog_pipeline.crawling.lock import catalogue_lock, holder_of
from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.crawling.workforce import Workforce
from catalog_pipeline.errors import CrawlStoppedError, StorageError
from catalog_pipeline.records import CrawlOutcome, PageFailure, StoredPage
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline_tests.crawling.recorders import KeptRecords
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes


class Witness(Observer):
    """Keeps what it is told, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def planned(self, plan: CrawlPlan) -> None:
        raise AssertionError("the plan is made before the crawl")

    def page_stored(self, stored: StoredPage) -> None:
        self.seen.append(("stored", str(stored.record.page)))

    def page_failed(self, failure: PageFailure) -> None:
        self.seen.append(("failed", str(failure.page)))

    def put_off(self, reason: str, seconds: float) -> None:
        self.seen.append(("put off", reason.split()[1]))

    def stopping(self, reason: str) -> None:
        self.seen.append(("stopping", reason))


@pytest.fixture
def records() -> KeptRecords:
    return KeptRecords()


def _job(site: Site, catalogue: Catalogue) -> CrawlJob:
    FolderStore(site.places.pages).prepare()
    return CrawlJob(catalogue, site.places, [(page, None) for page in catalogue.pages])


def _never() -> bool:
    return False


def _numbers(records: KeptRecords) -> list[int]:
    return [stored.record.page.number for stored in records.pages]


def test_every_page_of_a_job_is_recorded_once_after_it_was_stored(site: Site, records: KeptRecords):
    outcome = crawl(_job(site, site.catalogue), records, CrawlContext(), _never)
    assert outcome == CrawlOutcome(12, 0, (), (), was_stopped=False)
    assert _numbers(records) == list(range(1, 13))
    store = FolderStore(site.places.pages)
    for stored in records.pages:
        assert store.read(stored.record.page, stored.file_name, stored.sha256).record


def test_a_job_without_pages_asks_the_site_for_nothing(site: Site, records: KeptRecords):
    job = CrawlJob(site.catalogue, site.places, [])
    outcome = crawl(job, records, CrawlContext(), _never)
    assert outcome == CrawlOutcome(0, 0, (), (), was_stopped=False)
    assert site.shop.log() == []


def test_the_observer_of_the_context_sees_what_happens(site: Site, records: KeptRecords):
    catalogue = site.write(last_page=3)
    site.shop.control(faults=["2=503:1", "3=404"])
    witness = Witness()
    outcome = crawl(_job(site, catalogue), records, CrawlContext(observer=witness), _never)
    assert sorted(witness.seen) == [
        ("failed", "3"), ("put off", "2"), ("stored", "1"), ("stored", "2"),
    ]  # fmt: skip
    assert [failure.page for failure in outcome.failures] == [PageKey(3)]
    assert records.failures == list(outcome.failures)
    assert records.failures[0].http_status == 404


def test_whoever_serves_the_catalogue_does_so_as_long_as_it_is_crawled(
    site: Site, records: KeptRecords
):
    catalogue = site.write(last_page=2)
    elsewhere = catalogue.model_copy(update={"base_url": "http://shop.invalid"})
    served: list[str] = []

    @contextmanager
    def serve(asked: Catalogue) -> Iterator[Catalogue]:
        served.append(f"begun for {asked.base_url}")
        yield catalogue
        served.append(f"ended after {len(records.pages)} pages")

    crawl(_job(site, elsewhere), records, CrawlContext(serve), _never)
    assert served == ["begun for http://shop.invalid", "ended after 2 pages"]


def test_a_crawl_takes_the_workers_that_were_started_before_it_and_ends_them(
    site: Site, records: KeptRecords
):
    job = _job(site, site.catalogue)

    @contextmanager
    def nobody(catalogue: Catalogue) -> Iterator[Catalogue]:
        raise AssertionError("the workers are there already")
        yield catalogue

    context = CrawlContext()
    with Workforce(context.serve(job.catalogue), job.places, None) as workforce:
        pids = workforce.pool.pids
        assert pids
        crawl(job, records, CrawlContext(nobody, workforce=workforce), _never)
        assert len(records.pages) == 12
        with pytest.raises(OSError, match="closed"):
            workforce.pool.answers(0.0)


def test_the_workers_share_the_lease_of_the_context(site: Site, records: KeptRecords):
    job = _job(site, site.catalogue)
    with catalogue_lock(site.places.folder, "run-a") as lock:
        with Workforce(CrawlContext().serve(job.catalogue), job.places, lock):
            pass
        crawl(job, records, CrawlContext(lease=lock), _never)
    assert holder_of(site.places.folder) is None


def test_a_crawl_that_is_asked_to_stop_records_what_it_has_and_names_the_rest(
    site: Site, records: KeptRecords
):
    site.shop.control(latency_ms=50)
    catalogue = site.write(last_page=50)
    witness = Witness()

    def must_stop() -> bool:
        return len(witness.seen) >= 5

    outcome = crawl(_job(site, catalogue), records, CrawlContext(observer=witness), must_stop)
    assert outcome.was_stopped
    assert len(outcome.untried) > 20
    done = {stored.record.page for stored in records.pages}
    assert done | set(outcome.untried) == set(catalogue.pages)
    assert not done & set(outcome.untried)
    assert site.downloads().keys() == {page.number for page in done}
    assert ("stopping", "asked to stop") in witness.seen


def test_a_crawl_of_a_dead_site_gives_up_and_has_recorded_why(site: Site, records: KeptRecords):
    catalogue = site.write(last_page=50, politeness={"stop_window": 10, "max_attempts": 1})
    site.shop.control(faults=[f"{page}=500" for page in range(1, 51)])
    with pytest.raises(CrawlStoppedError, match="the last 10 pages failed"):
        crawl(_job(site, catalogue), records, CrawlContext(), _never)
    assert 10 <= len(records.failures) < 20


def test_what_came_before_the_disk_was_gone_is_recorded(site: Site, records: KeptRecords):
    class Undermining(Observer):
        def page_stored(self, stored: StoredPage) -> None:
            site.places.pages.rename(site.places.pages.with_name("gone"))

    site.shop.control(latency_ms=100)
    catalogue = site.write(last_page=2, politeness={"concurrency": 1})
    job = _job(site, catalogue)
    with pytest.raises(StorageError):
        crawl(job, records, CrawlContext(observer=Undermining()), _never)


def test_a_refresh_asks_only_whether_a_page_has_changed(site: Site, records: KeptRecords):
    catalogue = site.write(last_page=3)
    crawl(_job(site, catalogue), records, CrawlContext(), _never)
    job = CrawlJob(
        catalogue, site.places, [(stored.record.page, stored) for stored in records.pages]
    )
    again = crawl(job, records, CrawlContext(), _never)
    assert (again.downloads, again.not_modified) == (0, 3)
    assert site.shop.hits()["not_modified"] == {"1": 1, "2": 1, "3": 1}
