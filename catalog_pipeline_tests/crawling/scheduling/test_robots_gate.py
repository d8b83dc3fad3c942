"""robots.txt in a real crawl: what it forbids, how slowly it wants to be crawled."""

import os
import signal
import time
from contextlib import AbstractContextManager

import dagster as dg
import pytest
import requests

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.context import CrawlContext
from catalog_pipeline.crawling.crawl import CrawlJob, crawl
from catalog_pipeline.crawling.ports import Draw, Observer, Wish
from catalog_pipeline.orchestration.checkpoints.reader import read_failures
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.commands.in_process import LocalRun, crawl_here
from catalog_pipeline_tests.crawling.played_pace import PlayedPace
from catalog_pipeline_tests.crawling.recorders import KeptRecords
from catalog_pipeline_tests.fetching.raw_server import RawServer, Script, Visit, page, raw_server
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import Site
from catalog_pipeline_tests.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.processes

DISALLOW_TWO = "User-agent: *\nDisallow: /products?page=2$\n"


def _asked(site: Site) -> list[str]:
    return [path for _, path, _ in site.shop.log()]


def test_robots_txt_is_asked_for_once_and_before_the_first_page(
    site: Site, instance: dg.DagsterInstance
):
    crawl_here(instance, site.catalogue, keys(1, 2, 3), None)
    assert _asked(site)[0] == "/robots.txt"
    assert _asked(site).count("/robots.txt") == 1


def test_a_forbidden_page_is_a_failure_that_says_so_and_is_never_asked_for(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    site.shop.control(robots_txt=DISALLOW_TWO)
    crawl_here(instance, catalogue, keys(1, 2, 3), None)
    assert read_statuses(instance, site.catalogue, keys(1, 2, 3)).done == set(keys(1, 3))
    failure = read_failures(instance, site.catalogue, keys(2))[PageKey(2)]
    assert failure.kind == "robots"
    assert "robots.txt" in failure.message
    assert "/products?page=2" not in _asked(site)


def test_a_catalogue_may_opt_out(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2, politeness={"obey_robots": False})
    site.shop.control(robots_txt=DISALLOW_TWO)
    crawl_here(instance, catalogue, keys(1, 2), None)
    assert read_statuses(instance, site.catalogue, keys(1, 2)).done == set(keys(1, 2))
    assert "/robots.txt" not in _asked(site)


def test_a_crawl_delay_spaces_the_requests(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=8)
    site.shop.control(robots_txt="User-agent: *\nCrawl-delay: 0.3\n")
    crawl_here(instance, catalogue, list(catalogue.pages), None)
    robots, *times = [when for when, _, _ in site.shop.log()]
    assert all(when >= robots + 0.3 * k for k, when in enumerate(times))


class _FarPace(PlayedPace):
    """Turns that are told over a way on which real time goes by."""

    def __init__(self, way_seconds: float) -> None:
        super().__init__(time.monotonic)
        self._half = way_seconds / 2

    def draw(self, wish: Wish) -> Draw:
        time.sleep(self._half)
        drawn = super().draw(wish)
        time.sleep(self._half)
        return drawn


@pytest.mark.parametrize("way_seconds", [0.15, 0.4])
def test_a_crawl_whose_turns_are_told_from_afar_asks_for_robots_txt_and_all_pages(
    site: Site, way_seconds: float
):
    catalogue = site.write(last_page=4, politeness={"requests_per_second": 5})
    site.places.pages.mkdir(parents=True)
    job = CrawlJob(catalogue, site.places, [(page, None) for page in catalogue.pages])
    recorder, ends = KeptRecords(), time.monotonic() + 60
    crawl(job, recorder, CrawlContext(pace=_FarPace(way_seconds)), lambda: time.monotonic() > ends)
    assert {stored.record.page for stored in recorder.pages} == set(keys(1, 2, 3, 4))
    assert len(_asked(site)) == 5


class _Witness(Observer):
    def __init__(self) -> None:
        self.reasons: list[str] = []

    def slowed_down(self, reason: str) -> None:
        self.reasons.append(reason)


def _crawl(site: Site, instance: dg.DagsterInstance) -> tuple[LocalRun, str]:
    """A crawl, and what it said of the rate that robots.txt asks for."""
    witness = _Witness()
    pages, seen = list(site.catalogue.pages), CrawlContext(observer=witness)
    ended = crawl_here(instance, site.catalogue, pages, None, crawl_context=seen)
    return ended, " ".join(witness.reasons)


@pytest.mark.parametrize(
    ("wish", "shown"),
    [
        ("Crawl-delay: 86401", "86401 seconds"),
        ("Crawl-delay: 1e300", "1e+300 seconds"),
        ("Request-rate: 1/" + "9" * 4000, "inf seconds"),
        ("Request-rate: 1/2d", "172800 seconds"),
    ],
)
def test_a_pause_that_no_crawl_can_keep_ends_it_at_once_and_names_the_key(
    site: Site, instance: dg.DagsterInstance, wish: str, shown: str
):
    site.write(last_page=2)
    site.shop.control(robots_txt=f"User-agent: *\n{wish}\n")
    ended, _ = _crawl(site, instance)
    assert ended.error is not None
    assert f"asks for {shown} between two requests" in ended.error
    assert "politeness.max_crawl_delay_seconds" in ended.error
    assert _asked(site) == ["/robots.txt"]


def test_a_cap_of_the_yaml_cuts_the_pause_and_what_it_comes_to_is_said(
    site: Site, instance: dg.DagsterInstance
):
    site.write(last_page=3, politeness={"max_crawl_delay_seconds": 0.1})
    site.shop.control(robots_txt="User-agent: *\nCrawl-delay: 1e9\n")
    ended, said = _crawl(site, instance)
    assert ended.status == dg.DagsterRunStatus.SUCCESS
    assert "1e+09 seconds between two requests" in said
    assert "max_crawl_delay_seconds cuts it to 0.1" in said
    assert "the 3 pages take about 0 seconds" in said


def test_a_long_pause_is_said_before_it_is_kept(site: Site, instance: dg.DagsterInstance):
    """The crawl is stopped as soon as it has said so: it would take a month."""
    site.write(last_page=30)
    site.shop.control(robots_txt="User-agent: *\nCrawl-delay: 86400\n")

    class _Stopper(Observer):
        def slowed_down(self, reason: str) -> None:
            reasons.append(reason)
            os.kill(os.getpid(), signal.SIGINT)

    reasons: list[str] = []
    ended = crawl_here(
        instance,
        site.catalogue,
        list(site.catalogue.pages),
        None,
        crawl_context=CrawlContext(observer=_Stopper()),
    )
    assert ended.was_interrupted
    (reason,) = reasons
    assert "asks for 86400 seconds between two requests" in reason
    assert "politeness.max_crawl_delay_seconds caps it" in reason
    assert "the 30 pages take about 30 days" in reason
    assert _asked(site) == ["/robots.txt"]


def test_a_pause_that_the_catalogue_keeps_anyway_is_not_mentioned(
    site: Site, instance: dg.DagsterInstance
):
    site.write(last_page=2, politeness={"requests_per_second": 5})
    site.shop.control(robots_txt="User-agent: *\nCrawl-delay: 0.2\n")
    assert _crawl(site, instance)[1] == ""


_SECRET_HOST = "User-agent: *\nDisallow: /products?page=3$\n"


def _is_asked_first(server: RawServer) -> bool:
    return server.heads[0].startswith("GET /robots.txt ") and (
        sum(head.startswith("GET /robots.txt ") for head in server.heads) == 1
    )


def test_a_host_of_an_absolute_page_url_is_asked_for_its_own_robots_txt(
    site: Site, instance: dg.DagsterInstance
):
    with _mirror(site, _SECRET_HOST) as mirror:
        site.write(last_page=3, page_url=f"{mirror.url}/products?page={{page}}")
        _crawl(site, instance)
        assert _is_asked_first(mirror)
        assert not any("page=3" in head for head in mirror.heads)
    assert read_failures(instance, site.catalogue, keys(1, 2, 3))[PageKey(3)].kind == "robots"
    assert "/robots.txt" not in _asked(site)


def test_a_host_that_a_redirect_leads_to_is_asked_before_the_redirect_is_followed(
    site: Site, instance: dg.DagsterInstance
):
    with _mirror(site, _SECRET_HOST) as mirror, raw_server(_sends_to(mirror.url)) as front:
        site.write(
            last_page=3,
            base_url=front.url,
            limits={"redirect_hosts": [f"127.0.0.1:{mirror.port}"]},
        )
        _crawl(site, instance)
        assert _is_asked_first(front)
        assert _is_asked_first(mirror)
        assert not any("page=3" in head for head in mirror.heads)
    assert read_statuses(instance, site.catalogue, keys(1, 2, 3)).done == set(keys(1, 2))
    assert read_failures(instance, site.catalogue, keys(1, 2, 3))[PageKey(3)].kind == "robots"


def _mirror(site: Site, robots: str) -> AbstractContextManager[RawServer]:
    """A server of the shop's pages with a robots.txt of its own."""

    def script(visit: Visit) -> None:
        if visit.path == "/robots.txt":
            visit.send(page(robots.encode()))
        else:
            body = requests.get(site.shop.url + visit.path, timeout=PATIENCE_SECONDS).content
            visit.send(page(body))

    return raw_server(script)


def _sends_to(url: str) -> Script:
    def script(visit: Visit) -> None:
        if visit.path == "/robots.txt":
            visit.send(page(b"", status="404 Not Found"))
        else:
            visit.send(page(b"", f"Location: {url}{visit.path}", status="302 Found"))

    return script
