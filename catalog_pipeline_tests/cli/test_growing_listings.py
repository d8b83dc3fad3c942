"""Listings that grow and shrink, of which nobody says the length or the first page tells it."""

from __future__ import annotations

from typing import Any

import pytest
from dagster import DagsterInstance

from catalog_pipeline.orchestration.checkpoints.known_pages import found_pages
from catalog_pipeline.orchestration.names import found_pages_name
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
    for _ in range(2):
        again = run("run", NAME, "--json")
        assert (again.code, again.json["problems"]) == (1, [problem]), "it has not been settled"
    assert found_pages(instance, catalogue) == tuple(keys(*range(1, 7)))
    site.shop.control(pages=6, reset_hits=True)
    back = run("run", NAME, "--json")
    assert (back.code, back.json["done"], back.json["rows"]) == (0, 6, 120)
    site.shop.control(reset_hits=True)
    assert run("run", NAME, "--json").code == 0
    assert site.downloads() == {}, "what has come is not in doubt any more"
    site.shop.control(pages=3, end=end)
    assert run("run", NAME, "--refresh").code == 1
    site.write(pages={**length, "shrink": 0.5})
    allowed = run("run", NAME, "--refresh", "--json")
    assert (allowed.code, allowed.json["done"], allowed.json["rows"]) == (0, 3, 60)


def test_pages_before_the_first_one_come_when_the_yaml_says_so_and_go_again(
    site: Site, run: Run, instance: DagsterInstance, length: dict[str, Any]
):
    site.shop.control(pages=6, tells_size=True)
    catalogue = site.write(pages=length, first_page=3)
    assert run("run", NAME, "--json").json["done"] == 4
    catalogue = site.write(pages=length, first_page=1)
    assert run("status", NAME, "--json").json[0]["missing"] == 2
    site.shop.control(reset_hits=True)
    lowered = run("run", NAME, "--json")
    assert (lowered.code, lowered.json["done"], lowered.json["rows"]) == (0, 6, 120)
    assert site.downloads()[1] == site.downloads()[2] == 1
    assert found_pages(instance, catalogue) == tuple(keys(*range(1, 7)))
    catalogue = site.write(pages=length, first_page=3)
    raised = run("run", NAME, "--json")
    assert (raised.code, raised.json["done"], raised.json["rows"]) == (0, 4, 80)
    assert "2 pages outside of the catalogue: 1-2" in run("status", NAME).out
    assert found_pages(instance, catalogue) == tuple(keys(*range(3, 7)))


@pytest.mark.parametrize("gone", [["3"], ["2", "3", "4", "5"]], ids=["one", "most"])
def test_partitions_that_are_deleted_from_amidst_lose_no_row(
    site: Site, run: Run, instance: DagsterInstance, length: dict[str, Any], gone: list[str]
):
    catalogue = site.write(pages=length, history={"absent_after": 1})
    site.shop.control(pages=6, tells_size=True)
    run("run", NAME)
    name = found_pages_name(catalogue)
    for page in gone:
        instance.delete_dynamic_partition(name, page)
    site.shop.control(reset_hits=True)
    for count, options in enumerate(([], ["--refresh"], ["--refresh"])):
        answer = run("run", NAME, *options, "--json")
        assert (answer.code, answer.json["done"], answer.json["rows"]) == (0, 6, 120)
        assert instance.get_dynamic_partitions(name) == ["1", "2", "3", "4", "5", "6"]
        asked = [path for _, path, _ in site.shop.log() if path.endswith("page=3")]
        assert len(asked) == count, "a range has it between its neighbours again"
    assert "gone" not in run("changes", NAME).out


def test_a_page_that_is_added_by_hand_is_in_its_place_after_the_next_look(
    site: Site, run: Run, instance: DagsterInstance, length: dict[str, Any]
):
    catalogue = site.write(pages=length)
    site.shop.control(pages=6, tells_size=True)
    run("run", NAME)
    name = found_pages_name(catalogue)
    instance.add_dynamic_partitions(name, ["8"])
    site.shop.control(pages=9)
    answer = run("run", NAME, "--refresh", "--json")
    assert (answer.code, answer.json["done"], answer.json["rows"]) == (0, 9, 180)
    assert instance.get_dynamic_partitions(name) == [str(number) for number in range(1, 10)]


@pytest.mark.parametrize("stray", ["40", "5000", "10000000001", "007", "abc"])
def test_a_partition_that_is_no_page_of_the_series_keeps_no_page_back(
    site: Site, run: Run, instance: DagsterInstance, length: dict[str, Any], stray: str
):
    catalogue = site.write(pages=length)
    site.shop.control(pages=6, tells_size=True)
    run("run", NAME)
    instance.add_dynamic_partitions(found_pages_name(catalogue), [stray])
    assert run("run", NAME).code == 0
    site.shop.control(pages=8)
    grown = run("run", NAME, "--refresh", "--json")
    assert (grown.code, grown.json["done"], grown.json["rows"]) == (0, 8, 160)
    assert run("status", NAME, "--json").json[0]["missing"] == 0
