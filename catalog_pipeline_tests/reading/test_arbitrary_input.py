"""Arbitrary bytes and texts: an answer or one of the project's own errors, and no hang."""

import contextlib
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.charset import to_utf8
from catalog_pipeline.reading.explaining import explain
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.reading.values.money import read_money
from catalog_pipeline.reading.values.numbers import read_integer, read_number
from catalog_pipeline.reading.values.timestamps import read_timestamp
from catalog_pipeline_tests.reading.small_catalogues import catalogue

URL = "https://shop.example/list/1"
PARSER = ListingParser(
    catalogue(
        {
            "name": {"select": ["b", "."]},
            "price": {"select": [".x", "xpath:string(.)"], "type": "money", "range": True},
            "link": {"select": "a", "attribute": "href", "type": "url"},
            "at": {"select": "i", "type": "timestamp"},
            "count": {"select": "u", "type": "integer"},
            "many": {"select": "a:first-child", "type": "boolean", "exists": True},
        },
        product=[".p", "body", "html"],
    )
)
MARKUP = st.lists(
    st.sampled_from(
        [
            "<div",
            "class=p>",
            "</div>",
            "<b>",
            "</b>",
            "<a",
            "href='../x'>",
            "<a",
            "href=//[>",
            "<i>",
            "<u>",
            "<base",
            "href=:",
            "<!--",
            "-->",
            "<script>",
            "</script>",
            "&#0;",
            "&#xD800;",
            "&amp",
            "<![CDATA[",
            "<?x",
            "?>",
            "$5.00",
            "1",
            "2024-01-01",
            '"',
            "'",
            ">",
            "\x00",
            "£",
            "é",
            "<svg>",
            "<p",
            "class='x",
        ]
    )
).map(" ".join)
PRICES = st.text("0123456789.,'- \N{MINUS SIGN}\N{EN DASH}$€£¥kr%USDEURtof:", max_size=40)


@given(st.one_of(st.binary(), MARKUP.map(str.encode)), st.none() | st.text(max_size=30))
def test_any_page_gives_columns_or_a_parse_error(body, content_type):
    with contextlib.suppress(ParseError):
        columns = PARSER.read(body, url=URL, page=PageKey(1), content_type=content_type).columns
        assert len({len(cells) for cells in columns.values()}) == 1
    explain(PARSER, body, url=URL, content_type=content_type)


@given(
    st.binary(), st.sampled_from(["gbk", "utf-16", "shift_jis", "x-user-defined", "hz", "utf-7"])
)
def test_any_bytes_in_any_charset_give_utf_8_or_a_parse_error(body, label):
    with contextlib.suppress(ParseError):
        to_utf8(body, f"text/html; charset={label}").decode()


@given(PRICES | st.text(), st.sampled_from([None, "USD", "SEK"]), st.booleans())
def test_any_text_gives_an_exact_price_or_a_parse_error(text, currency, allow_range):
    with contextlib.suppress(ParseError):
        money = read_money(" ".join(text.split()), currency, None, allow_range)
        assert Decimal(money.amount).is_finite()
        assert len(money.currency) == 3
        digits = [character for character in money.amount if character.isdigit()]
        assert all(digit in text or digit == "0" for digit in digits)


@given(st.text() | st.text("0123456789:/.-+TZ amp", max_size=30))
def test_any_text_gives_a_value_or_a_parse_error(text):
    for read in (read_integer, read_number, read_timestamp, LinkResolver(URL, text[:3]).absolute):
        with contextlib.suppress(ParseError):
            read(text)
