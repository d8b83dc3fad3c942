"""Products that are records of JSON: in a page of it, and in the scripts of HTML."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError, NoProductError, ParseError
from catalog_pipeline.reading.reader import Reader, reader_of
from catalog_pipeline.records import Reading

URL = "https://shop.example/products.json?page=1"
ID = {"json": "id", "type": "integer"}
PRICE = {"json": "price", "type": "money", "currency": "USD"}


def _reader(columns: dict[str, Any], records: dict[str, Any] | None = None, **more: Any) -> Reader:
    attributes = {
        "base_url": "https://shop.example",
        "page_url": "/products.json?page={page}",
        "last_page": 9,
        "records": {"from": "json", "path": "products"} if records is None else records,
        "fields": {"id": ID, **columns},
        "key": "id",
    }
    attributes |= more
    return reader_of(catalogue_from_attributes("shop", attributes))


def _read(body: object, fields: dict[str, Any], **more: Any) -> Reading:
    text = body if isinstance(body, str) else json.dumps(body)
    return _reader(fields, **more).read(text.encode(), url=URL, page=PageKey(1))


def _values(value: str, field: dict[str, Any]) -> list[Any]:
    """The field `x` of a record with that JSON as `v`, and of one without it."""
    body = f'{{"products": [{{"id": 1, "v": {value}}}, {{"id": 2}}]}}'
    return _read(body, {"x": {"json": "v", **field}}).columns["x"]


MONEY = {"type": "money", "currency": "EUR"}


@pytest.mark.parametrize(
    ("value", "field", "read"),
    [
        ("12.90", MONEY, "12.90"),
        ("129.000", MONEY, "129.000"),
        ("1.299", MONEY | {"decimal_separator": ","}, "1.299"),
        ("12345678901234567.89", MONEY, "12345678901234567.89"),
        ('"12,90 €"', MONEY, "12.90"),
        ("1290", MONEY | {"scale": 0.01}, "12.90"),
        ("1290", {"type": "integer"}, 1290),
        ("4.5", {"type": "number"}, 4.5),
        ("1e2", MONEY, "100"),
        ("1.2345E+2", MONEY, "123.45"),
        ("1.2345E+2", MONEY | {"decimal_separator": ","}, "123.45"),
        ("-25e-1", {"type": "number"}, -2.5),
        ("1.0E7", {"type": "integer"}, 10_000_000),
        ("1e2", {}, "1e2"),
        ("true", {"type": "boolean"}, True),
        ("false", {"type": "boolean"}, False),
        ("false", {}, "false"),
        ('" a \\u00e9\\n b "', {}, "a é b"),
        ('"/p/1"', {"type": "url"}, "https://shop.example/p/1"),
        ('"Free"', MONEY | {"values": {"Free": 0}}, "0"),
        ('["a", "", null, "b"]', {"many": True}, ["a", "b"]),
        ("[3, 1]", {"type": "integer", "nth": "min"}, 1),
        ('["a", "b"]', {"nth": "last"}, "b"),
        ('["a", "b"]', {"join": ", "}, "a, b"),
        ('""', {}, None),
        ("null", {}, None),
        ('{"a": 1}', {"json": "v.a", "type": "integer"}, 1),
        ('[{"p": "9.50"}, {"p": "9.00"}]', {"json": "v[0].p", **MONEY}, "9.50"),
        ('[{"p": "9.50"}, {"p": "9.50"}]', {"json": "v[].p", **MONEY}, "9.50"),
        ("5", {"json": ["w", "v"], "type": "integer"}, 5),
        ("{}", {"type": "boolean", "exists": True}, True),
        ('5, "v": 5, "w": 1, "w": 2', {"type": "integer"}, 5),
        ('{"a": 5, "b": 1, "b": 2}', {"json": "v.a", "type": "integer"}, 5),
    ],
)
def test_a_value_of_json_is_read_by_the_fields_type(value: str, field: dict, read: object):
    lacking = False if field.get("exists") else None
    assert _values(value, field) == [read, lacking]


@pytest.mark.parametrize(
    ("value", "field", "problem"),
    [
        ('{"a": 1, "b": 2}', {}, "gives an object with a, b; add the key that is wanted"),
        ('["5", "6"]', MONEY, "several prices, '5' and '6'"),
        ('"1.299"', MONEY, "declare `decimal_separator`"),
        ('"ask"', MONEY, "no amount in the price"),
        ("5", {"json": "abs(id)", "required": True, "type": "text", "pattern": "x"}, "pattern x"),
        ("[0.1, 0.2]", MONEY | {"json": "sum(v)"}, r"the path sum\(v\) computes a price"),
        ('"12.10"', MONEY | {"json": "to_number(v)"}, "add the path of the price as it is written"),
        ('5, "v": 6', MONEY, "the key v more than once, with different values"),
        ('{"p": "a", "p": "b"}', {"json": "v.*"}, "the key p more than once"),
        ("5", {"json": "join(',', v)"}, r"the path join\(',', v\) cannot be followed"),
    ],
)
def test_a_value_that_leaves_something_open_is_an_error(value: str, field: dict, problem: str):
    with pytest.raises(ParseError, match=problem) as caught:
        _values(value, field)
    assert (caught.value.page, caught.value.field) == (PageKey(1), "x")


@pytest.mark.parametrize(
    ("markup", "field", "read"),
    [
        ("Mug &amp; cup &#8211; <b>red</b>", {}, "Mug & cup \u2013 red"),
        ("One<br>two<script>x()</script><!-- three -->", {}, "One two"),
        ("Plain text", {}, "Plain text"),
        ("5 < 6 & 7", {}, "5 < 6 & 7"),
        ("<p> </p>", {}, None),
        ("<span>12</span><sup>99</sup> &euro;", MONEY, "12.99"),
        ("/a?b=1&amp;c=2", {"type": "url"}, "https://shop.example/a?b=1&c=2"),
        ("<i>S</i>", {"values": {"S": "small"}}, "small"),
    ],
)
def test_a_text_that_is_html_is_read_as_a_browser_shows_it(
    markup: str, field: dict[str, Any], read: object
):
    assert _values(json.dumps(markup), {"html": True, **field})[0] == read


def test_a_price_in_html_is_put_together_out_of_no_two_elements():
    with pytest.raises(ParseError, match="digits of different elements meet"):
        _values('"<s>20</s><b>15</b>"', {"html": True, **MONEY})


def test_half_of_a_pair_of_surrogates_in_html_is_refused_as_elsewhere():
    with pytest.raises(ParseError, match="surrogate"):
        _values('"<b>\\ud83d</b>"', {"html": True})


def test_only_texts_of_json_are_html():
    with pytest.raises(CatalogueError, match="html is for texts of JSON"):
        _reader({"x": {"template": "{id}", "html": True}})


def test_a_number_of_json_beyond_all_use_is_an_error():
    with pytest.raises(ParseError):
        _values("1e999999999", MONEY)


def test_products_that_are_there_twice_are_an_error_however_deep_the_page_is_nested():
    body = '{{"products": [{{"id": 1}}], "deep": {}, "products": [{{"id": 2}}]}}'
    for depth in (1, 3000):
        with pytest.raises(ParseError, match="the key products more than once"):
            _read(body.format("[" * depth + "]" * depth), {})


def test_what_cannot_be_read_is_left_out_as_the_yaml_says():
    body = {"products": [{"id": 1, "price": "5"}, {"id": 2, "price": "ask"}]}
    reading = _read(body, {"price": PRICE | {"on_invalid": "discard_row"}})
    assert reading.columns["id"] == [1]
    assert reading.notes is not None
    assert reading.notes.discarded == {"price": 1}


def test_templates_fields_of_the_page_and_totals_are_read():
    body = {"meta": {"shop": "Acme", "count": 240}, "products": [{"id": 1}, {"id": 2}]}
    fields = {
        "url": {"template": "/p/{id}", "type": "url"},
        "shop": {"json": "meta.shop", "of": "page"},
    }
    reading = _read(body, fields, total={"json": "meta.count"})
    assert reading.columns == {
        "id": [1, 2],
        "url": ["https://shop.example/p/1", "https://shop.example/p/2"],
        "shop": ["Acme", "Acme"],
    }
    assert reading.notes is not None
    assert reading.notes.total == 240


def test_a_field_in_lists_that_lie_in_each_other_thousands_deep_is_read():
    for depth in (1, 4000):
        assert _values("[" * depth + "7" + "]" * depth, {"type": "integer"}) == [7, None]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"products": [{"id": 1}, {"id" 2}]}', r"no JSON: expecting ':' .*line 1, column 32"),
        ('{"products":\n [}', r"no JSON: expecting value \(line 2, column 3\)"),
        ("<html>", r"no JSON: expecting value \(line 1, column 1\)"),
        ("", "no JSON: expecting value"),
        ('{"products": [NaN]}', "holds NaN, which is no number"),
        ("[" * 100_000, "nested too deep"),
        ('{"products": {"id": 1}}', "gives an object with id, and no list of them"),
        ('{"products": [5]}', "a product is no object but the value '5'"),
        ('{"products": [{"id": 1}, {}]}', "a required field has no value; id finds nothing"),
    ],
)
def test_json_that_is_broken_or_something_else_names_the_place(text: str, problem: str):
    with pytest.raises(ParseError, match=problem):
        _read(text, {})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"products": []}, "products finds nothing"),
        ({"items": [1], "page": 2}, "no products at the top; there is an object with items, page"),
        ([1, 2], "there is a list of 2, the first the value '1'"),
    ],
)
def test_a_page_without_products_says_what_is_there_instead(body: object, reason: str):
    with pytest.raises(NoProductError, match=reason):
        _read(body, {})


STATE = '{"props": {"items": [{"id": 1, "price": 12.90}, {"id": 2, "price": 5}]}}'


@pytest.mark.parametrize(
    ("markup", "records"),
    [
        (f'<script id=state type="application/json">{STATE}</script>', {"script": "#state"}),
        (f"<script id=state><!-- {STATE} --></script>", {"script": "#state"}),
        (
            f"<script>var a = {{}}; window.__STATE__ = {STATE}; run({{}})</script>",
            {"script": "script", "assigned": "window.__STATE__"},
        ),
        (
            f"<script>x=1</script><script>data={STATE}</script>",
            {"script": "script", "assigned": "data"},
        ),
    ],
)
def test_json_in_the_scripts_of_html_is_read(markup: str, records: dict[str, str]):
    described = {"from": "embedded", "path": "props.items", **records}
    columns = _read(f"<p>{markup}</p>", {"price": PRICE}, records=described).columns
    assert columns == {"id": [1, 2], "price": ["12.90", "5"], "price_currency": ["USD"] * 2}


@pytest.mark.parametrize(
    ("script", "ids"),
    [
        ('x = {}; x = {"p": [{"id": 1}]};', [1]),
        ('x = null; x = {"p": [{"id": 1}]};', [1]),
        ('if (x == y) x = {"p": [{"id": 1}]}; x = {"p": [{"id": 1}]}', [1]),
        ('x = x || {}; x = {"p": [{"id": 1}]};', [1]),
        ('// x = {"p": [{"id": 7}]}\nx = {"p": [{"id": 1}]}', [1]),
        ('/* x = {"p": [{"id": 7}]} */ x = {"p": [{"id": 1}]};', [1]),
        ('u = "//cdn/*"; x = {"p": [{"id": 1}]}; // x = {"p": [{"id": 7}]}', [1]),
        ('u = \'https://a\'; x = {"p": [{"id": 1}]}\n-->', [1]),
        ('x = {"p": [{"id": 7}]}; x = {"p": [{"id": 1}]}', None),
    ],
)
def test_of_what_a_script_assigns_several_times_none_is_chosen(script: str, ids: list[int] | None):
    records = {"from": "embedded", "script": "script", "path": "p", "assigned": "x"}
    page = f"<script>{script}</script>"
    if ids is not None:
        assert _read(page, {}, records=records).columns["id"] == ids
        return
    with pytest.raises(ParseError, match="assigned 2 times, not always the same"):
        _read(page, {}, records=records)


def test_products_of_several_blocks_of_json_ld_are_taken_together():
    blocks = [
        {"@type": "Organization", "name": "Acme"},
        {"@type": "Product", "sku": 1, "offers": {"price": "9.90", "priceCurrency": "EUR"}},
        [{"@type": "Product", "sku": 2, "offers": {"price": 5}}],
    ]
    script = '<script type="application/ld+json">{}</script>'
    body = "".join(script.format(json.dumps(block)) for block in blocks)
    records = {
        "from": "embedded",
        "script": 'script[type="application/ld+json"]',
        "path": "[@][] | [?\"@type\"=='Product']",
    }
    fields = {"id": {"json": "sku", "type": "integer"}, "price": PRICE | {"json": "offers.price"}}
    assert _read(body, fields, records=records).columns["id"] == [1, 2]


@pytest.mark.parametrize(
    ("markup", "records", "problem"),
    [
        ("<p>x", {"script": "#state"}, "there is no script #state"),
        ("<script id=state>x = 1</script>", {"script": "#state"}, "no JSON: expecting value"),
        (
            '<script id=state>window.a = {"b": 1}; c.d = [2]</script>',
            {"script": "#state"},
            r"it assigns window.a, c.d; name one in `assigned`",
        ),
        (
            "<script>window.a = 1</script>",
            {"script": "script", "assigned": "b"},
            "nothing is assigned to b in script",
        ),
        (
            "<script>b = {'c': 1}</script>",
            {"script": "script", "assigned": "b"},
            r"what the script script assigns to b is no JSON: .*line 1, column 6",
        ),
        (
            f"<script id=state>{STATE}</script>",
            {"script": "#state", "path": "props.list"},
            "there is no list in props; there is an object with items",
        ),
    ],
)
def test_scripts_without_the_products_say_what_is_there(
    markup: str, records: dict[str, str], problem: str
):
    described = {"from": "embedded", "path": "props.items", **records}
    with pytest.raises(ParseError, match=problem):
        _read(markup, {}, records=described)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"records": {"from": "json"}}, "say where the products are"),
        ({"records": {"from": "json", "path": "a["}}, r"records.path: a\[ is no JMESPath"),
        ({"records": {"from": "embedded", "path": "a"}}, "say which script"),
        ({"records": {"from": "json", "path": "a", "script": "b"}}, "has no scripts"),
        ({"records": {"path": "a"}}, "say from: json or embedded"),
        ({"records": {"from": "xml", "path": "a"}}, "records.from: input should be 'html', 'json'"),
        ({"records": {"form": "json"}}, "no such key; did you mean from"),
        ({"product": ".p"}, "product selects elements of HTML"),
        ({"fields": {"id": "b"}}, "fields.id.select: the products are JSON"),
        ({"fields": {"id": {"json": "a..b"}}}, r"fields.id.json: a..b is no JMESPath"),
        (
            {"fields": {"id": {"jsn": "a"}}},
            "fields.id.jsn: .* did you mean json",
        ),
        ({"records": {}, "product": ".p"}, "fields.id.json: the products are elements of HTML"),
        ({"records": {}}, "product: it is required, and missing"),
        ({"total": {}}, "say where the number is"),
    ],
)
def test_a_mistake_in_the_way_to_the_records_is_told(changes: dict[str, Any], problem: str):
    with pytest.raises(CatalogueError, match=problem):
        _reader({}, **changes)


def test_a_stray_byte_costs_only_the_value_that_holds_it():
    body = b'{"products": [{"id": 1, "t": "caf\xe9"}, {"id": 2, "t": "x"}], "footer": "\xa9"}'
    reader = _reader({"x": {"json": "t", "on_invalid": "discard_value"}})
    reading = reader.read(body, url=URL, page=PageKey(1))
    assert reading.columns["x"] == [None, "x"]
    with pytest.raises(ParseError, match=r"byte 33 \(0xe9\) is not valid utf-8"):
        _reader({"x": {"json": "t"}}).read(body, url=URL, page=PageKey(1))
    told = _reader({"x": {"json": "t"}}, encoding="windows-1252")
    assert told.read(body, url=URL, page=PageKey(1)).columns["x"] == ["café", "x"]


@pytest.mark.parametrize("kind", ["text", "url"])
def test_half_of_a_pair_of_surrogates_costs_only_the_value_that_holds_it(kind: str):
    body = r'{"products": [{"id": 1, "t": "a\ud800"}, {"id": 2, "t": "\ud83d\ude00"}], "\ud800": 1}'
    reading = _read(body, {"x": {"json": "t", "on_invalid": "discard_value", "type": kind}})
    assert [value is None for value in reading.columns["x"]] == [True, False]
    assert reading.notes is not None
    assert [each.found for each in reading.notes.texts] == [r"a\ud800"]
    with pytest.raises(ParseError, match=r"product 1.*\(found: 'a\\\\ud800'\)") as error:
        _read(body, {"x": {"json": "t", "type": kind}})
    assert r"\ud800 is half of a pair of surrogates, and no character" in error.value.problem
    str(error.value).encode()


@pytest.mark.parametrize(
    "path", ["(" * 3000 + "a" + ")" * 3000, "a" + ".[b" * 3000 + "]" * 3000, "!" * 3000 + "a"]
)
def test_a_path_that_is_nested_too_deep_is_a_mistake(path: str):
    with pytest.raises(CatalogueError, match="is no JMESPath"):
        _reader({"x": {"json": path}})


@pytest.mark.parametrize(
    "behind",
    [".filter(Boolean)", "\n  .concat([1])", "[0]", " /* a */ .map(f)", " && other", "\n(f)()"],
)
def test_json_that_a_script_goes_on_with_is_not_what_is_assigned(behind: str):
    records = {"from": "embedded", "script": "script", "path": "@", "assigned": "x"}
    with pytest.raises(ParseError, match="is computed, and no JSON: it goes on with"):
        _read(f'<script>x = [{{"id": 1}}]{behind};</script>', {}, records=records)


def test_json_in_a_comment_is_not_assigned():
    records = {"from": "embedded", "script": "script", "path": "@", "assigned": "x"}
    with pytest.raises(NoProductError):
        _read('<script>/* x = [{"id": 7}] */ x = [];</script>', {}, records=records)


def test_links_of_embedded_json_are_those_of_their_page():
    records = {"from": "embedded", "script": "script", "path": "@"}
    body = (
        '<base href="/shop/"><meta charset=windows-1251>'
        '<script type=application/json>[{"id": 1, "u": "p/1?q=\u044f"}]</script>'
    )
    read = _reader({"u": {"json": "u", "type": "url"}}, records).read(
        body.encode("windows-1251"), url="https://shop.example/c/list", page=PageKey(1)
    )
    assert read.columns["u"] == ["https://shop.example/shop/p/1?q=%FF"]
