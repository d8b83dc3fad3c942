"""The parser of a catalogue: what is checked before, and what each page is read with."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline_tests.reading.small_catalogues import catalogue

URL = "https://shop.example/list/1"


def _parse(body: str, fields: dict, **options) -> dict:
    parser = ListingParser(catalogue(fields, **options))
    return parser.read(body.encode(), url=URL, page=PageKey(1), content_type=None).columns


@pytest.mark.parametrize(
    ("field", "key", "problem"),
    [
        ({"select": "a["}, "fields.x.select", "CSS selector"),
        ({"select": "a:eq(1)"}, "fields.x.select", "eq"),
        ({"select": "a::attr(href)"}, "fields.x.select", "pseudo-element"),
        ({"select": ["b", "./a["]}, "fields.x.select", "XPath selector"),
        ({"select": "./a[nosuch()]"}, "fields.x.select", r"no function nosuch\(\)"),
        ({"select": "xpath:document('file:///etc/passwd')"}, "fields.x.select", "document"),
        ({"select": "xpath:$x"}, "fields.x.select", "Undefined variable"),
        ({"select": "./foo:bar"}, "fields.x.select", "namespace"),
        ({"select": "//a"}, "fields.x.select", "whole page and not the product"),
        (
            {"select": "a", "type": "integer", "values": {"One": "one"}},
            "fields.x.values.One",
            "one",
        ),
        ({"select": "a", "type": "boolean", "values": {"Yes": "maybe"}}, "fields.x.values", "true"),
        (
            {"select": "a", "type": "boolean", "exists": True, "pattern": "x"},
            "fields.x.exists",
            "no use",
        ),
    ],
)
def test_a_field_that_cannot_work_is_reported_before_any_page_is_read(field, key, problem):
    with pytest.raises(CatalogueError, match=problem) as caught:
        ListingParser(catalogue({"name": {"select": "b"}, "x": field}))
    assert caught.value.field.startswith(key)
    assert caught.value.catalogue == "shop"


def test_a_bad_selector_of_products_is_reported_with_its_key():
    with pytest.raises(CatalogueError, match="Catalogue shop, product: "):
        ListingParser(catalogue({"name": {"select": "b"}}, product="p["))


def test_a_selector_of_products_must_give_elements():
    with pytest.raises(CatalogueError, match="no elements"):
        _parse("<p class=p>x</p>", {"name": {"select": "."}}, product="//p/@class")


def test_the_first_selector_of_products_that_finds_any_counts():
    page = "<div class=new>1</div><div class=p>2</div>"
    assert _parse(page, {"name": {"select": "."}}, product=[".card", ".p", ".new"]) == {
        "name": ["2"]
    }


@pytest.mark.parametrize("attribute", [None, "title"])
def test_a_key_field_is_required_even_if_the_yaml_does_not_say_so(attribute):
    field = {"select": "b", "attribute": attribute}
    with pytest.raises(ParseError) as caught:
        _parse("<div class=p><i>nothing</i></div>", {"name": field})
    assert (caught.value.page, caught.value.url) == (PageKey(1), URL)
    assert (caught.value.position, caught.value.field) == (1, "name")
    assert (caught.value.selector, caught.value.found) == ("b", "nothing")


def test_a_long_text_is_shortened_in_the_error():
    with pytest.raises(ParseError) as caught:
        _parse(f"<div class=p><b>{'x' * 5000}</b></div>", {"n": {"select": "b", "type": "integer"}})
    assert len(caught.value.found or "") == 200


def test_products_within_products_keep_their_own_fields():
    page = "<div class=p><b>outer</b><div class=p><b>inner</b></div></div>"
    assert _parse(page, {"name": {"select": "b"}}) == {"name": ["outer", "inner"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"select": "b", "pattern": "[0-9]+"}, "12"),
        ({"select": "b", "pattern": "([a-z]+) ([0-9]+)", "group": 2}, "12"),
        ({"select": "b", "pattern": "(?P<n>[0-9]+)", "group": "n"}, "12"),
        ({"select": "b", "pattern": "([a-z]+) ([0-9]+)"}, "no"),
        ({"select": "b", "pattern": "([a-z]+) ([0-9]+)", "group": 0}, "no 12"),
        ({"select": "b", "pattern": "[0-9]+", "values": {12: "dozen"}}, "dozen"),
    ],
)
def test_a_pattern_gives_its_group(field, value):
    if "values" in field:
        field["values"] = {"12": "dozen"}
    assert _parse("<div class=p><b> no\n 12</b></div>", {"x": field}) == {"x": [value]}


def test_threads_share_a_parser():
    fields = {
        "name": {"select": "b"},
        "price": {"select": "./i", "type": "money", "currency": "USD"},
    }
    parser = ListingParser(catalogue(fields))

    def read(number: int) -> dict:
        page = "".join(f"<div class=p><b>{number}-{n}</b><i>${n}.00</i></div>" for n in range(20))
        return parser.read(page.encode(), url=URL, page=PageKey(number), content_type=None).columns

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(read, range(200)))
    for number, columns in enumerate(results):
        assert columns["name"] == [f"{number}-{n}" for n in range(20)]
        assert columns["price"] == [f"{n}.00" for n in range(20)]
