"""Shops of a common system in three lines, with the pages that such systems serve."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.reader import reader_of

SHOPIFY = {
    "id": 6543,
    "handle": "blue-cup",
    "title": "Blue cup",
    "vendor": "Acme",
    "product_type": "",
    "tags": ["cup", "blue"],
    "updated_at": "2026-01-05T10:00:00-05:00",
    "variants": [
        {"id": 1, "price": "12.50", "compare_at_price": None, "available": False},
        {"id": 2, "price": "9.90", "compare_at_price": "15.00", "available": True},
    ],
    "images": [{"src": "https://cdn.example/a.jpg"}],
}
WOOCOMMERCE = {
    "id": 7,
    "name": "Blue cup &#038; saucer &#8211; 2 pieces",
    "permalink": "https://shop.example/p/blue-cup/",
    "sku": "BC-1",
    "prices": {
        "price": "1299",
        "regular_price": "1500",
        "currency_code": "EUR",
        "currency_minor_unit": 2,
    },
    "on_sale": True,
    "is_in_stock": True,
    "average_rating": "4.50",
    "review_count": 3,
    "categories": [{"name": "Cups &amp; mugs"}],
    "images": [{"src": "https://shop.example/a.jpg"}],
}


def _catalogue(preset: str, **more: Any) -> Catalogue:
    attributes = {"preset": preset, "base_url": "https://shop.example", "last_page": 9, **more}
    return catalogue_from_attributes("shop", attributes)


def _row(catalogue: Catalogue, body: object) -> dict[str, Any]:
    page = PageKey(2)
    url = catalogue.page_address(page)
    columns = reader_of(catalogue).read(json.dumps(body).encode(), url=url, page=page).columns
    return {name: cells[0] for name, cells in columns.items()}


def test_a_shop_of_shopify_is_read_by_its_preset():
    catalogue = _catalogue("shopify", currency="USD")
    address = "https://shop.example/products.json?limit=250&page=2"
    assert catalogue.page_address(PageKey(2)) == address
    assert _row(catalogue, {"products": [SHOPIFY]}) == {
        "product_id": 6543,
        "handle": "blue-cup",
        "title": "Blue cup",
        "url": "https://shop.example/products/blue-cup",
        "vendor": "Acme",
        "product_type": None,
        "tags": ["cup", "blue"],
        "price": "9.90",
        "price_currency": "USD",
        "compare_at_price": "15.00",
        "compare_at_price_currency": "USD",
        "available": True,
        "images": ["https://cdn.example/a.jpg"],
        "updated_at": "2026-01-05T15:00:00+00:00",
    }
    sold_out = SHOPIFY | {"variants": [{"price": "1.00", "available": False}]}
    assert _row(catalogue, {"products": [sold_out]})["available"] is False
    silent = SHOPIFY | {"variants": [{"price": "1.00"}]}
    assert _row(catalogue, {"products": [silent]})["available"] is None


def test_a_shop_of_shopify_without_a_currency_asks_for_it():
    with pytest.raises(ParseError, match="declare `currency`"):
        _row(_catalogue("shopify"), {"products": [SHOPIFY]})


def test_a_shop_of_woocommerce_is_read_by_its_preset():
    row = _row(_catalogue("woocommerce"), [WOOCOMMERCE])
    assert (row["product_id"], row["price"], row["price_currency"]) == (7, "12.99", "EUR")
    assert (row["regular_price"], row["rating"], row["reviews"]) == ("15.00", 4.5, 3)
    assert (row["on_sale"], row["in_stock"], row["categories"]) == (True, True, ["Cups & mugs"])
    assert row["name"] == "Blue cup & saucer \u2013 2 pieces"
    prices = {"price": "1299", "regular_price": "1", "currency_code": "JPY"}
    yen = WOOCOMMERCE | {"prices": prices | {"currency_minor_unit": 0}}
    with pytest.raises(ParseError, match=r"found: '1299 JPY 0'"):
        _row(_catalogue("woocommerce"), [yen])


def test_any_key_of_a_preset_can_be_given_anew():
    fields = {"title": {"json": "vendor"}, "kind": {"json": "title"}}
    catalogue = _catalogue("shopify", fields=fields, key="handle", page_url="/p.json?n={page}")
    row = _row(catalogue, {"products": [SHOPIFY | {"variants": []}]})
    assert (row["title"], row["kind"], row["price"]) == ("Acme", "Blue cup", None)
    assert catalogue.key == ("handle",)
    assert catalogue.page_address(PageKey(3)) == "https://shop.example/p.json?n=3"


def test_a_currency_of_the_catalogue_is_that_of_prices_without_one():
    fields = {
        "x": {"select": "b", "type": "money"},
        "y": {"select": "i", "type": "money", "currency": "EUR"},
    }
    attributes = {
        "base_url": "https://shop.example",
        "page_url": "/{page}",
        "last_page": 1,
        "product": ".p",
        "key": "x",
        "currency": "AUD",
        "fields": fields,
    }
    catalogue = catalogue_from_attributes("shop", attributes)
    assert [field.currency for field in catalogue.fields.values()] == ["AUD", "EUR"]
    for code, problem in (("aud", "no ISO 4217 code"), ("XXZ", "there is no currency XXZ")):
        with pytest.raises(CatalogueError, match=problem):
            reader_of(catalogue_from_attributes("shop", attributes | {"currency": code}))


def test_a_preset_that_there_is_not_is_refused():
    with pytest.raises(CatalogueError, match="preset: input should be 'shopify' or 'woocommerce'"):
        _catalogue("shopfy")
