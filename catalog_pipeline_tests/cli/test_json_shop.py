"""A shop that answers in JSON, from its YAML to the table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal

import pandas as pd
import pytest
import yaml

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, QUICK, Site
from catalog_pipeline_tests.written_site import WrittenSite, written_site

pytestmark = pytest.mark.processes

FIELDS = {
    "sku": "id",
    "title": "title",
    "price": {"json": "variants[0].price", "type": "money", "currency": "USD"},
    "images": {"json": "images[].src", "type": "url", "many": True},
}


def _page(page: int) -> str:
    products = [
        {
            "id": 100 * page + place,
            "title": f"Thing {page}-{place}",
            "variants": [{"price": "1234.50"}, {"price": "9"}],
            "images": [{"src": f"/{place}.jpg"}, {"src": "//cdn.example/b.jpg"}],
        }
        for place in range(30)
    ]
    return json.dumps({"products": products})


@pytest.fixture
def api(site: Site) -> Iterator[WrittenSite]:
    """A shop of two pages of thirty products, and the catalogue `shop` of it."""
    with written_site() as served:
        served.write({1: _page(1), 2: _page(2)})
        served.headers["Content-Type"] = "application/json; charset=utf-8"
        attributes = {
            "base_url": served.url,
            "page_url": "/products?page={page}",
            "last_page": 2,
            "records": {"from": "json", "path": "products"},
            "key": "sku",
            "fields": {
                name: field if isinstance(field, dict) else {"json": field}
                for name, field in FIELDS.items()
            },
            "politeness": {**QUICK, "obey_robots": False},
        }
        file = site.folder / NAME / "defs.yaml"
        kind = "catalog_pipeline.CatalogueComponent"
        file.write_text(yaml.safe_dump({"type": kind, "attributes": attributes}))
        yield served


def test_a_shop_of_json_is_crawled_into_a_table(site: Site, api: WrittenSite, run: Run):
    answer = run("run", NAME)
    assert answer.code == 0, answer.err
    table = pd.read_parquet(site.places.table)
    assert len(table) == 60
    first = table.iloc[0]
    assert (first["sku"], first["price"], first["price_currency"]) == (
        "100",
        Decimal("1234.50"),
        "USD",
    )
    assert list(first["images"]) == [f"{api.url}/0.jpg", "http://cdn.example/b.jpg"]


def test_try_says_where_json_is_broken_and_what_is_there(site: Site, api: WrittenSite, run: Run):
    assert len(run("try", NAME, "--json").json) == 30
    api.write({1: _page(1)[:-1]})
    answer = run("try", NAME)
    assert answer.code == 1
    assert "the page is no JSON: expecting ',' delimiter (line 1, column" in answer.out
    api.write({1: json.dumps({"items": [], "count": 0})})
    assert "there is an object with items, count" in run("try", NAME).out
    api.headers["Content-Type"] = "text/html"
    assert "the body is not JSON by its Content-Type" in run("try", NAME).err
