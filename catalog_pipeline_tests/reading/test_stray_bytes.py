"""Bytes that a page's charset cannot read: an error where a value holds one, and nowhere else."""

from __future__ import annotations

import codecs
import re
from typing import Any

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline.reading.stray_bytes import decode_marked, shown_bytes
from catalog_pipeline.records import Cell
from catalog_pipeline_tests.reading.small_catalogues import catalogue

URL = "https://shop.example/list?page=1"
FIELDS: dict[str, dict[str, Any]] = {
    "name": {"select": "b", "required": True},
    "code": {"select": "i", "pattern": "([0-9]+)"},
    "link": {"select": "a", "attribute": "href", "type": "url"},
    "stock": {"select": "u", "type": "integer"},
}
PRODUCT = b"<li><b>Caf\xc3\xa9</b> <i>no 7</i> <a href='/p?q=1'>x</a> <u>3</u></li>"


def _read(page: bytes, content_type: str = "text/html; charset=utf-8") -> dict[str, list[Cell]]:
    parser = ListingParser(catalogue(FIELDS, "li"))
    return parser.read(page, url=URL, page=PageKey(1), content_type=content_type).columns


@pytest.mark.parametrize(
    "page",
    [
        PRODUCT + b"<footer>\xa9 2024</footer>",
        b"<title>\x93Shop\x94</title>" + PRODUCT,
        b"<div class='\xff\xfe'>" + PRODUCT + b"</div>",
        b"<!-- \x80 -->" + PRODUCT,
        b"<script>var x = '\xe9'</script>" + PRODUCT,
        PRODUCT.replace(b"no 7", b"n\xb0 7"),
        PRODUCT.replace(b">x<", b">\x95<"),
        PRODUCT.replace(b"</li>", b" \xe2\x82 </li>"),
    ],
    ids=lambda page: repr(page)[:40],
)
def test_a_stray_byte_outside_of_the_values_costs_no_product(page: bytes) -> None:
    assert _read(page) == {
        "name": ["Café"],
        "code": ["7"],
        "link": ["https://shop.example/p?q=1"],
        "stock": [3],
    }


@pytest.mark.parametrize(
    ("page", "field", "byte"),
    [
        (PRODUCT.replace(b"\xc3\xa9", b"\xe9"), "name", "e9"),
        (PRODUCT.replace(b"/p?q=1", b"/p?q=\x92"), "link", "92"),
        (PRODUCT.replace(b"/p?q=1", b"/caf\xe9"), "link", "e9"),
    ],
)
def test_a_value_that_holds_one_is_an_error_that_names_product_field_and_byte(
    page: bytes, field: str, byte: str
) -> None:
    with pytest.raises(
        ParseError, match=rf"byte [0-9]+ \(0x{byte}\) is not valid utf-8, which"
    ) as caught:
        _read(PRODUCT + page)
    assert (caught.value.field, caught.value.position) == (field, 2)
    assert f"\\x{byte}" in str(caught.value.found)
    told = re.search(r"byte ([0-9]+)", caught.value.problem)
    assert told is not None
    assert (PRODUCT + page)[int(told[1])] == int(byte, 16)


def test_a_number_with_a_stray_byte_in_it_is_an_error() -> None:
    with pytest.raises(ParseError, match=r"byte [0-9]+ \(0xa0\) is") as caught:
        _read(PRODUCT.replace(b"<u>3</u>", b"<u>3\xa0000</u>"))
    assert caught.value.field == "stock"


def test_the_place_counts_from_the_beginning_of_the_page_mark_included() -> None:
    page = codecs.BOM_UTF8 + PRODUCT.replace(b"\xc3\xa9", b"\xe9")
    with pytest.raises(ParseError, match=rf"byte {page.index(0xE9)} \(0xe9\)"):
        _read(page)


def test_a_page_without_products_tells_its_first_stray_byte_and_its_title_in_plain() -> None:
    with pytest.raises(
        ParseError, match=r"title '\\\\x93Shop.*; byte 7 \(0x93\) is not valid utf-8"
    ):
        _read(b"<title>\x93Shop\x94</title>")


@pytest.mark.parametrize(
    ("charset", "stray"),
    [("gbk", b"\xff"), ("shift_jis", b"\xfd"), ("euc-jp", b"\xa9\xa1"), ("big5", b"\xff"),
     ("windows-1252", b"\x81"), ("koi8-u", b""), ("utf-8", b"\xc3"), ("gb18030", b"\xff")],
)  # fmt: skip
def test_stray_bytes_are_found_in_every_charset(charset: str, stray: bytes) -> None:
    page = b"<li><b>A</b></li><p>" + stray + b"</p><li><b>B</b></li>" + stray
    parser = ListingParser(catalogue({"name": {"select": "b"}}, "li"))
    rows = parser.read(
        page, url=URL, page=PageKey(1), content_type=f"text/html; charset={charset}"
    ).columns
    assert rows == {"name": ["A", "B"]}


def test_marks_stand_where_the_bytes_stood_and_text_between_them_stays() -> None:
    assert shown_bytes(decode_marked(b"a\xffb\xfe\xfdc\xc3\xa9", "utf-8")) == "a\\xffb\\xfe\\xfdcé"
    text = "名".encode("gbk")
    assert shown_bytes(decode_marked(text + b"\xff" + text + b"\xff", "gbk")) == "名\\xff名\\xff"


def test_a_page_that_is_nothing_but_stray_bytes_is_no_text_in_its_charset() -> None:
    with pytest.raises(UnicodeDecodeError):
        decode_marked(b"\xffa" * 2_000, "gbk")
