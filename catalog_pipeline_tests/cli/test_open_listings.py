"""Listings whose length nobody says: their pages are found, their end is confirmed, by `run`."""

import pandas as pd
import pytest
from dagster import DagsterInstance

from catalog_pipeline.orchestration.checkpoints.ends import read_end
from catalog_pipeline.orchestration.checkpoints.known_pages import found_pages
from catalog_pipeline.orchestration.names import found_pages_name
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes

OPEN = {"kind": "open"}


@pytest.mark.parametrize("end", ["404", "empty", "repeat", "redirect"])
def test_each_way_to_end_gives_the_pages_of_the_shop_and_no_other(
    site: Site, run: Run, instance: DagsterInstance, end: str
):
    catalogue = site.write(pages=OPEN)
    site.shop.control(pages=7, end=end)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["problems"], answer.json["length"]) == (0, [], [])
    assert (answer.json["done"], answer.json["failed"], answer.json["rows"]) == (7, 0, 140)
    partitions = list(instance.get_dynamic_partitions(found_pages_name(catalogue)))
    assert partitions == [str(number) for number in range(1, 8)]
    assert set(pd.read_parquet(site.places.table)["page"]) == set(range(1, 8))
    confirmed = read_end(instance, catalogue, keys(7))
    assert confirmed is not None
    assert confirmed.signs.startswith("page 8: ")
    beyond = sum(count for page, count in site.downloads().items() if page > 7)
    assert beyond <= 2 * 4, "twice the concurrency"

    site.shop.control(reset_hits=True)
    again = run("run", NAME, "--json")
    assert (again.code, again.json["run_id"], site.shop.log()) == (0, None, [])


@pytest.mark.parametrize("fault", ["block", "503", "404", "empty", "repeat", "to-first"])
def test_what_one_page_shows_never_ends_a_listing_that_goes_on(
    site: Site, run: Run, instance: DagsterInstance, fault: str
):
    catalogue = site.write(pages=OPEN, politeness={"max_attempts": 2})
    site.shop.control(pages=8, faults=[f"5={fault}"])
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["failed_pages"]) == (1, 7, "5")
    assert list(instance.get_dynamic_partitions(found_pages_name(catalogue))) == [
        str(number) for number in range(1, 9)
    ]
    site.shop.control(faults=[], reset_hits=True)
    resumed = run("run", NAME, "--json")
    assert (resumed.code, resumed.json["done"]) == (0, 8)
    assert site.downloads() == {5: 1}


@pytest.mark.parametrize("fault", ["block", "503", "hang"])
def test_a_block_or_an_outage_at_the_end_is_a_failure_and_no_end(
    site: Site, run: Run, instance: DagsterInstance, fault: str
):
    politeness = {"max_attempts": 1, "read_timeout_seconds": 4}
    catalogue = site.write(pages=OPEN, politeness=politeness)
    site.shop.control(pages=9, faults=[f"{page}={fault}" for page in range(6, 40)])
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["failed"]) == (1, 5, 0)
    (problem,) = answer.json["problems"]
    assert problem.startswith("the end of the listing was not found: page 6 could not be had")
    assert found_pages(instance, catalogue) == tuple(keys(*range(1, 6)))
    assert read_end(instance, catalogue, keys(*range(1, 6))) is None
    assert "not confirmed yet" in run("status", NAME).out

    site.shop.control(faults=[], reset_hits=True)
    resumed = run("run", NAME, "--json")
    assert (resumed.code, resumed.json["done"], resumed.json["rows"]) == (0, 9, 180)
    assert {page: count for page, count in site.downloads().items() if page <= 9} == {
        6: 1, 7: 1, 8: 1, 9: 1,
    }  # fmt: skip


def test_a_shop_without_end_fails_at_the_most_pages_that_are_allowed(site: Site, run: Run):
    site.write(pages={**OPEN, "at_most": 5})
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"]) == (1, 5)
    assert "more pages than at_most (5)" in answer.json["problems"][0]
    site.shop.control(pages=5)
    assert run("run", NAME, "--json").code == 0


def test_some_pages_can_be_chosen_of_those_that_are_known(site: Site, run: Run):
    site.write(pages=OPEN)
    site.shop.control(pages=4)
    assert run("run", NAME, "--pages", "2").code == 2
    assert run("run", NAME, "--pages", "1", "--json").json["done"] == 1
    assert run("run", NAME, "--json").json["done"] == 4
    site.shop.control(reset_hits=True)
    assert run("run", NAME, "--pages", "2-3", "--refresh", "--json").code == 0
    assert {int(path.rpartition("=")[2]) for _, path, _ in site.shop.log() if "page=" in path} == {
        2,
        3,
    }
    assert run("run", NAME, "--pages", "5").code == 2


def test_offsets_stand_for_pages(site: Site, run: Run):
    site.write(pages=OPEN, step=3, offset=1)
    site.shop.control(pages=8)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"]) == (0, 3)
    assert {page for page in site.downloads() if page <= 8} == {1, 4, 7}
