"""A listing of a fixed length that is not as long as the YAML says, by the command."""

from datetime import datetime, timezone

import pandas as pd
import pytest
from dagster import AssetCheckKey, DagsterInstance

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.orchestration.checkpoints.reader import read_failures
from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.names import products_key
from catalog_pipeline.orchestration.runs.table_run import LISTING_WHOLE
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.site import NAME, Site

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("end", "kind", "verdict"),
    [
        ("repeat", "repeats", "show the products of other pages"),
        ("redirect", "page_lost", "lead to other pages"),
        ("empty", "no_product", "show no product"),
        ("404", "status_404_410", "are not there"),
    ],
)
def test_pages_beyond_the_end_of_a_shop_are_failures_and_the_end_is_named(
    site: Site, run: Run, instance: DagsterInstance, end: str, kind: str, verdict: str
):
    catalogue = site.write(last_page=9, politeness={"concurrency": 1})
    site.shop.control(pages=6, end=end)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["failed"]) == (1, 6, 3)
    assert answer.json["rows"] == 120
    assert {failure["kind"] for failure in answer.json["failures"]} == {kind}
    (sentence,) = answer.json["length"]
    assert sentence.startswith("the listing seems to end at page 6: pages 7-9 ")
    assert verdict in sentence
    assert sentence.endswith("give last_page: 6")
    assert read_statuses(instance, catalogue, catalogue.pages).done == set(keys(*range(1, 7)))
    assert sentence in run("status", NAME).out.replace("\n", " ")
    assert set(pd.read_parquet(site.places.table)["page"]) == set(range(1, 7))


@pytest.mark.parametrize("end", ["repeat", "redirect"])
def test_the_end_is_named_too_where_the_crawl_gave_up_before_the_last_page(
    site: Site, run: Run, end: str
):
    site.write(last_page=40, politeness={"concurrency": 1, "stop_window": 5})
    site.shop.control(pages=6, end=end)
    answer = run("run", NAME, "--json")
    told = answer.json
    assert (answer.code, told["done"], told["failed"], told["rows"]) == (1, 6, 34, 120)
    assert told["downloads"] >= 6
    assert ", or the listing to be shorter than was said (last: " in told["crawl_error"]
    (sentence,) = told["length"]
    assert sentence.startswith("the listing seems to end at page 6: pages 7-")


def test_a_server_that_ignores_the_page_has_one_page(site: Site, run: Run):
    site.write(last_page=6, politeness={"concurrency": 4})
    site.shop.control(pages=1, end="repeat")
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["failed"]) == (1, 1, 5)
    assert answer.json["rows"] == 20
    assert answer.json["failed_pages"] == "2-6"
    assert {failure["kind"] for failure in answer.json["failures"]} == {"repeats"}
    assert "exactly the products of page " in answer.json["failures"][0]["error"]


def test_a_repeat_is_seen_by_a_later_run_too_whichever_of_the_two_came_first(
    site: Site, run: Run, instance: DagsterInstance
):
    catalogue = site.write(last_page=4)
    run("run", NAME, "--pages", "1,2,4")
    site.shop.control(faults=["3=repeat"])
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["failed_pages"]) == (1, "3")

    assert read_statuses(instance, catalogue, catalogue.pages).done == set(keys(1, 2, 4))
    site.shop.control(faults=["4=repeat"])
    cutoff = datetime.now(timezone.utc).isoformat()
    assert run("run", NAME, "--pages", "4", "--cutoff", cutoff, "--json").code == 0
    later = run("run", NAME, "--pages", "3", "--cutoff", cutoff, "--json")
    assert later.code == 0, "page 3 has these products, as the lower of the two"
    statuses = read_statuses(instance, catalogue, catalogue.pages)
    assert set(statuses.failed) == {PageKey(4)}
    failure = read_failures(instance, catalogue, keys(4))[PageKey(4)]
    assert failure.kind == "repeats"
    assert "products of page 3" in failure.message
    site.shop.control(faults=[])
    assert run("run", NAME, "--json").json["done"] == 4


def test_the_same_products_at_other_prices_are_a_repeat(site: Site, run: Run):
    site.write(last_page=3, politeness={"concurrency": 1})
    run("run", NAME, "--pages", "2")
    site.shop.control(revise=[2], faults=["3=repeat"])
    answer = run("run", NAME, "--pages", "3", "--json")
    assert [failure["kind"] for failure in answer.json["failures"]] == ["repeats"]


def test_the_file_of_a_repeat_is_not_taken_over(site: Site, run: Run):
    site.write(last_page=3)
    site.shop.control(faults=["3=repeat:1"])
    assert run("run", NAME, "--json").json["failed_pages"] == "3"
    assert {path.name[0] for path in site.places.pages.glob("*.page")} == {"1", "2"}
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["downloads"]) == (0, 1)


def test_a_catalogue_that_goes_on_says_so_in_summary_status_and_check(
    site: Site, run: Run, instance: DagsterInstance
):
    catalogue = site.write(last_page=3)
    answer = run("run", NAME)
    assert answer.code == 0
    sentence = "the catalogue goes on: page 3, its last one, links to page 4"
    assert sentence in answer.out.replace("\n", " ")
    assert run("run", NAME, "--json").json["length"][0].startswith(sentence)
    assert sentence in run("status", NAME).out.replace("\n", " ")
    key = AssetCheckKey(products_key(catalogue), LISTING_WHOLE)
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert records[0].event is not None
    evaluation = records[0].event.asset_check_evaluation
    assert evaluation is not None
    assert not evaluation.passed

    site.write(last_page=4)
    assert "goes on" not in run("status", NAME).out, "the YAML has more pages by now"
    site.shop.control(pages=4)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["downloads"], answer.json["length"]) == (0, 1, [])


def test_fewer_pages_in_the_yaml_show_at_once_that_the_catalogue_goes_on(site: Site, run: Run):
    site.write(last_page=5)
    site.shop.control(pages=5)
    assert run("run", NAME, "--json").json["length"] == []
    site.write(last_page=2)
    (sentence,) = run("run", NAME, "--json").json["length"]
    assert "page 2, its last one, links to page 3" in sentence
