"""A request with nothing to do comes to the same result with Dagster and without."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import dagster as dg
import pytest

from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.orchestration.commands.crawl_and_build import crawl_and_build
from catalog_pipeline.orchestration.commands.nothing_due import result_if_nothing_is_due
from catalog_pipeline.orchestration.commands.request import CrawlRequest
from catalog_pipeline.orchestration.commands.result import CrawlResult
from catalog_pipeline.orchestration.commands.spectator import Spectator
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site

pytestmark = pytest.mark.processes


def _run(instance: dg.DagsterInstance, request: CrawlRequest) -> CrawlResult:
    return crawl_and_build(instance, request, Spectator(), CrawlContext())


@pytest.fixture
def crawled(site: Site, instance: dg.DagsterInstance) -> Site:
    """Three pages and their table."""
    catalogue = site.write(last_page=3)
    assert _run(instance, CrawlRequest(catalogue, catalogue.pages)).is_good
    return site


@pytest.mark.parametrize("pages", [keys(1, 2, 3), keys(2)])
@pytest.mark.parametrize("hours", [None, 1])
def test_the_result_is_that_of_a_run_in_the_instance(
    crawled: Site, instance: dg.DagsterInstance, pages: list[Any], hours: int | None
):
    cutoff = datetime.now(timezone.utc) - timedelta(hours=hours) if hours else None
    request = CrawlRequest(crawled.catalogue, tuple(pages), cutoff)
    told = result_if_nothing_is_due(request)
    assert told is not None
    assert told == _run(instance, request)
    assert (told.done, told.rows, told.run_id) == (len(pages), 60, None)


def _a_page_is_gone(site: Site) -> None:
    site.page_file(2).unlink()


def _a_page_is_damaged(site: Site) -> None:
    site.page_file(2).write_bytes(b"?")


def _the_table_is_gone(site: Site) -> None:
    site.table_file.unlink()


def _the_table_is_damaged(site: Site) -> None:
    site.table_file.write_bytes(b"?")


def _there_is_one_more_page(site: Site) -> None:
    site.write(last_page=4)


def _there_is_one_page_less(site: Site) -> None:
    site.write(last_page=2)


def _another_field_is_read(site: Site) -> None:
    fields = {"name": {"select": "h2.product-name"}}
    site.write(last_page=3, fields=fields, key=["name"])


def _there_are_tags(site: Site) -> None:
    site.write(last_page=3, tags={"country": "no tag, this"})


def _a_cron_text_is_of_another_kind(site: Site) -> None:
    site.write(last_page=3, schedule={"cron": "0 6 31 2 *"})


def _an_owner_is_of_another_kind(site: Site) -> None:
    site.write(last_page=3, owners=["nobody"])


def _there_is_an_export(site: Site) -> None:
    site.write(last_page=3, exports=[{"to": "csv"}])


@pytest.mark.parametrize(
    "come_to",
    [
        _a_page_is_gone,
        _a_page_is_damaged,
        _the_table_is_gone,
        _the_table_is_damaged,
        _there_is_one_more_page,
        _there_is_one_page_less,
        _another_field_is_read,
        _there_are_tags,
        _a_cron_text_is_of_another_kind,
        _an_owner_is_of_another_kind,
        _there_is_an_export,
    ],
)
def test_whatever_may_be_to_do_is_left_to_the_instance(
    crawled: Site, come_to: Callable[[Site], None]
):
    come_to(crawled)
    catalogue = crawled.catalogue
    assert result_if_nothing_is_due(CrawlRequest(catalogue, catalogue.pages)) is None


def test_a_refresh_a_reparse_and_a_failed_page_are_left_to_the_instance(
    crawled: Site, instance: dg.DagsterInstance
):
    catalogue = crawled.catalogue
    now = datetime.now(timezone.utc)
    assert result_if_nothing_is_due(CrawlRequest(catalogue, catalogue.pages, now)) is None
    reparse = CrawlRequest(catalogue, catalogue.pages, None, reparse=True)
    assert result_if_nothing_is_due(reparse) is None
    crawled.shop.control(faults=["2=404"])
    _run(instance, CrawlRequest(catalogue, catalogue.pages, now))
    assert result_if_nothing_is_due(CrawlRequest(catalogue, catalogue.pages)) is None
    assert result_if_nothing_is_due(CrawlRequest(catalogue, tuple(keys(1, 3)))) is not None
