"""A crawl and a build without a terminal: what whoever looks on is told, and the numbers."""

from collections.abc import Iterable

import dagster as dg
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.lock import catalogue_lock
from catalog_pipeline.orchestration.commands.crawl_and_build import crawl_and_build
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline.records import CrawlOutcome
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes


class _Seen(Spectator):
    def __init__(self) -> None:
        self.stages: list[str] = []

    def crawl_starts(self, pages: int, *, reparse: bool) -> None:
        self.stages.append(f"{'parse' if reparse else 'crawl'} {pages}")

    def found_damaged(self, problems: Iterable[str]) -> None:
        self.stages += ["damaged" for _ in problems]

    def finished(self, outcome: CrawlOutcome) -> None:
        self.stages.append("crawled")

    def table_starts(self, damage: str | None) -> None:
        self.stages.append("table")


def _ask(
    instance: dg.DagsterInstance,
    site: Site,
    catalogue: Catalogue,
    *,
    pages: tuple[PageKey, ...] = (),
    reparse: bool = False,
) -> tuple[CrawlResult, list[str]]:
    seen = _Seen()
    request = CrawlRequest(catalogue, pages or tuple(catalogue.pages), reparse=reparse)
    with catalogue_lock(site.places.folder, "a test") as lease:
        result = crawl_and_build(instance, request, seen, CrawlContext(lease=lease))
    return result, seen.stages


def test_a_page_that_failed_is_an_error_of_its_own_and_none_of_the_crawl(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    site.shop.control(faults=["2=404"])
    result, stages = _ask(instance, site, catalogue)
    assert (result.done, result.failed, result.downloads, result.rows) == (2, 1, 2, 40)
    assert [failure.page for failure in result.failures] == [catalogue.pages[1]]
    assert result.crawl_error is None
    assert not result.is_good
    assert stages == ["crawl 3", "crawled", "table"]


@pytest.mark.parametrize("reparse", [False, True])
def test_what_is_done_is_only_done_again_where_that_is_asked(
    site: Site, instance: dg.DagsterInstance, reparse: bool
):
    catalogue = site.write(last_page=2)
    _ask(instance, site, catalogue)
    result, stages = _ask(instance, site, catalogue, reparse=reparse)
    assert result.is_good
    assert (result.downloads, result.parsed_again) == (0, 2 if reparse else 0)
    assert stages == (["parse 2", "crawled", "table"] if reparse else [])


def test_a_damaged_page_is_told_before_it_is_crawled(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2)
    _ask(instance, site, catalogue)
    site.page_file(2).write_bytes(b"")
    result, stages = _ask(instance, site, catalogue)
    assert (result.is_good, result.downloads) == (True, 1)
    assert stages[:2] == ["damaged", "crawl 1"]
    assert stages[-2:] == ["crawled", "table"]


def test_a_part_of_a_new_catalogue_is_good_without_a_table_that_needs_more(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=4, coverage={"minimum": 0.9})
    part, stages = _ask(instance, site, catalogue, pages=catalogue.pages[:3])
    assert (part.is_good, part.done, part.rows, part.table_error) == (True, 3, None, None)
    assert part.table_waits == (
        "shop: 3 of 4 pages are done and sound (75%), and its coverage.minimum is 90%: "
        "there is no table yet"
    )
    assert stages == ["crawl 3", "crawled"]
    whole, _ = _ask(instance, site, catalogue)
    assert (whole.is_good, whole.rows, whole.table_waits) == (True, 80, None)
