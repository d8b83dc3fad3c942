"""No row of a page that is done leaves the table silently, and none that can be had at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.orchestration.names import plain_pages_key
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import WrittenSite, listing, written_site

pytestmark = pytest.mark.processes

MONEY = {"price": {"select": "i", "type": "money", "currency": "EUR"}}


@pytest.fixture
def pages() -> Iterator[WrittenSite]:
    """A site of five pages with ten products each, all of them at 2.50."""
    with written_site() as site:
        site.write({page: listing(page, *["2.50"] * 10) for page in range(1, 6)})
        yield site


def _rows(site: Site) -> int:
    return len(pd.read_parquet(site.places.table))


@pytest.mark.parametrize(
    "price", ["1" * 21, "0." + "1" * 19, "1" * 20 + "." + "1" * 19, "-" + "1" * 21]
)
def test_an_amount_that_no_table_can_hold_is_told_page_and_all(
    site: Site, pages: WrittenSite, run: Run, price: str
):
    pages.write({3: listing(3, *["2.50"] * 9, price)})
    pages.describe(site, MONEY)
    answer = run("run", NAME)
    assert answer.code == 1
    assert "page 3" in answer.out
    assert price in answer.out
    found = run("run", NAME, "--json")
    assert found.code == 1
    assert 3 in [each["page"] for each in [*found.json["failures"], *found.json["left_out"]]]
    assert _rows(site) == 40


@pytest.mark.parametrize("price", ["1" * 20, "0." + "1" * 18])
def test_the_longest_amounts_of_a_table_are_in_it_exactly(
    site: Site, pages: WrittenSite, run: Run, price: str
):
    pages.write({3: listing(3, *["2.50"] * 9, price)})
    pages.describe(site, MONEY)
    assert run("run", NAME).code == 0
    amounts = pd.read_parquet(site.places.table)["price"]
    assert len(amounts) == 50
    assert Decimal(price) in set(amounts)


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ({"type": "number"}, {"type": "text"}, "4"),
        ({"type": "integer"}, {"type": "text"}, "4"),
        ({"type": "text"}, {"type": "integer"}, "4"),
        ({"type": "text"}, {"type": "timestamp", "format": "%Y-%m-%d"}, "2026-01-31"),
        ({"type": "integer"}, {"type": "boolean"}, "1"),
        ({"type": "number"}, {"type": "integer", "pattern": r"(\d+)"}, "4.5"),
        ({"type": "text"}, {"type": "money", "currency": "EUR"}, "4.50"),
    ],
)
def test_pages_of_another_type_are_parsed_again_for_the_table(
    site: Site, pages: WrittenSite, run: Run, before: dict, after: dict, text: str
):
    pages.write({page: listing(page, *[text] * 10) for page in range(1, 7)})
    pages.describe(site, {"rating": {"select": "i", **before}})
    assert run("run", NAME).code == 0
    pages.describe(site, {"rating": {"select": "i", **after}})
    asked = dict(pages.asked)
    assert run("run", NAME, "--pages", "1-2", "--refresh").code == 0
    assert _rows(site) == 60
    assert pd.read_parquet(site.places.table)["rating"].nunique() == 1
    assert pages.asked.total() == sum(asked.values()) + 2


def test_a_page_that_todays_yaml_cannot_read_is_told_and_tried_once_more(
    site: Site, pages: WrittenSite, run: Run
):
    pages.write({page: listing(page, *["4"] * 10) for page in range(1, 6)})
    pages.write({3: listing(3, *["4"] * 9, "many")})
    pages.describe(site, {"stock": {"select": "i"}})
    assert run("run", NAME).code == 0
    pages.describe(site, {"stock": {"select": "i", "type": "integer"}})
    answer = run("run", NAME, "--pages", "1", "--refresh")
    assert answer.code == 1
    assert "Not in the table: pages 3" in answer.out
    assert "page 3: product 10, column stock: 'many' is no integer" not in answer.out
    assert "'many'" in answer.out
    assert pages.asked["/products?page=3"] == 1

    again = run("run", NAME, "--json")
    assert (again.code, again.json["left_out_pages"], _rows(site)) == (1, "3", 40)
    assert pages.asked["/products?page=3"] == 2

    pages.write({3: listing(3, *["4"] * 10)})
    mended = run("run", NAME, "--json")
    assert (mended.code, mended.json["left_out_pages"], _rows(site)) == (0, "", 50)


@pytest.mark.parametrize(
    "harm",
    [Path.unlink, lambda path: path.write_bytes(b""), lambda path: path.write_bytes(b"else")],
    ids=["removed", "emptied", "overwritten"],
)
def test_page_files_that_vanish_during_the_crawl_are_downloaded_again_by_it(
    site: Site, pages: WrittenSite, run: Run, harm: Callable[[Path], object]
):
    pages.write({page: listing(page, *["2.50"] * 10) for page in range(1, 21)})
    pages.describe(site, MONEY, politeness={"concurrency": 1, "requests_per_second": None})
    harmed: list[str] = []

    def harm_what_is_there(path: str) -> None:
        if path.endswith("page=16") and not harmed:
            for file in site.places.pages.glob("*.page"):
                harmed.append(file.name.split("-")[0])
                harm(file)

    pages.before_answer = harm_what_is_there
    answer = run("run", NAME)
    assert answer.code == 0
    assert len(harmed) >= 10
    assert _rows(site) == 200
    for page in harmed:
        assert f"Downloading again: page {page}: " in answer.err
        assert pages.asked[f"/products?page={page}"] == 2


def test_a_page_that_was_recorded_by_hand_is_downloaded(
    site: Site, pages: WrittenSite, run: Run, instance: dg.DagsterInstance
):
    pages.describe(site, MONEY)
    assert run("run", NAME).code == 0
    by_hand = dg.AssetMaterialization(plain_pages_key(NAME), partition="2")
    instance.report_runless_asset_event(by_hand)
    assert run("run", NAME).code == 0
    assert _rows(site) == 50


def test_rows_that_gave_way_to_a_later_fetch_are_counted_in_words(
    site: Site, pages: WrittenSite, run: Run
):
    pages.write({5: listing(1, *["2.50"] * 9)})
    pages.describe(site, MONEY)
    answer = run("run", NAME)
    assert (answer.code, _rows(site)) == (0, 40)
    assert "9 more rows gave way to a later one of the same sku" in answer.out
    assert run("run", NAME, "--json").json["duplicates"] == 9
