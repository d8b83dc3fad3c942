"""Several listings of which nobody says how long they are, or not of all, by the command."""

import pandas as pd
import pytest
from dagster import DagsterInstance

from catalog_pipeline.orchestration.names import found_pages_name
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

OPEN = {"kind": "open", "shrink": "100%"}
LISTINGS = {
    "all": {"page_url": "/products?page={page}"},
    "bags": {"page_url": "/products?category=bags&page={page}"},
    "deals": {"page_url": "/products?category=sport", "last_page": 1},
}


def _partitions(instance: DagsterInstance, site: Site) -> list[str]:
    return list(instance.get_dynamic_partitions(found_pages_name(site.catalogue)))


def _keys(**lasts: int) -> list[str]:
    return [f"{name}-{page}" for name, last in lasts.items() for page in range(1, last + 1)]


def test_pages_of_all_listings_are_found_in_the_order_of_their_keys_and_ends_are_confirmed(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=12)
    site.write(listings=LISTINGS, pages=OPEN)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["problems"], answer.json["length"]) == (0, [], [])
    assert "page all-13: status 404; page all-14: status 404" in answer.json["length_from"]
    assert "page bags-3: " in answer.json["length_from"]
    assert _partitions(instance, site) == _keys(all=12, bags=2, deals=1)
    assert (answer.json["done"], answer.json["rows"]) == (15, 240)
    listings = pd.read_parquet(site.places.table)["listings"].map(tuple)
    assert set(listings) == {("all",), ("all", "bags"), ("all", "deals")}
    again = run("run", NAME, "--json")
    assert (again.code, again.json["run_id"]) == (0, None)

    site.shop.control(pages=22)
    grown = run("run", NAME, "--refresh", "--json")
    assert (grown.code, grown.json["rows"]) == (0, 440)
    assert _partitions(instance, site) == _keys(all=22, bags=3, deals=1)
    site.shop.control(pages=5)
    shrunk = run("run", NAME, "--refresh", "--json")
    assert (shrunk.code, shrunk.json["rows"]) == (0, 100)
    assert _partitions(instance, site) == _keys(all=5, bags=1, deals=1)


def test_a_block_in_one_listing_ends_none_and_the_next_run_goes_on_there_alone(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=12, faults=["8=503"])
    site.write(listings=LISTINGS, pages=OPEN, politeness={"max_attempts": 1})
    answer = run("run", NAME, "--json")
    assert answer.code == 1
    assert answer.json["failed_pages"] == "all-8"
    assert answer.json["done"] == 14
    site.shop.control(faults=[], reset_hits=True)
    again = run("run", NAME, "--json")
    assert (again.code, again.json["done"], again.json["rows"]) == (0, 15, 240)
    assert _partitions(instance, site) == _keys(all=12, bags=2, deals=1)
    assert set(site.downloads()) == {8}


def test_a_block_beyond_the_pages_that_are_known_is_a_problem_of_its_listing(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=3, faults=["4=503", "5=503"])
    site.write(listings=LISTINGS, pages=OPEN, politeness={"max_attempts": 1})
    answer = run("run", NAME, "--json")
    assert answer.code == 1
    (problem,) = answer.json["problems"]
    assert problem.startswith("all: the end of the listing was not found")
    assert _partitions(instance, site) == _keys(all=3, bags=1, deals=1)
    site.shop.control(faults=[])
    again = run("run", NAME, "--json")
    assert (again.code, again.json["problems"]) == (0, [])


def test_linked_and_told_listings_stand_beside_each_other(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=12, tells_size=True)
    linked = {"kind": "linked", "next": {"select": "a[rel=next]"}}
    told = {"kind": "told", "last": {"select": ".listing-size", "pattern": r"on (\d+) pages"}}
    listings = {
        "all": {"page_url": "/products?page={page}", "pages": told},
        "bags": {"page_url": "/products?category=bags&page={page}", "pages": linked},
        "sport": {"page_url": "/products?category=sport&page={page}", "pages": OPEN},
    }
    site.write(listings=listings)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["problems"], answer.json["length"]) == (0, [], [])
    assert _partitions(instance, site) == _keys(all=12, bags=2, sport=2)
    assert (answer.json["done"], answer.json["rows"]) == (16, 240)
    refreshed = run("run", NAME, "--refresh", "--json")
    assert (refreshed.code, refreshed.json["done"], refreshed.json["rows"]) == (0, 16, 240)
    assert run("run", NAME, "--json").json["run_id"] is None
    some = run("run", NAME, "--refresh", "--pages", "bags", "--json")
    assert (some.code, some.json["selected"]) == (0, 2)
    assert run("try", NAME, "--page", "sport-2").code == 0


def test_a_listing_that_the_yaml_names_no_more_leaves_and_may_come_again(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=3)
    site.write(listings=LISTINGS, pages=OPEN)
    assert run("run", NAME, "--json").json["rows"] == 60
    site.write(listings={"bags": LISTINGS["bags"]}, pages=OPEN)
    fewer = run("run", NAME, "--json")
    assert (fewer.code, fewer.json["rows"]) == (0, 6)
    assert _partitions(instance, site) == _keys(bags=1)
    site.write(page_url="/products?page={page}", pages=OPEN)
    plain = run("run", NAME, "--json")
    assert (plain.code, plain.json["rows"], plain.json["done"]) == (0, 60, 3)
    site.write(listings=LISTINGS, pages=OPEN)
    named = run("run", NAME, "--json")
    assert (named.code, named.json["rows"], named.json["done"]) == (0, 60, 5)


def test_a_listing_that_the_yaml_names_no_more_leaves_the_table_with_the_next_run(
    site: Site, run: Run
):
    site.shop.control(pages=12)
    site.write(listings=LISTINGS, pages=OPEN)
    run("run", NAME)
    site.write(listings={name: LISTINGS[name] for name in ("all", "deals")}, pages=OPEN)
    (told,) = run("status", NAME, "--json").json
    assert (told["outside_pages"], told["outside_in_table"]) == ("bags-1-2", True)
    assert run("run", NAME).code == 0
    (told,) = run("status", NAME, "--json").json
    assert (told["outside_pages"], told["outside_in_table"]) == ("bags-1-2", False)
    listings = pd.read_parquet(site.places.table)["listings"].map(tuple)
    assert set(listings) == {("all",), ("all", "deals")}
