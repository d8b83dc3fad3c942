"""A catalogue of several listings, from its YAML to the table, by the command."""

from collections.abc import Iterator

import pandas as pd
import pytest
from dagster import AssetCheckKey, DagsterInstance

from catalog_pipeline.orchestration.checkpoints.statuses import read_statuses
from catalog_pipeline.orchestration.names import products_key
from catalog_pipeline.orchestration.runs.table_quality import ROWS_AS_TOLD
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.orchestration.made_runs import create_run, execute
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import WrittenSite, written_site

pytestmark = pytest.mark.processes

CATEGORIES = {
    "all": {"page_url": "/products?page={page}", "last_page": 4},
    "bags": {"page_url": "/products?category=bags&page={page}"},
    "cables": {"page_url": "/products?category=cables&page={page}"},
}


def test_a_product_of_several_listings_is_one_row_with_all_of_them(
    site: Site, run: Run, instance: DagsterInstance
):
    site.shop.control(pages=4)
    catalogue = site.write(listings=CATEGORIES, last_page=1)
    first = run("run", NAME, "--json", "--pages", "bags,all-2-3")
    assert (first.code, first.json["selected"]) == (0, 3)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["rows"]) == (0, 6, 80)
    assert (answer.json["duplicates"], answer.json["row_notes"]) == (0, [])
    assert {str(page) for page in read_statuses(instance, catalogue, catalogue.pages).done} == {
        *(f"all-{page}" for page in range(1, 5)),
        "bags-1",
        "cables-1",
    }
    table = pd.read_parquet(site.places.table)
    assert len(table) == table["product_id"].nunique() == 80
    by_listings = table["listings"].map(tuple).value_counts().to_dict()
    assert by_listings == {("all",): 64, ("all", "bags"): 8, ("all", "cables"): 8}
    pairs = zip(table["listing"], table["listings"], strict=True)
    assert all(own in all_of_product for own, all_of_product in pairs)
    alone = run("run", NAME, "--refresh", "--pages", "cables", "--json")
    assert (alone.code, sum(site.downloads().values())) == (0, 4), "the shop counts no categories"


def test_a_range_of_the_web_ui_runs_from_one_listing_into_the_next(
    site: Site, instance: DagsterInstance
):
    site.shop.control(pages=4)
    catalogue = site.write(listings=CATEGORIES, last_page=1)
    ran = execute(instance, catalogue, create_run(instance, catalogue, "all-3", "bags-1"))
    assert ran.is_success
    done = read_statuses(instance, catalogue, catalogue.pages).done
    assert sorted(map(str, done)) == ["all-3", "all-4", "bags-1"]


def test_what_commands_say_of_a_page_names_its_listing(site: Site, run: Run):
    site.shop.control(pages=4, faults=["3=500"])
    site.write(listings=CATEGORIES, last_page=1, politeness={"max_attempts": 1})
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["failed_pages"]) == (1, "all-3")
    assert answer.json["failures"][0]["page"] == "all-3"
    assert "all-3" in run("status", NAME, "--failed").out
    assert run("status", NAME, "--json").json[0]["failed_pages"] == "all-3"
    assert run("show", NAME, "--page", "bags-1").code == 0
    assert run("show", NAME, "--page", "bags").code == 2
    assert run("show", NAME, "--page", "1").code == 2
    tried = run("try", NAME, "--page", "cables-1", "--json")
    assert (tried.code, len(tried.json)) == (0, 8)
    assert run("try", NAME, "--stored", "all-2", "--json").code == 0


def _page(*skus: str, total: int = 0) -> str:
    items = "".join(f"<li><b>{sku}</b></li>" for sku in skus)
    return f"<html><p class=total>{total} found</p><ul>{items}</ul></html>"


@pytest.fixture
def small() -> Iterator[WrittenSite]:
    with written_site() as served:
        yield served


def test_pages_that_repeat_each_other_are_no_repeats_in_two_listings(
    site: Site, run: Run, small: WrittenSite
):
    small.bodies |= {"/a/1": _page("x", "y"), "/b/1": _page("x", "y"), "/b/2": _page("x", "y")}
    listings = {"a": "/a/{page}", "b": {"page_url": "/b/{page}", "last_page": 2}}
    small.describe(site, {}, page_url=[], listings=listings, last_page=1)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["failed_pages"]) == (1, "b-2")
    assert answer.json["failures"][0]["kind"] == "repeats"
    assert "give last_page: 1" in answer.json["length"][0]


def test_a_total_is_held_against_the_products_of_its_own_listing(
    site: Site, run: Run, small: WrittenSite, instance: DagsterInstance
):
    small.bodies |= {"/a/1": _page("x", "y", total=2), "/b/1": _page("x", "z", total=3)}
    small.describe(
        site,
        {},
        page_url="/{listing}/{page}",
        listings=["a", "b"],
        last_page=1,
        total={"select": ".total", "pattern": r"(\d+)"},
    )
    answer = run("run", NAME, "--json")
    assert (answer.json["rows"], answer.json["duplicates"]) == (3, 0)
    assert any("b has 3 products, and the table has 2" in note for note in answer.json["row_notes"])
    key = AssetCheckKey(products_key(site.catalogue), ROWS_AS_TOLD)
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    assert record.status.value == "FAILED"
    small.bodies["/b/1"] = _page("x", "z", total=2)
    again = run("run", NAME, "--refresh", "--json")
    assert again.json["row_notes"] == []


def test_addresses_one_by_one_are_pages_of_their_own_and_a_moved_one_is_asked_again(
    site: Site, run: Run, small: WrittenSite
):
    small.bodies |= {f"/{name}": _page(name) for name in ("sale", "new", "old")}
    small.describe(site, {}, page_url=["/sale", "/new"], last_page=None)
    assert run("run", NAME, "--json").json["rows"] == 2
    small.describe(site, {}, page_url=["/old", "/new"], last_page=None)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["rows"]) == (0, 2)
    assert small.asked["/old"] == small.asked["/new"] == 1
    assert sorted(pd.read_parquet(site.places.table)["sku"]) == ["new", "old"]
    small.describe(site, {}, page_url=["/sale", "/gone"], last_page=None)
    failed = run("run", NAME, "--json")
    assert (failed.code, failed.json["failed_pages"], failed.json["length"]) == (1, "2", [])


def test_a_redirect_to_a_page_of_another_listing_is_a_lost_page(
    site: Site, run: Run, small: WrittenSite
):
    small.bodies |= {"/a?page=1": _page("x"), "/b?page=1": _page("y"), "/b?page=2": _page("z")}
    small.answers["/a?page=2"] = lambda headers: (302, {"Location": "/b?page=2"}, "")
    small.describe(site, {}, page_url="/{listing}?page={page}", listings=["a", "b"], last_page=2)
    answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["failed_pages"]) == (1, "a-2")
    assert answer.json["failures"][0]["kind"] == "page_lost"
    assert "the address of page b-2" in answer.json["failures"][0]["error"]
