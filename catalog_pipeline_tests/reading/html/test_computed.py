"""What XPaths compute: exactly, of one number, and nothing where nothing is found."""

from __future__ import annotations

from typing import Any

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.reader import reader_of
from catalog_pipeline_tests.reading.small_catalogues import catalogue

CROWNS = {"type": "money", "currency": "DKK"}


def _computed(content: str, xpath: str, **field: Any) -> object:
    reader = reader_of(
        catalogue({"k": {"select": "b"}, "x": {"select": f"xpath:{xpath}", **field}})
    )
    body = f"<div class=p>{content}</div>".encode()
    read = reader.read(body, url="https://shop.example/list/1", page=PageKey(1))
    return read.columns["x"][0]


@pytest.mark.parametrize(
    ("content", "xpath", "field", "value"),
    [
        ("<b>Kettle 2</b><i>1234</i>", "number(.//i)", {"type": "integer"}, 1234),
        ("<b>Kettle 2</b><i>12</i><i>30</i>", "sum(.//i)", {"type": "integer"}, 42),
        ("<b>k</b><i>1234</i>", "number(.//i) div 1000", CROWNS, "1.234"),
        ("<b>k</b><i>1299</i>", "number(.//i) div 100", CROWNS, "12.99"),
        ("<b>k</b><i>1234</i>", "number(.//i) div 1000", {"type": "number"}, 1.234),
        ("<b>k</b>", "string(.//u)", {"type": "boolean", "exists": True}, False),
        ("<b>k</b>", "count(.//u)", {"type": "boolean", "exists": True}, False),
        ("<b>k</b><u>0</u>", "count(.//u)", {"type": "boolean", "exists": True}, True),
        ("<b>k</b><u>x</u>", "string(.//u)", {"type": "boolean", "exists": True}, True),
    ],
)
def test_what_is_computed_of_one_number_is_read(
    content: str, xpath: str, field: dict[str, Any], value: object
):
    assert _computed(content, xpath, **field) == value


@pytest.mark.parametrize(
    ("content", "xpath", "field", "problem"),
    [
        ("<b>k</b><i>1234</i>", "number(.//i) div 1000", {"type": "integer"}, "no integer"),
        ("<b>k</b><i>9007199254740993</i>", "number(.//i)", {"type": "integer"}, "not exact"),
        ("<b>k</b><i>12345678901234567890123</i>", "number(.//i)", {}, "not exact"),
        ("<b>k</b><i>0.1</i><i>0.2</i>", "sum(.//i)", CROWNS, "not exact"),
        ("<b>1<i>2</i></b>", "number(.//b)", {"type": "integer"}, "different elements meet"),
    ],
)
def test_what_is_not_exact_or_of_several_is_refused(
    content: str, xpath: str, field: dict[str, Any], problem: str
):
    with pytest.raises(ParseError, match=problem):
        _computed(content, xpath, **field)
