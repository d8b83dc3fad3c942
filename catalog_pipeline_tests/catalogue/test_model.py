"""Catalogues: their URLs, pages and columns, and what is refused."""

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.attributes import attributes
from catalog_pipeline_tests.pages import keys


def _catalogue(**changes):
    return catalogue_from_attributes("shop", attributes(**changes))


@pytest.mark.parametrize(
    ("changes", "page", "address"),
    [
        ({}, 3, "https://shop.example/list?page=3"),
        (
            {"base_url": "https://mirror.example/shop/"},
            3,
            "https://mirror.example/shop/list?page=3",
        ),
        ({"page_url": "https://else.example/{page}"}, 3, "https://else.example/3"),
        ({"first_page_url": "/"}, 1, "https://shop.example/"),
        ({"first_page_url": "/"}, 2, "https://shop.example/list?page=2"),
        ({"first_page_url": "/all", "first_page": 0}, 0, "https://shop.example/all"),
    ],
)
def test_a_page_has_its_address(changes, page, address):
    assert _catalogue(**changes).page_address(PageKey(page)) == address


@pytest.mark.parametrize(
    ("written", "prefix"),
    [("shops", ("shops",)), (["eu", "shops"], ("eu", "shops")), ([], ())],
)
def test_a_prefix_of_the_keys_is_one_slug_or_several(written, prefix):
    prefixed = _catalogue(key_prefix=written)
    assert prefixed.key_prefix == prefix
    assert prefixed.code_version == _catalogue().code_version, "no page is parsed anew for it"


def test_pages_columns_and_key_columns_follow_from_the_yaml():
    shop = _catalogue(first_page=0, key=["name", "price"])
    assert list(shop.pages) == keys(*range(10))
    assert shop.columns == ("name", "price", "price_currency")
    assert shop.key_columns == ("name", "price", "price_currency")


@pytest.mark.parametrize(
    ("changes", "place", "problem"),
    [
        ({"base_url": "shop.example"}, "base_url", "no address"),
        ({"base_url": "ftp://shop.example"}, "base_url", "no address"),
        ({"base_url": "https://shop.example?x=1"}, "base_url", "query"),
        ({"base_url": "https://a:b@shop.example"}, "base_url", "credentials"),
        ({"page_url": "/list"}, "page_url", "{page} once"),
        ({"key_prefix": "eu/shops"}, "key_prefix.0", "several are a list"),
        ({"key_prefix": ["eu", "Shops"]}, "key_prefix.1", "'Shops' is no part of a key"),
        ({"key_prefix": ""}, "key_prefix.0", "'' is no part of a key"),
        ({"page_url": "list/{page}"}, "page_url", "start it with /"),
        ({"last_page": 0}, "attributes", "less than first_page"),
        ({"last_page": 10**6 + 1}, "attributes", "more than 1,000,000 pages"),
        ({"last_page": 10**13}, "last_page", "less than or equal to 1000000000000"),
        ({"last_page": None}, "last_page", "required"),
        ({"key": "sku"}, "key", "'sku', which is not declared; fields: name, price"),
        ({"key": []}, "key", "at least one field"),
        ({"fields": {}}, "fields", "at least one field"),
        ({"fields": {"Name": {"select": "a"}}}, "fields", "no column name"),
        ({"fields": {"page": {"select": "a"}}}, "fields", "already taken"),
        (
            {
                "fields": {
                    "name": {"select": "a"},
                    "price": {"select": "a", "type": "money"},
                    "price_currency": {"select": "a"},
                }
            },
            "fields",
            "price_currency is already taken",
        ),
        ({"schedule": {"cron": "daily"}}, "schedule.cron", "five parts"),
        ({"schedule": {"cron": "0 6 * * *", "timezone": "Nowhere"}}, "schedule", "no time zone"),
        ({"coverage": {"minimum": 2}}, "coverage.minimum", "less than or equal to 1"),
        ({"politeness": {"concurrency": 0}}, "politeness.concurrency", "or equal to 1"),
        ({"login": {"kind": "magic"}}, "login.kind", "form, basic, bearer"),
    ],
)
def test_a_mistake_is_reported_with_its_place(changes, place, problem):
    with pytest.raises(CatalogueError) as caught:
        _catalogue(**changes)
    assert caught.value.catalogue == "shop"
    assert caught.value.field.startswith(place)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "place", "allowed"),
    [
        ({"last_pages": 3}, "last_pages", "last_page"),
        ({"politeness": {"rate": 3}}, "politeness.rate", "requests_per_second"),
        ({"fields": {"name": {"select": "a", "typ": "text"}}}, "fields.name.typ", "type"),
    ],
)
def test_an_unknown_key_is_reported_with_the_known_ones(changes, place, allowed):
    with pytest.raises(CatalogueError) as caught:
        _catalogue(**changes)
    assert caught.value.field == place
    assert allowed in caught.value.allowed.split(", ")


def test_the_code_version_changes_with_what_parses_pages_and_with_nothing_else():
    shop = _catalogue()
    assert shop.code_version == _catalogue(politeness={"concurrency": 1}, last_page=10).code_version
    assert shop.code_version != _catalogue(product=".p").code_version
    fields = {**attributes()["fields"], "extra": {"select": "i"}}
    assert shop.code_version != _catalogue(fields=fields).code_version


def test_a_name_must_be_a_slug():
    with pytest.raises(CatalogueError, match="no name for a catalogue"):
        catalogue_from_attributes("My Shop", attributes())
