"""What the type, the value map and `exists` make of a field's text."""

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline_tests.reading.small_catalogues import catalogue

URL = "https://shop.example/list/1"


def _value(markup: str, **field: object) -> object:
    """What the optional field `x` reads from the `<i>` of a product."""
    parser = ListingParser(catalogue({"name": {"select": "b"}, "x": {"select": "i", **field}}))
    page = f"<div class=p><b>name</b>{markup}</div>".encode()
    return parser.read(page, url=URL, page=PageKey(1), content_type=None).columns["x"][0]


@pytest.mark.parametrize(
    ("markup", "field", "value"),
    [
        ("<i> two\n words </i>", {}, "two words"),
        ("<i>two <u>words</u><!-- no --> more</i>", {}, "two words more"),
        ("<i>\N{NO-BREAK SPACE}</i>", {}, None),
        ("", {}, None),
        ("<i>1,234</i>", {"type": "integer"}, 1234),
        ("<i>4,5</i>", {"type": "number"}, 4.5),
        ("<i>Yes</i>", {"type": "boolean"}, True),
        ("<i>off</i>", {"type": "boolean"}, False),
        ("<i></i>", {"type": "boolean", "exists": True}, True),
        ("", {"type": "boolean", "exists": True}, False),
        ("<i></i>", {"type": "boolean", "exists": True, "attribute": "title"}, False),
        ("<i title>", {"type": "boolean", "exists": True, "attribute": "title"}, True),
        ("<i>One</i>", {"type": "integer", "values": {"One": 1}}, 1),
        ("<i>$</i>", {"type": "boolean", "values": {"$": False}}, False),
        ("<i>no</i>", {"values": {"no": "none"}}, "none"),
        ("<i title='/a b'>", {"type": "url", "attribute": "title"}, "https://shop.example/a%20b"),
    ],
)
def test_a_text_becomes_a_value(markup, field, value):
    found = _value(markup, **field)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("markup", "field", "problem"),
    [
        ("<i>(22 available)</i>", {"type": "integer"}, "pick it out with `pattern`"),
        ("<i>perhaps</i>", {"type": "boolean"}, "neither true nor false"),
        ("<i>Six</i>", {"values": {"One": 1, "Two": 2}}, "not one of the texts in `values`: One"),
        ("<i>none left</i>", {"pattern": r"(\d+) left"}, "does not match"),
        ("<i title='mailto:a'>", {"type": "url", "attribute": "title"}, "no web address"),
        ("<i>soon</i>", {"type": "timestamp"}, "no time"),
    ],
)
def test_a_text_that_does_not_fit_is_an_error_even_where_the_field_is_optional(
    markup, field, problem
):
    with pytest.raises(ParseError, match=problem) as caught:
        _value(markup, **field)
    assert (caught.value.position, caught.value.field, caught.value.selector) == (1, "x", "i")
