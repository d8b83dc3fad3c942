"""Listings that the site names, from a page with links to the table, by the command."""

import pandas as pd
import pytest
from dagster import DagsterInstance

from catalog_pipeline.orchestration.names import (
    DISCOVER_PARTITION,
    RANGE_END_TAG,
    RANGE_START_TAG,
    found_pages_name,
    pages_key,
)
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.made_runs import create_run, execute
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import written_site

pytestmark = pytest.mark.processes

DISCOVER = {"page": "/", "select": "main li a", "pattern": r"category=([a-z-]+)", "shrink": "60%"}
OPEN = {"kind": "open", "shrink": "100%"}
PAGE_URL = "/products?category={listing}&page={page}"
CATEGORIES = ["bags", "kitchen-mugs", "sport"]


def _partitions(instance: DagsterInstance, site: Site) -> list[str]:
    return list(instance.get_dynamic_partitions(found_pages_name(site.catalogue)))


def _keys(**lasts: int) -> list[str]:
    return [f"{name}-{page}" for name, last in lasts.items() for page in range(1, last + 1)]


def test_listings_that_a_page_names_are_crawled_and_a_refresh_finds_new_ones_and_drops_gone_ones(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=12, categories=CATEGORIES)
    site.write(discover=DISCOVER, page_url=PAGE_URL, pages=OPEN)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["problems"], answer.json["length"]) == (0, [], [])
    assert _partitions(instance, site) == _keys(bags=2, kitchen_mugs=2, sport=2)
    table = pd.read_parquet(site.places.table)
    assert answer.json["rows"] == len(table) == 72
    assert set(table["listing"]) == {"bags", "kitchen_mugs", "sport"}
    assert run("run", NAME, "--json").json["run_id"] is None, "nothing is due"
    alone = run("run", NAME, "--refresh", "--pages", "kitchen_mugs-2", "--json")
    assert (alone.code, alone.json["selected"]) == (0, 1)

    site.shop.control(categories=["bags", "garden", "kitchen-mugs"])
    changed = run("run", NAME, "--refresh", "--json")
    assert (changed.code, changed.json["problems"]) == (0, [])
    assert _partitions(instance, site) == _keys(bags=2, garden=2, kitchen_mugs=2)
    assert set(pd.read_parquet(site.places.table)["listing"]) == {"bags", "garden", "kitchen_mugs"}
    site.shop.control(categories=[*CATEGORIES, "garden"])
    again = run("run", NAME, "--refresh", "--json")
    assert (again.code, again.json["rows"]) == (0, 96), "what has come again is asked for again"
    (told,) = run("status", NAME, "--json").json
    assert (told["done"], told["outside_pages"], told["length"]) == (8, "", [])


def test_a_refresh_whose_page_names_nothing_or_too_little_drops_nothing_and_goes_on_with_the_known(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=12, categories=CATEGORIES)
    site.write(discover=DISCOVER, page_url=PAGE_URL, pages=OPEN)
    assert run("run", NAME, "--json").code == 0
    for categories, said in (([], "finds no link on the page"), (["bags"], "more than discover.")):
        site.shop.control(categories=categories)
        answer = run("run", NAME, "--refresh", "--json")
        assert answer.code == 1
        assert said in answer.json["problems"][0]
        (told,) = run("status", NAME, "--json").json
        assert said in told["length"][0]
        assert _partitions(instance, site) == _keys(bags=2, kitchen_mugs=2, sport=2)
    site.shop.control(categories=CATEGORIES)
    plain = run("run", NAME, "--json")
    assert (plain.code, plain.json["run_id"] is not None) == (0, True), "it is asked again"
    assert (plain.json["done"], plain.json["rows"]) == (6, 72)
    assert run("run", NAME, "--json").json["run_id"] is None


def test_one_click_on_what_stands_for_all_listings_finds_and_crawls_them(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=12, categories=["bags", "sport"])
    catalogue = site.write(discover=DISCOVER, page_url=PAGE_URL, pages=OPEN)
    assert run("status", NAME).code == 0
    instance.add_dynamic_partitions(found_pages_name(catalogue), [DISCOVER_PARTITION])
    first = execute(
        instance, catalogue, create_run(instance, catalogue, DISCOVER_PARTITION, DISCOVER_PARTITION)
    )
    assert first.is_success
    assert _partitions(instance, site) == _keys(bags=2, sport=2)
    assert instance.get_materialized_partitions(pages_key(catalogue)) == set(_keys(bags=2, sport=2))
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["run_id"], answer.json["rows"]) == (0, None, 48)
    ends = [first.tags[tag] for tag in (RANGE_START_TAG, RANGE_END_TAG)]
    again = create_run(instance, catalogue, *ends, retry_of=first)
    assert execute(instance, catalogue, again).is_success, "what stood for all is there no more"
    asked = [path for _, path, status in site.shop.log() if status == 200]
    assert [asked.count(path) for path in ("/", "/products?category=bags&page=1")] == [1, 1]


def test_a_retry_of_a_run_that_discovers_takes_what_the_run_did_not_come_to(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=12, categories=["bags"])
    catalogue = site.write(discover=DISCOVER, page_url=PAGE_URL, pages=OPEN)
    assert run("run", NAME).code == 0
    site.shop.control(categories=["bags", "garden", "sport"])
    # It may ask for the listings, and for no page of them.
    site.shop.control(robots_txt="User-agent: *\nDisallow: /products\n")
    first = execute(instance, catalogue, create_run(instance, catalogue, "bags-1", "bags-2"))
    assert not first.is_success
    assert {"garden-1", "sport-1"} <= set(_partitions(instance, site))
    site.shop.control(robots_txt=None)
    retry = create_run(instance, catalogue, "bags-1", "bags-2", retry_of=first)
    assert execute(instance, catalogue, retry).is_success
    assert _partitions(instance, site) == _keys(bags=2, garden=2, sport=2)
    assert run("run", NAME, "--json").json["run_id"] is None


def test_a_site_that_names_no_listing_is_a_failure_of_what_stands_for_all(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(categories=[])
    catalogue = site.write(discover=DISCOVER, page_url=PAGE_URL, pages=OPEN)
    answer = run("run", NAME, "--json")
    assert answer.code == 1
    assert "the listings could not be discovered" in answer.json["crawl_error"]
    assert _partitions(instance, site) == [DISCOVER_PARTITION]
    clicked = execute(
        instance, catalogue, create_run(instance, catalogue, DISCOVER_PARTITION, DISCOVER_PARTITION)
    )
    assert not clicked.is_success
    assert run("run", NAME, "--pages", "bags").code == 2
    assert run("status", NAME).code == 0


@pytest.mark.parametrize("kind", ["fixed", "told", "linked", "one page"])
def test_each_kind_of_length_holds_for_discovered_listings(
    kind: str, site: Site, run: Run, instance: DagsterInstance
):
    lasts = {"mugs": 2, "shoes": 1}
    with written_site() as shop:
        shop.bodies["/"] = "".join(f"<nav><a href='/c/{n}/#top'>{n}</a></nav>" for n in lasts)
        for name, last in lasts.items():
            for page in range(1, last + 1):
                following = f"<a rel=next href='/c/{name}/?page={page + 1}'>" if page < last else ""
                body = f"<em>{last}</em><ul><li><b>{name}{page}</b></ul>{following}"
                shop.bodies[f"/c/{name}/?page={page}"] = body
                if page == 1:
                    shop.bodies[f"/c/{name}/"] = body
        template = "{listing_url}?page={page}"
        rules: dict[str, dict[str, object]] = {
            "fixed": {"last_page": 1, "page_url": template},
            "told": {"pages": {"kind": "told", "last": {"select": "em"}}, "page_url": template},
            "linked": {"pages": {"kind": "linked", "next": {"select": "a[rel=next]"}}},
            "one page": {},
        }
        discover = {"page": "/", "select": "nav a"}
        given = {"last_page": None, "page_url": [], "discover": discover, **rules[kind]}
        shop.describe(site, {}, **given)
        answer = run("run", NAME, "--json")
        assert (answer.code, answer.json["problems"]) == (0, [])
        said = ["the listing goes on: page mugs-1"] if kind == "fixed" else []
        assert [each.partition(", its last one")[0] for each in answer.json["length"]] == said
        finds = kind in ("told", "linked")
        assert _partitions(instance, site) == _keys(mugs=2 if finds else 1, shoes=1)
        assert answer.json["rows"] == (3 if finds else 2)
        assert run("run", NAME, "--json").json["run_id"] is None
        assert run("run", NAME, "--refresh", "--json").code == 0
        alone = run("run", NAME, "--refresh", "--pages", "mugs", "--json")
        assert (alone.code, alone.json["failed"]) == (0, 0)


def test_listings_of_a_compressed_sitemap_are_crawled_and_shown(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=12, categories=["bags", "sport"])
    discover = {"sitemap": "/sitemap_index.xml", "pattern": r"\?category=([a-z-]+)$"}
    site.write(discover=discover, page_url="{listing_url}&page={page}", pages="open")
    shown = run("try", NAME)
    assert "names 2 listings" in shown.out
    assert "254 other addresses are none, such as /, /deals, /products?page=1" in shown.out
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["rows"]) == (0, 48)
    assert _partitions(instance, site) == _keys(bags=2, sport=2)


def test_try_shows_what_was_discovered_and_then_a_page_of_it(site: Site, run: Run):
    site.shop.control(pages=12, categories=CATEGORIES)
    site.write(discover=DISCOVER, page_url=PAGE_URL, pages=OPEN)
    shown = run("try", NAME)
    assert shown.code == 0
    assert "names 3 listings" in shown.out
    assert "kitchen_mugs" in shown.out
    assert "?category=bags&page=1: 20 products" in shown.out
    assert "category=kitchen-mugs&page=2: 4" in run("try", NAME, "--page", "kitchen_mugs-2").out
    assert run("try", NAME, "--page", "nothing-2").code == 2
    assert run("list").code == 0
    site.shop.control(categories=[])
    refused = run("try", NAME)
    assert refused.code == 1
    assert "main li a finds no link on the page" in refused.err
