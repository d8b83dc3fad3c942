"""Listings that grow and shrink, of which nobody says the length or the first page tells it."""

from __future__ import annotations

from typing import Any

import pytest
from dagster import DagsterInstance

from catalog_pipeline.orchestration.checkpoints.known_pages import found_pages
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = [
    pytest.mark.processes,
    pytest.mark.parametrize(
        "length",
        [
            {"kind": "open"},
            {
                "kind": "told",
                "last": {"select": ".listing-size", "pattern": r"on ([\d,]+) pages"},
            },
        ],
        ids=["open", "told"],
    ),
]


def test_a_refresh_finds_new_pages_and_drops_those_that_are_gone(
    site: Site, run: Run, instance: DagsterInstance, length: dict[str, Any]
):
    catalogue = site.write(pages=length)
    site.shop.control(pages=6, tells_size=True)
    run("run", NAME)
    site.shop.control(pages=9)
    grown = run("run", NAME, "--refresh", "--json")
    assert (grown.code, grown.json["done"], grown.json["rows"]) == (0, 9, 180)
    site.shop.control(pages=8)
    shrunk = run("run", NAME, "--refresh", "--json")
    assert (shrunk.code, shrunk.json["done"], shrunk.json["rows"]) == (0, 8, 160)
    assert found_pages(instance, catalogue) == tuple(keys(*range(1, 9)))
    site.shop.control(pages=9, reset_hits=True)
    back = run("run", NAME, "--refresh", "--json")
    assert (back.code, back.json["done"]) == (0, 9)
    assert site.downloads()[9] == 1, "nothing that is left of it makes it done"


@pytest.mark.parametrize("end", ["404", "empty"])
def test_more_pages_than_shrink_allows_stay_and_the_crawl_fails(
    site: Site, run: Run, instance: DagsterInstance, length: dict[str, Any], end: str
):
    catalogue = site.write(pages=length)
    site.shop.control(pages=6, tells_size=True)
    run("run", NAME)
    site.shop.control(pages=3, end=end)
    answer = run("run", NAME, "--refresh", "--json")
    assert (answer.code, answer.json["done"], answer.json["rows"]) == (1, 6, 120)
    (problem,) = answer.json["problems"]
    assert "seems to end at page 3 now, and pages 4-6 to be gone: 3 of 6" in problem
    assert found_pages(instance, catalogue) == tuple(keys(*range(1, 7)))
    site.write(pages={**length, "shrink": 0.5})
    allowed = run("run", NAME, "--refresh", "--json")
    assert (allowed.code, allowed.json["done"], allowed.json["rows"]) == (0, 3, 60)
