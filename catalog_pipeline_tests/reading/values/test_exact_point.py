"""Numbers of a YAML, of JSON and of templates: their point parts decimals on every site."""

from __future__ import annotations

import json
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.reader import reader_of
from catalog_pipeline_tests.reading.small_catalogues import attributes, catalogue

CROWNS = {"type": "money", "currency": "DKK"}
COMMA = {"type": "number", "decimal_separator": ","}


def _of_json(value: object, field: dict[str, Any]) -> object:
    described = attributes({"k": {"json": "k"}, "n": {"json": "n", **field}})
    del described["product"]
    described["records"] = {"from": "json", "path": "@"}
    reader = reader_of(catalogue_from_attributes("shop", described))
    body = json.dumps([{"k": "a", "n": "VALUE"}]).replace('"VALUE"', str(value))
    read = reader.read(body.encode(), url="https://shop.example/list/1", page=PageKey(1))
    return read.columns["n"][0]


def _of_html(content: str, fields: dict[str, dict[str, Any]], name: str) -> object:
    reader = reader_of(catalogue({"k": {"select": "b"}, **fields}))
    body = f"<div class=p><b>k</b>{content}</div>".encode()
    read = reader.read(body, url="https://shop.example/list/1", page=PageKey(1))
    return read.columns[name][0]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (CROWNS, "1.234"),
        (COMMA, 1.234),
        ({"type": "number"}, 1.234),
        (COMMA | {"json": "sum([n, n])"}, 2.468),
        (CROWNS | {"decimal_separator": ","}, "1.234"),
        (CROWNS | {"values": {"1.234": None}}, None),
        (CROWNS | {"pattern": r"\d\.\d{3}$"}, "1.234"),
        (CROWNS | {"json": "to_string(n)"}, "1.234"),
        (CROWNS | {"json": "join(' ', [to_string(n), 'kr'])"}, "1.234"),
        ({}, "1.234"),
    ],
)
def test_a_number_of_json_is_read_as_it_is_written(field: dict[str, Any], value: object):
    assert _of_json("1.234", field) == value


def test_a_number_of_json_with_decimals_is_no_integer():
    for number in ("1.234", "12.345", "5.5"):
        with pytest.raises(ParseError, match="no integer"):
            _of_json(number, {"type": "integer"})


@pytest.mark.parametrize("escaped", [r"12\u0000\u000099", r"12\ufdd299"])
def test_a_text_of_json_holds_none_of_our_own_marks(escaped: str):
    with pytest.raises(ParseError, match="a character that none has"):
        _of_json(f'"{escaped}"', CROWNS)


@pytest.mark.parametrize(
    ("field", "content", "value"),
    [
        (COMMA | {"default": 1.234}, "", 1.234),
        (COMMA | {"default": 4.5}, "", 4.5),
        (COMMA | {"values": {"X": 2.125}}, "<i>X</i>", 2.125),
        (CROWNS | {"default": 1.299}, "", "1.299"),
        (CROWNS | {"values": {"X": 1.299}}, "<i>X</i>", "1.299"),
        (CROWNS | {"decimal_separator": ",", "values": {"X": 12.50}}, "<i>X</i>", "12.5"),
    ],
)
def test_a_number_of_the_yaml_is_what_the_yaml_says(
    field: dict[str, Any], content: str, value: object
):
    assert _of_html(content, {"n": {"select": "i", **field}}, "n") == value


def test_a_default_with_decimals_is_no_integer():
    field = {"type": "integer", "select": "i", "default": 1.234}
    with pytest.raises(CatalogueError, match=r"n\.default: 1\.234: .* no integer"):
        reader_of(catalogue({"k": {"select": "b"}, "n": field}))


@pytest.mark.parametrize(("kind", "value"), [(CROWNS, "1.299"), (COMMA, 1.299)])
def test_a_number_in_a_template_keeps_its_decimals(kind: dict[str, Any], value: object):
    fields = {"w": {"select": "i", **COMMA}, "t": {"template": "{w}", **kind}}
    assert _of_html("<i>1,299</i>", fields, "t") == value
    with pytest.raises(ParseError, match="no integer"):
        _of_html("<i>1,299</i>", fields | {"t": {"template": "{w}", "type": "integer"}}, "t")
