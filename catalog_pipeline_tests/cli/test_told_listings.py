"""Listings whose first page tells how long they are, by `run`, `status` and `try`."""

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

SIZE = {"select": ".listing-size"}
LAST = {**SIZE, "pattern": r"on ([\d,]+) pages"}
TOLD = {"kind": "told", "last": LAST}


@pytest.mark.parametrize(
    "last",
    [
        {"header": "X-Total-Pages"},
        {"total": {**SIZE, "pattern": "([0-9,]+) products"}, "per_page": 20},
    ],
)
def test_each_way_to_tell_it_gives_the_pages_of_the_shop_and_no_other(
    site: Site, run: Run, instance: DagsterInstance, last: dict[str, Any]
):
    catalogue = site.write(pages={"kind": "told", "last": last})
    site.shop.control(pages=7, tells_size=True)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["problems"], answer.json["length"]) == (0, [], [])
    assert (answer.json["done"], answer.json["failed"], answer.json["rows"]) == (7, 0, 140)
    assert answer.json["length_from"].startswith("page 1 tells it: ")
    assert found_pages(instance, catalogue) == tuple(keys(*range(1, 8)))
    assert set(pd.read_parquet(site.places.table)["page"]) == set(range(1, 8))
    assert site.downloads() == dict.fromkeys(range(1, 8), 1), "nothing beyond the last page"

    site.shop.control(reset_hits=True)
    again = run("run", NAME, "--json")
    assert (again.code, again.json["run_id"], site.shop.log()) == (0, None, [])


@pytest.mark.parametrize(
    ("last", "sentence"),
    [
        (
            {"total": {**SIZE, "pattern": "([0-9,]+) products"}, "per_page": 25},
            "seems to go on: page 1 tells of 140 products, and its pages show 120, no more than "
            "20 each; if so, give pages.last.per_page: 20",
        ),
        (
            {"total": {**SIZE, "pattern": "([0-9,]+) products"}, "per_page": 140},
            "page 1 tells of 140 products, and its pages show 20, no more than 20 each",
        ),
        (
            {**SIZE, "pattern": r"([1])40 products"},
            "the catalogue goes on: page 1, its last one, links to page 2",
        ),
    ],
)
def test_a_last_page_that_is_told_too_low_is_told(
    site: Site, run: Run, last: dict[str, Any], sentence: str
):
    site.write(pages={"kind": "told", "last": last})
    site.shop.control(pages=7, tells_size=True)
    answer = run("run", NAME, "--json")
    assert answer.code == 0
    assert sentence in answer.json["length"][0]
    assert sentence[-30:] in run("status", NAME).out.replace("\n", " ")
    site.write(pages=TOLD)
    mended = run("run", NAME, "--json")
    assert (mended.json["done"], mended.json["length"]) == (7, [])


def test_a_length_that_cannot_be_told_fails_the_crawl_with_what_is_there(site: Site, run: Run):
    site.write(pages={"kind": "told", "last": {**SIZE, "pattern": "[0-9]+"}})
    site.shop.control(pages=7, tells_size=True)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["failed"]) == (1, 1, 0)
    (problem,) = answer.json["problems"]
    assert problem.startswith("the length of the listing is not known: page 1 http")
    assert "[pages.last .listing-size]: it gives 2 different numbers ('140', '7')" in problem
    site.write(pages=TOLD)
    mended = run("run", NAME, "--json")
    assert (mended.code, mended.json["done"]) == (0, 7)
    assert site.downloads()[1] == 1, "the stored page tells it"


@pytest.mark.parametrize("fault", ["block", "404"])
def test_one_page_that_fails_is_a_failure_and_is_resumed_alone(site: Site, run: Run, fault: str):
    site.write(pages=TOLD, politeness={"max_attempts": 2})
    site.shop.control(pages=8, tells_size=True, faults=[f"5={fault}"])
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["failed_pages"]) == (1, 7, "5")
    site.shop.control(faults=[], reset_hits=True)
    resumed = run("run", NAME, "--json")
    assert (resumed.code, resumed.json["done"]) == (0, 8)
    assert site.downloads() == {5: 1}


def test_the_last_page_failing_is_a_failure_after_the_first_was_asked_again(site: Site, run: Run):
    site.write(pages=TOLD, politeness={"max_attempts": 1})
    site.shop.control(pages=8, tells_size=True, faults=["8=404"])
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["failed_pages"]) == (1, 7, "8")
    site.shop.control(faults=[], reset_hits=True)
    resumed = run("run", NAME, "--json")
    assert (resumed.code, resumed.json["done"]) == (0, 8)
    assert site.downloads() == {8: 1}


def test_a_page_that_goes_while_a_resume_asks_for_it_leaves_with_that_crawl(site: Site, run: Run):
    site.write(pages=TOLD)
    site.shop.control(pages=8, tells_size=True, faults=["8=503"])
    run("run", NAME)
    site.shop.control(faults=[], pages=7)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["rows"]) == (0, 7, 140)


def test_a_blocked_first_page_is_no_length(site: Site, run: Run, instance: DagsterInstance):
    catalogue = site.write(pages=TOLD)
    site.shop.control(pages=6, tells_size=True)
    run("run", NAME)
    site.shop.control(faults=["1=block"])
    answer = run("run", NAME, "--refresh", "--json")
    assert (answer.code, answer.json["done"], answer.json["failed_pages"]) == (1, 5, "1")
    assert found_pages(instance, catalogue) == tuple(keys(*range(1, 7)))
    assert "could not be had" in answer.json["problems"][0]


def test_status_and_try_say_where_the_length_comes_from(site: Site, run: Run):
    site.write(pages=TOLD)
    site.shop.control(pages=3, tells_size=True)
    tried = run("try", NAME)
    assert "pages: page 3 is the last one (.listing-size = 3)" in tried.out
    run("run", NAME)
    assert "length: page 1 tells it: .listing-size = 3" in run("status", NAME).out
    summary = run("run", NAME, "--refresh").out
    assert "length: page 1 tells it: .listing-size = 3" in summary
    site.write(pages={"kind": "told", "last": {"select": ".nothing"}})
    assert "pages: " in run("try", NAME).out
