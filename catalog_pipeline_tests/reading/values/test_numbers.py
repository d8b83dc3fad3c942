"""Integers and numbers with their separators."""

import pytest

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.numbers import read_integer, read_number
from catalog_pipeline.reading.values.open_price import OpenPriceError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("22", 22),
        ("-3", -3),
        ("\N{MINUS SIGN}3", -3),
        ("+7", 7),
        ("1,234", 1234),
        ("1.234.567", 1234567),
        ("1 234", 1234),
        ("9,99,999", 999999),
        ("9223372036854775807", 2**63 - 1),
    ],
)
def test_an_integer_is_read_with_its_separators(text, value):
    assert read_integer(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "(22 available)",
        "1.5",
        "12,34",
        "1,234.567",
        "one",
        "9223372036854775808",
        "²",
        "0.750",
        "0,750",
        "00,750",
        "0 750",
        "0,12,345",
        "01.234",
        "9" * 5000,
    ],
)
def test_what_is_no_integer_is_refused(text):
    with pytest.raises(ParseError):
        read_integer(text)


@pytest.mark.parametrize(
    ("text", "separator", "value"),
    [
        ("4.5", None, 4.5),
        ("4,5", None, 4.5),
        ("1,234", ".", 1234.0),
        ("1.234", ".", 1.234),
        ("1.234", ",", 1234.0),
        ("1,234", ",", 1.234),
        ("1,234.5", None, 1234.5),
        ("1.234,5", None, 1234.5),
        ("1.234.567", None, 1234567.0),
        ("\N{MINUS SIGN}0.5", None, -0.5),
        (".5", None, 0.5),
        ("1e3", None, 1000.0),
        ("0,125", None, 0.125),
        ("-0,125", None, -0.125),
        ("00,125", None, 0.125),
        ("0.125", None, 0.125),
        ("0.125", ".", 0.125),
        ("0,125", ",", 0.125),
        ("0e-400", None, 0.0),
    ],
)
def test_a_number_is_read_with_its_separators(text, separator, value):
    assert read_number(text, separator) == value


@pytest.mark.parametrize("text", ["1,234", "1.234", "-12.500", "+999,000", " 1.234 "])
def test_a_number_with_two_readings_is_an_error_that_names_the_key(text: str):
    with pytest.raises(OpenPriceError, match=r"or, with decimals, .*`decimal_separator`") as caught:
        read_number(text)
    assert caught.value.key == "decimal_separator"


def test_a_separator_of_thousands_after_a_zero_is_refused_even_if_declared():
    with pytest.raises(ParseError):
        read_number("0,125", ".")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nan",
        "inf",
        "1e999",
        "4.5 stars",
        "1,23,4",
        "1,2.3,4",
        "-",
        "0,125,000",
        "01,234",
        "0,125.5",
        "1e-400",
    ],
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ParseError):
        read_number(text)


@pytest.mark.parametrize("text", ["9007199254740993", "12345678901234567890", "-9007199254740993"])
def test_a_whole_number_that_a_float_cannot_hold_is_refused(text):
    with pytest.raises(ParseError, match="does not fit 64 bits without loss"):
        read_number(text, ".")
    assert read_number("9007199254740994") == 9007199254740994.0
