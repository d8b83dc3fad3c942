"""Listings whose pages lead from one to the next, by `run`, `status` and `try`."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from dagster import DagsterInstance

from catalog_pipeline.orchestration.checkpoints.known_pages import found_pages
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

LINKED = {"kind": "linked", "next": {"select": "a[rel=next]"}}


@pytest.mark.parametrize("rule", [{"select": "a[rel=next]"}, {"header": "link"}])
def test_pages_that_lead_to_each_other_are_found_in_their_order(
    site: Site, run: Run, instance: DagsterInstance, rule: dict[str, Any]
):
    catalogue = site.write(pages={"kind": "linked", "next": rule}, page_url="/products")
    site.shop.control(pages=7, tells_size=True)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["problems"], answer.json["length"]) == (0, [], [])
    assert (answer.json["done"], answer.json["failed"], answer.json["rows"]) == (7, 0, 140)
    assert answer.json["length_from"].startswith("page 7 tells of no page after it")
    assert found_pages(instance, catalogue) == tuple(keys(*range(1, 8)))
    table = pd.read_parquet(site.places.table)
    assert list(table.groupby("page")["product_id"].min()) == list(range(1, 140, 20))
    assert [path for _, path, _ in site.shop.log() if "robots" not in path] == [
        "/products", *(f"/products?page={page}" for page in range(2, 8)),
    ]  # fmt: skip

    site.shop.control(reset_hits=True)
    again = run("run", NAME, "--json")
    assert (again.code, again.json["run_id"], site.shop.log()) == (0, None, [])


def test_a_refresh_finds_new_pages_and_drops_those_that_are_gone(
    site: Site, run: Run, instance: DagsterInstance
):
    catalogue = site.write(pages=LINKED)
    site.shop.control(pages=6)
    run("run", NAME)
    site.shop.control(pages=8)
    grown = run("run", NAME, "--refresh", "--json")
    assert (grown.code, grown.json["done"], grown.json["rows"]) == (0, 8, 160)
    site.shop.control(pages=7)
    shrunk = run("run", NAME, "--refresh", "--json")
    assert (shrunk.code, shrunk.json["done"], shrunk.json["rows"]) == (0, 7, 140)
    assert found_pages(instance, catalogue) == tuple(keys(*range(1, 8)))
    site.shop.control(pages=3)
    refused = run("run", NAME, "--refresh", "--json")
    assert (refused.code, refused.json["done"], refused.json["rows"]) == (1, 7, 140)
    assert "pages 4-7 to be gone: 4 of 7" in refused.json["problems"][0]
    again = run("run", NAME, "--json")
    assert (again.code, again.json["problems"]) == (1, refused.json["problems"])
    site.shop.control(pages=7)
    assert run("run", NAME, "--json").code == 0


@pytest.mark.parametrize("fault", ["block", "503", "empty"])
def test_a_page_that_fails_ends_nothing_and_the_crawl_goes_on_from_it(
    site: Site, run: Run, fault: str
):
    site.write(pages=LINKED, politeness={"max_attempts": 1})
    site.shop.control(pages=8, faults=[f"5={fault}"])
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["failed_pages"]) == (1, 4, "5")
    site.shop.control(faults=[], reset_hits=True)
    resumed = run("run", NAME, "--json")
    assert (resumed.code, resumed.json["done"], resumed.json["rows"]) == (0, 8, 160)
    assert site.downloads() == dict.fromkeys(range(5, 9), 1)


def test_a_page_that_fails_in_a_refresh_is_passed_by_what_it_told_before(site: Site, run: Run):
    site.write(pages=LINKED, politeness={"max_attempts": 1})
    site.shop.control(pages=6)
    run("run", NAME)
    site.shop.control(faults=["3=503"], reset_hits=True)
    answer = run("run", NAME, "--refresh", "--json")
    assert (answer.code, answer.json["done"], answer.json["failed_pages"]) == (1, 5, "3")
    site.shop.control(faults=[], reset_hits=True)
    resumed = run("run", NAME, "--json")
    assert (resumed.code, resumed.json["done"], site.shop.hits()["not_modified"]) == (
        0, 6, {"3": 1},
    )  # fmt: skip


def test_one_page_is_refreshed_alone_at_the_address_that_is_recorded(site: Site, run: Run):
    site.write(pages=LINKED)
    site.shop.control(pages=6)
    run("run", NAME)
    site.shop.control(reset_hits=True)
    answer = run("run", NAME, "--pages", "4", "--refresh", "--json")
    assert (answer.code, answer.json["done"]) == (0, 1)
    assert [path for _, path, _ in site.shop.log() if "page=" in path] == ["/products?page=4"]


def test_pages_that_lead_back_to_one_before_fail_the_crawl(site: Site, run: Run):
    site.write(pages={"kind": "linked", "next": {"select": "a[rel=prev], a[rel=next]"}})
    site.shop.control(pages=5)
    both = run("run", NAME, "--json")
    assert (both.code, both.json["done"]) == (1, 2)
    assert "page 2 http" in both.json["problems"][0]
    assert "it leads to 2 different pages" in both.json["problems"][0]
    site.write(pages={"kind": "linked", "next": {"select": ["a[rel=prev]", "a[rel=next]"]}})
    circle = run("run", NAME, "--json")
    assert circle.code == 1
    assert "page 2 leads back to page 1 (/products?page=1)" in circle.json["problems"][0]


def test_pages_without_end_fail_at_the_most_that_are_allowed(site: Site, run: Run):
    site.write(pages={**LINKED, "at_most": 4})
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"]) == (1, 4)
    assert "more pages than at_most (4)" in answer.json["problems"][0]


def test_status_and_try_say_where_the_length_comes_from(site: Site, run: Run):
    site.write(pages=LINKED)
    site.shop.control(pages=2)
    assert f"pages: the next one is {site.shop.url}/products?page=2" in run("try", NAME).out
    assert run("try", NAME, "--page", "2").code == 2
    run("run", NAME)
    assert "length: page 2 tells of no page after it" in run("status", NAME).out
    assert "pages: no page follows this one" in run("try", NAME, "--stored", "2").out


def test_a_first_page_that_leads_to_no_other_is_told(site: Site, run: Run):
    site.write(pages={"kind": "linked", "next": {"select": "a.misspelt"}})
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"]) == (0, 1)
    (verdict,) = answer.json["length"]
    assert "page 1 leads to no other" in verdict
