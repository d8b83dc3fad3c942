"""robots.txt in a real crawl: what it forbids, how slowly it wants to be crawled."""

import dagster as dg

from catalog_pipeline.orchestration.checkpoints.reader import read_failures, read_statuses
from catalog_pipeline.orchestration.commands.in_process import crawl_here
from catalog_pipeline_tests.site import NAME, Site

DISALLOW_TWO = "User-agent: *\nDisallow: /products?page=2$\n"


def _asked(site: Site) -> list[str]:
    return [path for _, path, _ in site.shop.log()]


def test_robots_txt_is_asked_for_once_and_before_the_first_page(
    site: Site, instance: dg.DagsterInstance
):
    crawl_here(instance, site.catalogue, [1, 2, 3], None)
    assert _asked(site)[0] == "/robots.txt"
    assert _asked(site).count("/robots.txt") == 1


def test_a_forbidden_page_is_a_failure_that_says_so_and_is_never_asked_for(
    site: Site, instance: dg.DagsterInstance
):
    catalogue = site.write(last_page=3)
    site.shop.control(robots_txt=DISALLOW_TWO)
    crawl_here(instance, catalogue, [1, 2, 3], None)
    assert read_statuses(instance, NAME, [1, 2, 3]).done == {1, 3}
    failure = read_failures(instance, NAME, [2])[2]
    assert failure.kind == "robots"
    assert "robots.txt" in failure.message
    assert "/products?page=2" not in _asked(site)


def test_a_catalogue_may_opt_out(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=2, politeness={"obey_robots": False})
    site.shop.control(robots_txt=DISALLOW_TWO)
    crawl_here(instance, catalogue, [1, 2], None)
    assert read_statuses(instance, NAME, [1, 2]).done == {1, 2}
    assert "/robots.txt" not in _asked(site)


def test_a_crawl_delay_spaces_the_requests(site: Site, instance: dg.DagsterInstance):
    catalogue = site.write(last_page=8)
    site.shop.control(robots_txt="User-agent: *\nCrawl-delay: 0.3\n")
    crawl_here(instance, catalogue, list(catalogue.pages), None)
    robots, *times = [when for when, _, _ in site.shop.log()]
    assert all(when >= robots + 0.3 * k for k, when in enumerate(times))
