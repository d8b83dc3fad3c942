"""Shops of a common system in three lines of YAML, crawled from a server that answers as theirs."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import yaml

from catalog_pipeline_tests.answering import NOT_HERE, Reply, Request, answering
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, QUICK, Site

pytestmark = pytest.mark.processes

JSON = {"Content-Type": "application/json; charset=utf-8"}


def _write(site: Site, **attributes: Any) -> None:
    whole = {"politeness": QUICK, **attributes}
    text = yaml.safe_dump({"type": "catalog_pipeline.CatalogueComponent", "attributes": whole})
    (site.folder / NAME / "defs.yaml").write_text(text, encoding="utf-8")


def _of_shopify(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "handle": f"thing-{number}",
        "title": f"Thing {number}",
        "vendor": "Acme",
        "product_type": "",
        "tags": ["new"] if number % 2 else [],
        "updated_at": "2026-01-05T10:00:00-05:00",
        "variants": [
            {"price": f"{number}.10", "compare_at_price": None, "available": number % 3 == 0},
            {"price": f"{number + 1}.00", "compare_at_price": None, "available": False},
        ],
        "images": [{"src": f"https://cdn.example/{number}.jpg"}],
    }


class Shopify:
    """`products` of them; all pages after the one that is the `most` are refused with 400."""

    def __init__(self, products: int, most: int = 100) -> None:
        self.products, self.most = products, most

    def __call__(self, request: Request) -> Reply:
        parts = urlsplit(request.path)
        if parts.path != "/products.json":
            return NOT_HERE
        query = parse_qs(parts.query)
        limit, page = int(query["limit"][0]), int(query["page"][0])
        if page > self.most:
            return Reply(b'{"errors":"Page limit reached"}', 400, JSON)
        numbers = range((page - 1) * limit + 1, min(page * limit, self.products) + 1)
        return Reply(json.dumps({"products": [*map(_of_shopify, numbers)]}).encode(), 200, JSON)


def test_a_shop_of_shopify_is_three_lines_and_ends_with_its_empty_page(site: Site, run: Run):
    with answering(Shopify(600)) as url:
        _write(site, preset="shopify", base_url=url, currency="USD")
        answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["rows"]) == (0, 3, 600)
    assert (answer.json["problems"], answer.json["length"]) == ([], [])
    table = pd.read_parquet(site.places.table)
    assert list(table["product_id"]) == list(range(1, 601))
    assert [str(price) for price in table["price"]] == [f"{n}.10" for n in range(1, 601)]
    assert list(table["url"]) == [f"{url}/products/thing-{n}" for n in range(1, 601)]
    assert list(table["available"]) == [n % 3 == 0 for n in range(1, 601)]


def test_a_shop_of_shopify_that_shows_no_more_says_that_there_may_be_some(site: Site, run: Run):
    with answering(Shopify(10_000, most=2)) as url:
        _write(site, preset="shopify", base_url=url, currency="USD")
        answer = run("run", NAME, "--json")
    assert (answer.code, answer.json["done"], answer.json["rows"]) == (0, 2, 500)
    (verdict,) = answer.json["length"]
    assert "there may be more products" in verdict


def _of_woocommerce(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "name": f"Thing {number}",
        "permalink": f"https://shop.example/p/{number}/",
        "sku": f"T-{number}",
        "prices": {
            "price": str(100 * number + 99),
            "regular_price": str(100 * number + 99),
            "currency_code": "EUR",
            "currency_minor_unit": 2,
        },
        "on_sale": False,
        "is_in_stock": number % 2 == 0,
        "average_rating": "4.50",
        "review_count": number,
        "categories": [{"name": "Things"}],
        "images": [],
    }


def _woocommerce(request: Request) -> Reply:
    parts, products = urlsplit(request.path), 230
    if parts.path != "/wp-json/wc/store/v1/products":
        return NOT_HERE
    query = parse_qs(parts.query)
    size, page = int(query["per_page"][0]), int(query["page"][0])
    numbers = range((page - 1) * size + 1, min(page * size, products) + 1)
    headers = {**JSON, "X-WP-Total": str(products), "X-WP-TotalPages": str(-(-products // size))}
    return Reply(json.dumps([*map(_of_woocommerce, numbers)]).encode(), 200, headers)


def test_a_shop_of_woocommerce_is_two_lines_and_its_header_tells_the_pages(site: Site, run: Run):
    with answering(_woocommerce) as url:
        _write(site, preset="woocommerce", base_url=url)
        answer = run("run", NAME, "--json")
        refreshed = run("run", NAME, "--refresh", "--json")
    assert (answer.code, answer.json["done"], answer.json["rows"]) == (0, 3, 230)
    assert answer.json["length_from"] == "page 1 tells it: header X-WP-TotalPages = 3"
    assert (refreshed.code, refreshed.json["done"], refreshed.json["problems"]) == (0, 3, [])
    table = pd.read_parquet(site.places.table)
    assert list(table["product_id"]) == list(range(1, 231))
    assert [str(price) for price in table["price"]] == [f"{n}.99" for n in range(1, 231)]
    assert set(table["price_currency"]) == {"EUR"}
    assert list(table["in_stock"]) == [n % 2 == 0 for n in range(1, 231)]
