"""Who is told of a crawl's progress, and of what."""

import dagster as dg

from catalog_pipeline.crawling.plan import CrawlPlan
from catalog_pipeline.crawling.ports import Observer, current_observer, observed_by
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline.records import CrawlOutcome, PageFailure, StoredPage
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site


class _Witness(Observer):
    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []
        self.outcome: CrawlOutcome | None = None

    def planned(self, plan: CrawlPlan) -> None:
        self.seen.append(("planned", len(plan.due)))

    def page_stored(self, stored: StoredPage) -> None:
        self.seen.append(("stored", stored.record.page.number))

    def page_failed(self, failure: PageFailure) -> None:
        self.seen.append(("failed", failure.page.number))

    def put_off(self, reason: str, seconds: float) -> None:
        self.seen.append(("put off", int(reason.split()[1])))

    def finished(self, outcome: CrawlOutcome) -> None:
        self.outcome = outcome


def test_a_crawl_tells_its_observer_what_happens(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=3)
    site.shop.control(faults=["2=503:1", "3=404"])
    witness = _Witness()
    with observed_by(witness):
        crawl_here(instance, catalogue, keys(1, 2, 3), None)
    assert witness.seen[0] == ("planned", 3)
    assert sorted(witness.seen[1:]) == [
        ("failed", 3), ("put off", 2), ("stored", 1), ("stored", 2),
    ]  # fmt: skip
    assert witness.outcome is not None
    assert (witness.outcome.downloads, len(witness.outcome.failures)) == (2, 1)


def test_the_observer_is_there_only_within_its_block():
    before, witness = current_observer(), _Witness()
    with observed_by(witness):
        assert current_observer() is witness
    assert current_observer() is before
