"""Which pages a run takes from all machines, and that it touches no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.catalogue.page_key import PageKey, page_keys
from catalog_pipeline.catalogue.page_selection import format_pages, select_known_pages
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.ports import Observer
from catalog_pipeline.orchestration.checkpoints.known_pages import with_known_pages
from catalog_pipeline.orchestration.checkpoints.standing import read_standing
from catalog_pipeline.orchestration.commands.in_process import LocalRun, crawl_here
from catalog_pipeline.orchestration.instance.host_leases import crawlers_of
from catalog_pipeline.records import CrawlOutcome
from catalog_pipeline_tests.orchestration.instance.postgres.hosts import Hosts
from catalog_pipeline_tests.postgres_server import Database
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes


class _Looking(Observer):
    """Looks, when a crawl has come to its end, which pages it still has the right to."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self.taken: str | None = None

    def finished(self, outcome: CrawlOutcome) -> None:
        (crawler,) = crawlers_of(self._instance, "shop")
        self.taken = "all" if crawler.pages is None else format_pages(crawler.pages)


@pytest.fixture
def shared(
    site: Site, tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dg.DagsterInstance]:
    with ExitStack() as stack:
        yield Hosts(tmp_path, stack, monkeypatch).opened("one")


def _crawled(
    instance: dg.DagsterInstance, site: Site, pages: str, **how: Any
) -> tuple[LocalRun, str | None]:
    known = with_known_pages(instance, site.catalogue)
    looking = _Looking(instance)
    context = CrawlContext(observer=looking)
    chosen = select_known_pages(known, pages) if pages else []
    return crawl_here(instance, known, chosen, None, crawl_context=context, **how), looking.taken


@pytest.mark.parametrize(
    ("at_once", "pages", "taken"),
    [(3, "2-5", "2-5"), (3, "2,7,9-10", "2,7,9-10"), (3, "1-12", "1-12"), (1, "2-5", "all")],
)
def test_where_several_runs_may_be_at_it_a_run_takes_its_pages(
    shared: dg.DagsterInstance, site: Site, at_once: int, pages: str, taken: str
) -> None:
    site.write(runs_at_once=at_once)
    run, found = _crawled(shared, site, pages)
    assert run.error is None
    assert found == taken


def test_a_run_that_may_find_pages_takes_all_and_one_over_known_ones_does_not(
    shared: dg.DagsterInstance, site: Site
) -> None:
    site.write(pages={"kind": "open"}, runs_at_once=3)
    site.shop.control(pages=8)
    run, found = _crawled(shared, site, "", finds=True)
    assert (run.error, found) == (None, "all")
    assert with_known_pages(shared, site.catalogue).pages == tuple(page_keys(1, 8))
    assert _crawled(shared, site, "2-5")[1] == "2-5"
    assert _crawled(shared, site, "6-8")[1] == "all", "it has the last page"
    assert _crawled(shared, site, "6-8", finds=False)[1] == "6-8"


def test_what_is_parsed_again_besides_is_within_the_pages_of_the_run(
    shared: dg.DagsterInstance, site: Site
) -> None:
    site.write(runs_at_once=3)
    assert _crawled(shared, site, "1-12")[0].error is None
    site.write(runs_at_once=3, encoding="utf-8")
    assert _crawled(shared, site, "1-2")[0].error is None
    left = read_standing(shared, site.catalogue).to_parse
    assert left == {PageKey(number) for number in range(3, 13)}
    site.write(encoding="utf-8")
    assert _crawled(shared, site, "3-4")[0].error is None
    assert not read_standing(shared, site.catalogue).to_parse
