"""What a field may take besides one match: lists, joined texts, other fields, the page."""

from typing import Any

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline_tests.reading.small_catalogues import catalogue

URL = "https://shop.example/list/1"


def _columns(body: str, fields: dict[str, Any], key: str = "id") -> dict[str, list[Any]]:
    described: dict[str, Any] = {"id": {"select": "u"}, **fields}
    parser = ListingParser(catalogue(described, key=key))
    columns = parser.read(body.encode(), url=URL, page=PageKey(1)).columns
    assert tuple(columns) == parser.catalogue.columns
    return dict(columns)


def _values(content: str, field: Any) -> list[Any]:
    """The values of the field `x` in a product of that content, and in one of none."""
    body = f"<div class=p><u>1</u>{content}</div><div class=p><u>2</u></div>"
    return _columns(body, {"x": field})["x"]


@pytest.mark.parametrize("select", ["img", "./img", ["picture", "img"]])
def test_many_takes_all_matches_as_a_list(select: object):
    images = "<img src=/a.jpg><img src=''><img><i><img src=/b.jpg></i><img src=/a.jpg>"
    field = {"select": select, "attribute": "src", "type": "url", "many": True}
    root = "https://shop.example"
    expected = [f"{root}/a.jpg", f"{root}/b.jpg", f"{root}/a.jpg"]
    assert _values(images, field)[0] == (expected if select != "./img" else [expected[0]] * 2)
    assert _values(images, field)[1] is None


def test_each_of_many_is_read_by_the_fields_type():
    field = {"select": "b", "pattern": r"(\d+) cm", "type": "integer", "many": True}
    assert _values("<b>5 cm</b><b>7 cm</b>", field) == [[5, 7], None]
    with pytest.raises(ParseError, match="does not match"):
        _values("<b>5 cm</b><b>wide</b>", field)
    assert _values("<b>5 cm</b><b>wide</b>", field | {"on_invalid": "discard_value"})[0] == [5]


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"select": ["b", "i"], "join": " "}, "A B C D"),
        ({"select": ["i", "b"], "join": ", "}, "C, D, A, B"),
        ({"select": ["b", "i"], "join": "/", "nth": "first"}, "A/C"),
        ({"select": ["b", "i"], "join": "", "nth": "last"}, "BD"),
        ({"select": "b", "join": "-", "pattern": "(A-.)"}, "A-B"),
        ({"select": ["s", "./i"], "join": " "}, "C D"),
    ],
)
def test_join_puts_the_texts_of_all_selectors_together(field: dict, text: str):
    assert _values("<b>A</b><b> B </b><i>C</i><i>D</i>", field) == [text, None]


def test_a_split_price_is_joined_by_what_parts_it():
    field = {"select": ["b", "i"], "join": ".", "type": "money", "currency": "USD"}
    assert _values("$<b>12</b><i>99</i>", field)[0] == "12.99"


MONEY = {"select": "b", "type": "money", "currency": "EUR"}


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("Sold out", MONEY | {"values": {"Sold out": None}}, None),
        ("2.50", MONEY | {"values": {"Sold out": None}}, "2.50"),
        ("Free", MONEY | {"values": {"Free": 0}}, "0"),
        ("free  of charge", MONEY | {"values": {"free of charge": "0.00"}}, "0.00"),
        ("2.50", MONEY | {"values": {"Free": 0}}, "2.50"),
        ("n/a", {"select": "b", "values": {"n/a": None}}, None),
        ("blue", {"select": "b", "values": {"n/a": None}}, "blue"),
        ("none", {"select": "b", "type": "integer", "values": {"none": 0}}, 0),
        ("7", {"select": "b", "type": "integer", "values": {"none": 0}}, 7),
        ("?", {"select": "b", "type": "boolean", "values": {"?": None, "new": True}}, None),
    ],
)
def test_a_value_map_may_give_null_and_amounts(text: str, field: dict, value: object):
    assert _values(f"<b>{text}</b>", field)[0] == value


def test_a_text_that_neither_map_nor_type_knows_is_told_of_both():
    with pytest.raises(ParseError, match=r"no amount in the price \(not one of .*: Free\)"):
        _values("<b>ask</b>", MONEY | {"values": {"Free": 0}})
    known = {"new": True, "?": None}
    with pytest.raises(ParseError, match=r"not one of the texts in `values`: \?, new"):
        _values("<b>yes</b>", {"select": "b", "type": "boolean", "values": known})


def test_a_default_is_for_products_in_which_nothing_is_found():
    assert _values("<b>3</b>", {"select": "b", "type": "integer", "default": 0}) == [3, 0]
    assert _values("<b>3</b>", MONEY | {"default": "9.99"}) == ["3", "9.99"]
    nothing = {"select": "b", "default": "x", "values": {"n/a": None}}
    assert _values("<b>n/a</b>", nothing) == [None, "x"]
    with pytest.raises(CatalogueError, match=r"fields.x.default: 'many': no integer"):
        _values("", {"select": "b", "type": "integer", "default": "many"})


def test_a_template_is_made_of_other_fields():
    body = (
        "<div class=p><u>7</u><b>Acme</b><i>X {1}</i></div><div class=p><u>8</u><b>Acme</b></div>"
    )
    fields = {
        "name": {"template": "{brand} {model} ({{new}})"},
        "url": {"template": "/p/{id}?x", "type": "url"},
        "brand": "b",
        "model": {"select": ["i"]},
    }
    columns = _columns(body, fields)
    assert columns["name"] == ["Acme X {1} ({new})", None]
    assert columns["url"] == ["https://shop.example/p/7?x", "https://shop.example/p/8?x"]


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{brnd}", "it names brnd, which is not declared. Allowed: id, x, y, z"),
        ("{y}", "it names y, which is a list"),
        ("{z}", "it names z, which is a template"),
        ("nothing", "names no field"),
        ("{brand", "expected '}'"),
        ("{id.x}", "names no field; a brace"),
        ("{id!r}", "names no field; a brace"),
        ("{0}", "names no field; a brace"),
    ],
)
def test_a_template_of_what_is_not_there_is_refused(template: str, problem: str):
    fields = {
        "x": {"template": template},
        "y": {"select": "b", "many": True},
        "z": {"template": "{id}"},
    }
    with pytest.raises(CatalogueError) as caught:
        _columns("", fields)
    assert problem in str(caught.value)


def test_a_field_of_the_page_is_the_same_for_all_its_products():
    body = "<h1>Kettles</h1><div class=p><u>1</u></div><div class=p><u>2</u></div>"
    assert _columns(body, {"x": {"select": "h1", "of": "page"}})["x"] == ["Kettles"] * 2
    in_products = {"x": {"select": "u", "of": "page", "type": "integer", "nth": "max"}}
    assert _columns(body, in_products)["x"] == [2, 2]
    absent = {"x": {"select": "h2", "of": "page", "required": True}}
    with pytest.raises(ParseError, match="a required field of the page has no text") as caught:
        _columns(body, absent)
    assert caught.value.position is None


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("1299", MONEY | {"scale": 0.01}, "12.99"),
        ("129900", MONEY | {"scale": 0.01}, "1299.00"),
        ("12", MONEY | {"scale": 1000}, "12000"),
        ("0.1", {"select": "b", "type": "number", "scale": 3}, 0.3),
        ("12", {"select": "b", "type": "integer", "scale": 0.5}, 6),
        ("Free", MONEY | {"scale": 0.01, "values": {"Free": 5}}, "5"),
    ],
)
def test_a_value_is_scaled_exactly(text: str, field: dict, value: object):
    assert _values(f"<b>{text}</b>", field)[0] == value


def test_a_scaled_value_that_is_none_of_its_type_is_refused():
    with pytest.raises(ParseError, match="no whole number"):
        _values("<b>13</b>", {"select": "b", "type": "integer", "scale": 0.5})
    with pytest.raises(ParseError, match="more than 18 decimals"):
        _values("<b>13</b>", MONEY | {"scale": 1e-19})
    with pytest.raises(ParseError, match="too great for a number"):
        _values("<b>1e300</b>", {"select": "b", "type": "number", "scale": 1e300})


def test_the_short_form_of_a_field_is_its_selector():
    body = "<div class=p><u>1</u><b>A</b></div>"
    assert _columns(body, {"x": "b", "y": ["i", "b"]})["y"] == ["A"]
    with pytest.raises(CatalogueError, match=r"fields.x.select: a\[ is no selector"):
        _columns(body, {"x": "a["})


@pytest.mark.parametrize(
    "selector",
    [
        "b > " * 3000 + "b",
        "xpath:" + "(" * 3000 + "b" + ")" * 3000,
        ":not(" * 3000 + "b" + ")" * 3000,
    ],
)
def test_a_selector_that_is_nested_too_deep_is_a_mistake(selector: str):
    with pytest.raises(CatalogueError, match="is no selector"):
        _columns("<div class=p>x</div>", {"x": selector})


def test_products_within_a_template_element_are_none():
    body = (
        "<template><div class=p><u>0</u></div></template><div class=p><u>1</u>"
        "<template><b>no</b></template> yes</div>"
    )
    columns = _columns(body, {"x": {"select": "b"}, "all": {"select": "."}})
    assert (columns["id"], columns["x"], columns["all"]) == (["1"], [None], ["1 yes"])


@pytest.mark.parametrize(
    ("field", "problem"),
    [
        ({"select": "b", "many": True, "nth": "last"}, "many takes all"),
        ({"select": "b", "many": True, "join": " "}, "many gives a list"),
        (MONEY | {"many": True}, "no currency of its own"),
        ({"select": "b", "type": "boolean", "exists": True, "many": True}, "exists asks for any"),
        ({"select": "b", "nth": "min"}, "no value is the least"),
        ({"select": "b", "template": "{id}"}, "select, attribute"),
        ({"template": "{id}", "of": "page"}, "select, attribute"),
        ({"attribute": "x"}, "at least one selector"),
        ({"select": "b", "default": 1, "required": True}, "default is for values that may"),
        ({"select": "b", "scale": 0.1}, "scale is for fields of type integer or money or number"),
        ({"select": "b", "of": "page", "on_invalid": "discard_row"}, "no row of its own"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(field: dict, problem: str):
    with pytest.raises(CatalogueError, match=problem):
        _columns("", {"x": field})


def test_a_list_or_a_value_that_may_be_left_out_is_no_key():
    for field, problem in (
        ({"select": "b", "many": True}, "tells no products apart"),
        ({"select": "b", "on_invalid": "discard_value"}, "cannot be left out alone"),
    ):
        with pytest.raises(CatalogueError, match=problem):
            _columns("", {"x": field}, key="x")


def test_selectors_leave_the_product_and_put_texts_together():
    body = (
        "<section><h2>Cups</h2><div class=p><u>1</u><b>12</b><i>99</i>"
        "<em><a class=sale>New x</a></em></div></section>"
    )
    fields = {
        "category": "xpath:ancestor::section/h2",
        "price": MONEY | {"select": "xpath:concat(./b, '.', ./i)"},
        "sale": "em:has(a.sale)",
        "new": 'a:contains("New")',
    }
    columns = _columns(body, fields)
    assert [columns[name][0] for name in fields] == ["Cups", "12.99", "New x", "New x"]
