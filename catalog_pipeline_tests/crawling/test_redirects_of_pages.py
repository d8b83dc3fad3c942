"""Pages that redirects lead to, in real crawls: gates that set cookies, and pages that get lost."""

import dagster as dg
import pytest
import requests

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import read_failures
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline_tests.fetching.raw_server import RawServer, Script, Visit, page, raw_server
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.processes

PAGES = keys(*range(1, 7))
ROBOTS = page(b"", status="404 Not Found")


def _crawl(site: Site, instance: dg.DagsterInstance, server: RawServer) -> None:
    catalogue = site.write(last_page=6, base_url=server.url, politeness={"concurrency": 8})
    crawl_here(instance, catalogue, list(catalogue.pages), None)


def _shop_behind(site: Site, gate: Script) -> Script:
    """The shop's pages, where the gate has not answered."""

    def script(visit: Visit) -> None:
        if visit.path == "/robots.txt":
            visit.send(ROBOTS)
            return
        gate(visit)

    return script


def test_a_visit_carries_what_the_site_has_set_on_the_way(site: Site, instance: dg.DagsterInstance):
    """Two gates after each other, in a crawl of several processes."""

    def gate(visit: Visit) -> None:
        cookies = visit.header("Cookie") or ""
        wanted = next((name for name in ("language", "age") if name not in cookies), None)
        if wanted:
            visit.send(
                page(b"", f"Location: {visit.path}", f"Set-Cookie: {wanted}=1", status="302 Found")
            )
        else:
            visit.send(
                page(requests.get(site.shop.url + visit.path, timeout=PATIENCE_SECONDS).content)
            )

    with raw_server(_shop_behind(site, gate)) as server:
        _crawl(site, instance, server)
    assert read_statuses(instance, site.catalogue, PAGES).done == set(PAGES)


def test_a_page_that_a_redirect_lost_is_never_done(site: Site, instance: dg.DagsterInstance):
    def gate(visit: Visit) -> None:
        if visit.path.endswith(("page=2", "page=3")):
            target = "/products" if visit.path.endswith("2") else "/products?page=1"
            visit.send(page(b"", f"Location: {target}", status="301 Moved Permanently"))
        else:
            path = "/products?page=1" if visit.path == "/products" else visit.path
            visit.send(page(requests.get(site.shop.url + path, timeout=PATIENCE_SECONDS).content))

    with raw_server(_shop_behind(site, gate)) as server:
        _crawl(site, instance, server)
    assert read_statuses(instance, site.catalogue, PAGES).done == set(keys(1, 4, 5, 6))
    failures = read_failures(instance, site.catalogue, PAGES)
    assert {str(key): failure.kind for key, failure in failures.items()} == {
        "2": "page_lost",
        "3": "page_lost",
    }
    assert "a redirect lost the page" in failures[PageKey(2)].message
    assert "the address of page 1" in failures[PageKey(3)].message
    assert failures[PageKey(2)].attempts == 1
