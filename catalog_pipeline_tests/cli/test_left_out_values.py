"""What could not be read, what merged and what the site tells, as `run` and `status` say it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from catalog_pipeline.orchestration.names import plain_pages_key, plain_products_key
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import WrittenSite, listing, written_site

pytestmark = pytest.mark.processes

PRICE = {"select": "i", "type": "money", "currency": "EUR"}
ASK = "Call for price"


@pytest.fixture
def pages() -> Iterator[WrittenSite]:
    """A site of three pages with ten products each, one of which has no price that can be read."""
    with written_site() as site:
        site.write({1: listing(1, *["1.50"] * 10), 2: listing(2, "2.50", ASK, *["2.50"] * 8)})
        site.write({3: listing(3, *["3.50"] * 10)})
        yield site


def _check(instance: dg.DagsterInstance, name: str) -> tuple[bool, dg.AssetCheckSeverity]:
    key = dg.AssetCheckKey(plain_products_key(NAME), name)
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event is not None
    found = record.event.get_dagster_event().asset_check_evaluation_data
    return found.passed, found.severity


@pytest.mark.parametrize(
    ("on_invalid", "rows", "positions"),
    [
        ("discard_row", 29, [1, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("discard_value", 30, list(range(1, 11))),
    ],
)
def test_what_cannot_be_read_is_left_out_counted_kept_and_told(
    site: Site,
    pages: WrittenSite,
    run: Run,
    instance: dg.DagsterInstance,
    on_invalid: str,
    rows: int,
    positions: list[int],
):
    pages.describe(site, {"price": PRICE | {"on_invalid": on_invalid}})
    answer = run("run", NAME)
    assert answer.code == 0
    told = f"as they could not be read, such as page 2, product 2: '{ASK}'"
    assert told in answer.out
    assert told in run("status", NAME).out
    assert told in run("status", NAME, "--json").json[0]["row_notes"][0]
    table = pd.read_parquet(site.places.table)
    assert len(table) == rows
    assert list(table[table["page"] == 2]["position"]) == positions
    assert table["price"].isna().sum() == rows - 29
    record = instance.fetch_materializations(
        dg.AssetRecordsFilter(plain_pages_key(NAME), asset_partitions=["2"]), limit=1
    ).records[0]
    assert record.asset_materialization is not None
    metadata = record.asset_materialization.metadata
    found: dict[str, Any] = {key: value.value for key, value in metadata.items()}
    assert (found["discarded_rows"], found["discarded_values"]) == (30 - rows, 1)
    assert found["discarded"]["texts"][0]["found"] == ASK
    assert _check(instance, "values_are_readable") == (False, dg.AssetCheckSeverity.WARN)


def test_above_the_share_of_the_yaml_the_check_is_an_error(
    site: Site, pages: WrittenSite, run: Run, instance: dg.DagsterInstance
):
    price = PRICE | {"on_invalid": "discard_value"}
    pages.describe(site, {"price": price}, discarded={"at_most": "3%"})
    assert run("run", NAME).code == 0
    assert _check(instance, "values_are_readable") == (False, dg.AssetCheckSeverity.ERROR)
    pages.describe(site, {"price": price}, discarded={"at_most": "4%"})
    pages.write({2: listing(2, *["2.50"] * 10)})
    assert run("run", NAME, "--refresh").code == 0
    assert _check(instance, "values_are_readable") == (True, dg.AssetCheckSeverity.WARN)


def test_without_a_word_of_it_the_page_fails(site: Site, pages: WrittenSite, run: Run):
    pages.describe(site, {"price": PRICE})
    found = run("run", NAME, "--json")
    assert (found.code, found.json["done"]) == (1, 2)
    assert ASK in str(found.json["failures"])


def test_a_key_that_merges_different_products_fails_the_build_and_keeps_the_table(
    site: Site, pages: WrittenSite, run: Run
):
    pages.write({2: listing(2, *["2.50"] * 10)})
    pages.describe(site, {"price": PRICE})
    assert run("run", NAME).code == 0
    pages.describe(site, {"price": PRICE}, key="price")
    answer = run("run", NAME)
    assert answer.code == 1
    assert "27 of 30 rows have the key of another one (27 with different values)" in answer.out
    assert "seems not to tell products apart" in answer.out
    assert len(pd.read_parquet(site.places.table)) == 30
    pages.describe(site, {"price": PRICE}, key="price", duplicates={"at_most": "90%"})
    found = run("run", NAME, "--json")
    assert (found.code, found.json["rows"]) == (0, 3)
    assert found.json["merged_rows"] == {"same_page": 0, "equal": 0, "different": 27}
    assert "a wrong key merges products" in run("status", NAME).out


def test_rows_that_gave_way_to_equal_ones_are_told_as_such(
    site: Site, pages: WrittenSite, run: Run
):
    first = listing(1, *["1.50"] * 10)
    pages.write({2: first.replace("</ul>", "<li><b>9-9</b> <i>9</i></li></ul>")})
    pages.describe(site, {"price": PRICE}, duplicates={"at_most": "50%"})
    found = run("run", NAME, "--json").json
    assert found["merged_rows"] == {"same_page": 0, "equal": 10, "different": 0}
    assert "10 with equal values" in run("status", NAME).out


@pytest.mark.parametrize(("told", "passed"), [("30", True), ("31", False)])
def test_the_rows_are_held_against_the_total_that_the_site_tells(
    site: Site,
    pages: WrittenSite,
    run: Run,
    instance: dg.DagsterInstance,
    told: str,
    passed: bool,
):
    body = listing(2, *["2.50"] * 10)
    pages.write({2: f"<p class=results>{told} products</p>{body}"})
    total = {"select": ".results", "pattern": r"(\d+) products"}
    pages.describe(site, {"price": PRICE}, total=total)
    answer = run("run", NAME)
    assert _check(instance, "rows_are_as_many_as_the_site_says")[0] is passed
    sentence = "the site says that it has 31 products, and the table has 30"
    assert (sentence in answer.out) is not passed
