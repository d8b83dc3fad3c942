"""The practice shop's products as JSON, by page, by cursor and within HTML."""

import json

from lxml import html

from catalog_pipeline.sandbox.products import product
from catalog_pipeline.sandbox.server import RunningShop
from catalog_pipeline_tests.sandbox.conftest import Ask


def test_the_api_gives_the_products_of_a_page_and_how_many_there_are(ask: Ask) -> None:
    told = json.loads(ask("/api/products?page=17").body)
    assert [item["id"] for item in told["products"]] == list(range(321, 341))
    first, item = told["products"][0], product(321)
    assert (first["name"], first["url"], first["price"]) == (item.name, item.path, str(item.price))
    assert (told["total"], told["pages"], told["next"]) == (1000, 50, "340")


def test_its_cursors_lead_through_all_products_once(shop: RunningShop, ask: Ask) -> None:
    shop.control(pages=3)
    ids, path = [], "/api/products"
    while path:
        told = json.loads(ask(path).body)
        ids += [item["id"] for item in told["products"]]
        path = told["next"] and f"/api/products?after={told['next']}"
    assert ids == list(range(1, 61))


def test_beyond_its_end_the_api_is_empty_and_the_app_is_not_there(ask: Ask) -> None:
    for path in ("/api/products?page=51", "/api/products?after=1000"):
        told = json.loads(ask(path).body)
        assert (told["products"], told["next"]) == ([], None)
    assert ask("/app/products?page=51").status == 404
    assert ask("/api/products?after=x").status == 404


def test_a_page_that_scripts_fill_has_its_products_in_one_of_them(ask: Ask) -> None:
    page = html.fromstring(ask("/app/products?page=2").text)
    (script,) = page.xpath("//script[@id='__SHOP_DATA__']")
    products = json.loads(script.text)["props"]["products"]
    assert [item["id"] for item in products] == list(range(21, 41))
    assert page.xpath("//section[@id='app']")[0].text is None
