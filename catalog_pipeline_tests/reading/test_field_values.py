"""What becomes of texts that leave a value open, or of several that differ: no value is guessed."""

import re
from typing import Any

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline.records import PageNotes, Reading
from catalog_pipeline_tests.reading.small_catalogues import catalogue

MONEY = {"select": ".price", "type": "money", "currency": "USD"}


def _read(body: str, **field: object) -> Reading:
    parser = ListingParser(catalogue({"x": field}))
    return parser.read(body.encode(), url="https://shop.example/list/1", page=PageKey(1))


def _products(*contents: str) -> str:
    return "".join(f"<div class=p>{content}</div>" for content in contents)


def _value(content: str, **field: object) -> object:
    return _read(_products(content), **field).columns["x"][0]


@pytest.mark.parametrize(
    ("content", "amount"),
    [
        ("<b class=price>$12<sup>99</sup></b>", "12.99"),
        ("<b class=price><sup>$</sup>12<sup>99</sup></b>", "12.99"),
        ("<b class=price>$1,299<sup>99</sup></b>", "1299.99"),
        ("<b class=price>$1.299<sup>99</sup></b>", "1299.99"),
        ("<b class=price>$<i>12</i><i class=cents>99</i></b>", "12.99"),
        ("<b class=price>$<i>12</i><i class=price-cents><u>99</u></i></b>", "12.99"),
        ("<b class=price>$<i>12</i><i class=money__fraction> 99</i></b>", "12.99"),
        ("<b class=price>$<i>12</i><i class=priceCents>99</i> USD</b>", "12.99"),
        ("<b class=price>$<i>12</i><i>.</i><i>99</i></b>", "12.99"),
        ("<b class=price>$<i>12.</i><sup>99</sup></b>", "12.99"),
        ("<b class=price>$12<script>34</script></b>", "12"),
    ],
)
def test_a_price_in_several_elements_is_read_where_its_markup_says_how(content, amount):
    assert _value(content, **MONEY) == amount


@pytest.mark.parametrize(
    "content",
    [
        "<s>20</s><b>15</b>",
        "<s>20</s> <b>150</b>",
        "<s>20</s>\n<b>150</b>",
        "<s>20.</s><b>15</b>",
        "<s>20</s><b>.75</b>",
        "<td>20<td>150",
        "<i>20</i><br><b>150</b>",
        "<i>12</i><i class=recent>99</i>",
        "<i>12</i><i class=percent>99</i>",
        "<i>12.99</i><sup>10</sup>",
        "<i>12</i><sup>1</sup>",
        "<i>12</i><sup>9900</sup>",
        "<i>12</i><sup>99</sup>5",
        "<i>1</i><i>2</i><i>3</i>",
    ],
)
@pytest.mark.parametrize(
    "field",
    [
        {"type": "money", "currency": "USD"},
        {"type": "number"},
        {"type": "integer"},
        {"type": "money", "currency": "USD", "pattern": "(.*)"},
    ],
)
def test_digits_that_meet_across_elements_are_no_number(content, field):
    page = _products(f"<table class=price><tr><td>{content}</table>")
    with pytest.raises(ParseError, match=r"different elements meet|separators of the|in the text"):
        _read(page, select=".price", **field)


@pytest.mark.parametrize("pattern", [r"([\d.]+)", r"(\d+)$", r"(?P<a>\d+)"])
def test_a_pattern_picks_no_half_of_digits_that_meet(pattern):
    for kind in ({"type": "money", "currency": "USD"}, {"type": "integer"}):
        with pytest.raises(ParseError, match="different elements meet"):
            _value(
                "<b class=price><s>20</s><b>15</b></b>", select=".price", pattern=pattern, **kind
            )


def test_a_pattern_sees_the_cents_behind_their_separator():
    content = "<b class=price>from $12<sup>99</sup> each</b>"
    assert _value(content, **MONEY, pattern=r"\$([\d.]+)") == "12.99"
    told = MONEY | {"decimal_separator": ","}
    assert _value(content, **told, pattern=r"\$([\d,]+)") == "12.99"


@pytest.mark.parametrize(
    ("markup", "xpath", "amount"),
    [
        ("<b class=price>$12<sup>99</sup></b>", "string(./b)", "12.99"),
        ("<b class=price>$12<sup>99</sup></b>", "normalize-space(.)", "12.99"),
        ("<b>$12</b><i>99</i>", "concat(./b, '.', ./i)", "12.99"),
        ("<b>$1</b>2.50", "substring-after(string(.), '$1')", "2.50"),
        ("<b>$</b><i>12.99</i>", "string(.)", "12.99"),
        ("<b>5</b><p><i>$12.99</i></p>", "string(.//p)", "12.99"),
        ("<u>7</u><b>$12.99</b>", "string(./ancestor::body//b)", "12.99"),
    ],
)
def test_an_xpath_that_computes_a_price_keeps_the_borders_of_elements(markup, xpath, amount):
    assert _value(markup, **MONEY | {"select": f"xpath:{xpath}"}) == amount


@pytest.mark.parametrize(
    ("markup", "xpath"),
    [
        ("<s>20</s><b>15</b>", "string(.)"),
        ("<s>20</s> <b>150</b>", "normalize-space(.)"),
        ("<s>20</s><b>15</b>", "number(.)"),
        ("<s>20</s><b>15</b>", "concat(., ' USD')"),
        ("<s>20</s><b>15</b>", "string(./ancestor::body)"),
        ("<b>1<i>2</i></b>", "substring(string(.), 1, 2)"),
    ],
)
@pytest.mark.parametrize("kind", ["money", "integer", "number"])
def test_digits_that_an_xpath_glues_are_no_number(markup, xpath, kind):
    field = {"select": f"xpath:{xpath}", "type": kind}
    if kind == "money":
        field["currency"] = "USD"
    elif "USD" in xpath:
        field["pattern"] = r"(\d+)"
    with pytest.raises(ParseError, match="different elements meet"):
        _value(markup, **field)


@pytest.mark.parametrize(
    ("others", "values"), [(("2.5",), [1.234, 2.5]), (("2,5", "3"), [1234.0, 2.5, 3.0])]
)
def test_the_other_numbers_of_the_page_tell_what_a_separator_is(others, values):
    page = _products(*(f"<b>{number}</b>" for number in ("1.234", *others)))
    assert _read(page, select="b", type="number").columns["x"] == values


def test_a_number_that_nothing_tells_is_an_error_that_names_the_key():
    with pytest.raises(ParseError, match="declare `decimal_separator`"):
        _value("<b>1.234</b>", select="b", type="number")
    assert _value("<b>1.234</b>", select="b", type="number", decimal_separator=",") == 1234.0
    mapped = {"select": "b", "type": "number", "values": {"Free": 1.234}}
    assert _value("<b>Free</b>", **mapped) == 1.234


def test_as_many_digits_are_cents_as_the_currency_has():
    field = {"select": ".price", "type": "money", "currency": "KWD"}
    assert _value("<b class=price>12<sup>750</sup></b>", **field) == "12.750"
    with pytest.raises(ParseError, match="2 smaller digits, but KWD has 3"):
        _value("<b class=price>12<sup>75</sup></b>", **field)
    with pytest.raises(ParseError, match="2 smaller digits, but JPY has 0"):
        _value("<b class=price>1200<sup>50</sup></b>", **field | {"currency": "JPY"})


def test_a_text_is_glued_within_a_line_as_a_browser_shows_it():
    assert _value("<b class=price>A<i>1</i><i>2</i></b>", select=".price") == "A12"


@pytest.mark.parametrize(
    ("prices", "amounts"),
    [
        (("1.299 €", "12,50 €"), ["1299", "12.50"]),
        (("1.299 €", "12.50 €"), ["1.299", "12.50"]),
        (("1.299 €", "1.234,50 €"), ["1299", "1234.50"]),
        (("1,299 €", "1.234.567 €"), ["1.299", "1234567"]),
        (("1,299 €", "0.125 €"), ["1299", "0.125"]),
        (("1.299 €", "1 234,500 €"), ["1299", "1234.500"]),
    ],
)
def test_the_other_prices_of_the_page_tell_what_a_separator_is(prices, amounts):
    page = _products(*(f"<b class=price>{price}</b>" for price in prices))
    assert _read(page, select=".price", type="money").columns["x"] == amounts


@pytest.mark.parametrize(
    "others", [(), ("15 €",), ("2.500 €",), ("12,50 €", "12.50 €"), ("2.500.000 €", "2,500,000 €")]
)
def test_a_separator_that_nothing_tells_is_an_error_that_names_the_key(others):
    page = _products(*(f"<b class=price>{price}</b>" for price in ("1.299 €", *others)))
    with pytest.raises(ParseError, match="declare `decimal_separator`") as caught:
        _read(page, select=".price", type="money")
    assert (caught.value.position, caught.value.field) == (1, "x")
    (told,) = _read(
        _products("<b>1.299 €</b>"), select="b", type="money", decimal_separator=","
    ).columns["x"]
    assert told == "1299"


@pytest.mark.parametrize("other", ["call 555.123.4567", "v2.5 on request", "1.5 %", "12,50 USD"])
def test_what_is_no_price_tells_no_separator(other: str):
    page = _products(*(f"<b class=price>{price}</b>" for price in ("1.299 €", other)))
    field = {"select": ".price", "type": "money", "currency": "EUR", "on_invalid": "discard_row"}
    with pytest.raises(ParseError, match="declare `decimal_separator`"):
        _read(page, **field)


@pytest.mark.parametrize(
    ("text", "field", "picked"),
    [
        ("1,234 reviews", {"type": "integer", "pattern": r"(\d+) reviews"}, "'234' out of '1,234'"),
        ("1.234 avis", {"type": "integer", "pattern": r"\d+ avis|\d+"}, "'1' out of '1.234'"),
        ("of 1.234.567", {"type": "integer", "pattern": r"of (\d+)"}, "'1' out of '1.234.567'"),
        ("was $1,299.00", {**MONEY, "pattern": r"\$(\d+)"}, "'1' out of '1,299.00'"),
        ("was $12.99", {**MONEY, "pattern": r"\$(\d+)"}, "'12' out of '12.99'"),
        ("was $12.99", {**MONEY, "pattern": r"\d+$"}, "'99' out of '12.99'"),
        ("4.5 of 5", {"type": "number", "pattern": r"(\d+) of"}, "'5' out of '4.5'"),
    ],
)
def test_a_pattern_that_cuts_a_number_is_an_error_that_shows_it(
    text: str, field: dict[str, Any], picked: str
):
    with pytest.raises(ParseError, match=re.escape(picked)):
        _value(f"<b class=price>{text}</b>", **{**field, "select": ".price"})


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("1,234 reviews", {"type": "integer", "pattern": r"([\d,]+) reviews"}, 1234),
        ("4.5 of 5", {"type": "integer", "pattern": r"of (\d+)"}, 5),
        ("4.5 of 5", {"type": "integer", "pattern": r"^(\d+)"}, 4),
        ("38,39,40", {"type": "integer", "pattern": r"^(\d+)"}, 38),
        ("20240506", {"type": "integer", "pattern": r"^(\d{4})"}, 2024),
        ("4, 125 reviews", {"type": "integer", "pattern": r"(\d+) reviews"}, 125),
        ("now $12.99.", {**MONEY, "pattern": r"\$([\d.]+\d)"}, "12.99"),
        ("1,234", {"pattern": r"\d+"}, "1"),
    ],
)
def test_a_pattern_may_pick_whole_numbers_and_what_is_a_text(
    text: str, field: dict[str, Any], value: object
):
    assert _value(f"<b class=price>{text}</b>", **{**field, "select": ".price"}) == value


def test_other_prices_count_as_their_pattern_picks_them():
    page = _products("<b class=price>Now 1.299 €</b>", "<b class=price>v1.2 Now 12,50 €</b>")
    pattern = {"pattern": "Now (.+)"}
    assert _read(page, select=".price", type="money", **pattern).columns["x"] == ["1299", "12.50"]


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("<meta property=og:price:currency content=AUD>", "AUD, in its og:price:currency"),
        ("<meta property=product:price:currency content=CLP>", "CLP, in its product:price:"),
        ("<i itemprop=priceCurrency content=CAD></i>", "CAD, in its itemprop"),
        ("<i data-currency=mxn></i>", "MXN, in its data-currency"),
        (
            '<script type="application/ld+json">{"priceCurrency": "NZD"}</script>',
            "NZD, in its JSON-LD",
        ),
    ],
)
def test_the_error_of_a_shared_sign_proposes_what_the_page_says_of_itself(markup, said):
    with pytest.raises(ParseError, match=rf"declare `currency` \(the page itself says {said}"):
        _read(markup + _products("<b class=price>$5.00</b>"), select=".price", type="money")


def test_the_pages_language_tells_a_country_but_no_currency_that_the_sign_is_not():
    page = "<html lang={}>" + _products("<b class=price>$5.00</b>")
    with pytest.raises(ParseError, match="itself says AUD, in its lang=en-AU"):
        _read(page.format("en-AU"), select=".price", type="money")
    for language in ("pt-BR", "en", "de-DE", "xx-XX"):
        with pytest.raises(ParseError, match="declare `currency`") as caught:
            _read(page.format(language), select=".price", type="money")
        assert "itself says" not in str(caught.value)


TWO_PRICES = "<s class=price>$20</s><b class=price>$15</b>"


@pytest.mark.parametrize(
    ("content", "select"),
    [
        (TWO_PRICES, ".price"),
        (TWO_PRICES, "s, b"),
        (TWO_PRICES, "./*[@class='price']"),
        (TWO_PRICES, "./*[@class='price']/text()"),
        (TWO_PRICES, ["u", ".price"]),
        (f"<b class=price> </b>{TWO_PRICES}", ".price"),
        (f"<b class=price>$20</b>{TWO_PRICES}", ".price"),
    ],
)
def test_several_different_prices_of_a_product_are_an_error_that_shows_both(content, select):
    with pytest.raises(ParseError, match=r"several prices, '\$20' and '\$15'; say which .*`nth`"):
        _value(content, **MONEY | {"select": select})


@pytest.mark.parametrize(
    ("nth", "amount"), [("first", "20"), ("last", "18"), ("min", "5"), ("max", "20.50")]
)
@pytest.mark.parametrize("select", [".price", "./*[@class='price']", ["u", ".price"]])
def test_nth_chooses_among_several_matches(nth, amount, select):
    prices = ("$20", "$5", "", "$20.50", "$18")
    content = "".join(f"<b class=price>{price}</b>" for price in prices)
    fields = {"name": {"select": "i"}, "x": MONEY | {"select": select, "nth": nth}}
    page = _products(f"<i>1</i>{content}", "<i>2</i>").encode()
    parser = ListingParser(catalogue(fields))
    columns = parser.read(page, url="https://shop.example/list/1", page=PageKey(1)).columns
    assert columns["x"] == [amount, None]


def test_the_least_of_prices_in_two_currencies_is_none():
    content = "<b class=price>5 USD</b><b class=price>4 EUR</b>"
    with pytest.raises(ParseError, match="different currencies"):
        _value(content, select=".price", type="money", nth="min")


@pytest.mark.parametrize(
    "content",
    [
        "<b class=price>$5</b><b class=price>$5.00</b>",
        "<b class=price>$5</b><i><b class=price> $5 </b></i>",
        "<b class=price>$5</b><b class=price></b>",
    ],
)
def test_matches_that_say_the_same_price_are_one(content):
    assert _value(content, **MONEY) == "5"


def test_products_with_several_other_values_are_counted():
    one, two = "<b class=a>x</b>", "<b class=a>x</b><b class=a>y</b>"
    found = _read(_products(one, two, one + one, two), select=".a")
    assert found.columns["x"] == ["x"] * 4
    assert found.notes == PageNotes(several={"x": 2})
    assert _read(_products(two), select=".a", nth="last").columns["x"] == ["y"]
    assert _read(_products(two), select=".a", nth="first").notes is None


RANGE = {"select": "i", "type": "money", "currency": "USD", "range": True}


def test_the_least_of_prices_may_be_among_ranges():
    content = "<i>$5</i><i>$5 - $10</i><i>$7</i>"
    assert _value(content, **RANGE, nth="min") == "5"
    read = _read(_products(content), **RANGE, nth="max").columns
    assert (read["x"], read["x_max"]) == (["7"], [None])


@pytest.mark.parametrize("nth", ["min", "max", "first", "last", None])
@pytest.mark.parametrize("how", [{"values": {"Sold out": None}}, {"on_invalid": "discard_value"}])
def test_a_default_is_for_products_in_which_nothing_is_found(nth, how):
    parser = ListingParser(
        catalogue({"k": {"select": "b"}, "x": MONEY | {"default": 0, "nth": nth, **how}})
    )
    page = _products("<b>a</b><i class=price>Sold out</i>", "<b>b</b>").encode()
    read = parser.read(page, url="https://shop.example/list/1", page=PageKey(1))
    assert read.columns["x"] == [None, "0"]


def test_a_required_template_names_the_field_that_is_empty():
    fields = {"k": {"template": "{a}-{b}"}, "a": {"select": "i"}, "b": {"select": "u"}}
    with pytest.raises(ParseError, match="made of a, b, and b is empty") as caught:
        ListingParser(catalogue(fields)).read(
            _products("<i>1</i><u>2</u>", "<i>1</i>").encode(),
            url="https://shop.example/list/1",
            page=PageKey(1),
        )
    assert (caught.value.field, caught.value.position) == ("k", 2)
