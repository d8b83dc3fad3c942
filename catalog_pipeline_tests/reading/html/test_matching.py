"""What bounds the texts of a page, and products that lie in each other."""

import tracemalloc

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.explaining import explain
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline_tests.reading.small_catalogues import attributes

URL = "https://shop.example/list/1"
FIELDS = {"name": {"select": "b"}, **{f"all{n}": {"select": "."} for n in range(4)}}


def _parser(**limits: int) -> ListingParser:
    return ListingParser(catalogue_from_attributes("shop", attributes(FIELDS) | {"limits": limits}))


def _nested(depth: int, text: str = "") -> bytes:
    inner = "<div class=p><b>x</b>" * depth + text + "</div>" * depth
    return f"<body>{inner}".encode()


def test_a_value_longer_than_the_limit_is_an_error_that_names_the_key():
    parser = _parser(max_cell_bytes=100)
    page = "<div class=p><b>{}</b></div>"
    name = parser.read(page.format("é" * 50).encode(), url=URL, page=PageKey(1)).columns["name"]
    assert name == ["é" * 50]
    with pytest.raises(ParseError, match=r"text of 102 bytes .* 100 that limits.max_cell_bytes"):
        parser.read(page.format("é" * 51).encode(), url=URL, page=PageKey(1))


def test_the_values_of_a_page_have_a_limit_together():
    parser = _parser(max_rows_bytes=1000)
    product = f"<div class=p><b>{'x' * 20}</b></div>"
    assert len(parser.read((product * 10).encode(), url=URL, page=PageKey(1)).columns["name"]) == 10
    with pytest.raises(ParseError, match=r"1000 bytes that limits.max_rows_bytes allows") as caught:
        parser.read((product * 11).encode(), url=URL, page=PageKey(1))
    assert caught.value.field == "all3"
    explanation = explain(parser, (product * 11).encode(), url=URL)
    assert not explanation.is_good


def test_products_may_lie_in_each_other_but_not_deep():
    assert len(_parser().read(_nested(10), url=URL, page=PageKey(1)).columns["name"]) == 10
    with pytest.raises(ParseError, match="in each other more than 10 deep"):
        _parser().read(_nested(11), url=URL, page=PageKey(1))


def test_products_beside_each_other_in_one_that_is_deep_are_counted_once():
    page = b"<div>" * 60 + b"<div class=p><b>x</b></div>" * 50
    assert len(_parser().read(page, url=URL, page=PageKey(1)).columns["name"]) == 50


@pytest.mark.parametrize("depth", [9, 60])
def test_nested_products_with_a_large_text_cost_no_more_than_the_limits(depth):
    """60 of them held 3.3 GB once: each has the text of all that are in it."""
    body = _nested(depth, "x" * 10_000_000)
    tracemalloc.start()
    with pytest.raises(ParseError):
        _parser().read(body, url=URL, page=PageKey(1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 60_000_000


@pytest.mark.parametrize(
    ("markup", "field", "value"),
    [
        ("<b class=x></b><b class=x>5</b>", {"select": ".x"}, "5"),
        ("<b class=x> </b><b class=x>5</b>", {"select": "b:nth-child(n)"}, "5"),
        ("<b class=x></b><b class=x>5</b>", {"select": "./b"}, "5"),
        ("<b class=x></b><b class=x>5</b>", {"select": "./b/text()"}, "5"),
        ("<img src=x><img data-src=y>", {"select": "img", "attribute": "data-src"}, "y"),
        ("<i></i><u>5</u>", {"select": ["i", "u"]}, "5"),
        ("<b></b><b></b>", {"select": "b"}, None),
        ("<b></b><b></b>", {"select": "xpath:string(./b)"}, None),
    ],
)
def test_a_blank_match_hides_none_behind_it(markup, field, value):
    parser = ListingParser(
        catalogue_from_attributes("shop", attributes({"name": {"select": "s"}, "x": field}))
    )
    page = f"<div class=p><s>name</s>{markup}</div>".encode()
    assert parser.read(page, url=URL, page=PageKey(1)).columns["x"] == [value]
    assert explain(parser, page, url=URL).is_good
