# ruff: noqa: RUF001 (prices are written in many alphabets)
"""Prices as the world writes them, and texts that only look like one."""

import pytest

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.money import Money, read_money
from catalog_pipeline.reading.values.open_price import OpenPriceError


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("£51.77", "51.77", "GBP"),
        ("US$1,299.90", "1299.90", "USD"),
        ("₹9,99,999", "999999", "INR"),
        ("400.000,00 ₫", "400000.00", "VND"),
        ("829,99 EUR", "829.99", "EUR"),
        ("1\N{NO-BREAK SPACE}234,50 zł", "1234.50", "PLN"),
        ("1\N{NARROW NO-BREAK SPACE}234,50\N{NO-BREAK SPACE}Kč", "1234.50", "CZK"),
        ("R$ 1.299,90", "1299.90", "BRL"),
        ("CHF 1'299.90", "1299.90", "CHF"),
        ("RMB 5", "5", "CNY"),
        ("500円", "500", "JPY"),
        ("-US$5.00", "-5.00", "USD"),
        ("£-5.00", "-5.00", "GBP"),
        ("\N{MINUS SIGN}5.00 €", "-5.00", "EUR"),
        ("€ 12,–", "12", "EUR"),
        ("€1.299,-", "1299", "EUR"),
        ("1.299.– €", "1299", "EUR"),
        ("CHF 1.299.-", "1299", "CHF"),
        ("1'299.– CHF", "1299", "CHF"),
        ("1.299 €,-", "1299", "EUR"),
        ("RD$1,299.00", "1299.00", "DOP"),
        ("MOP$100", "100", "MOP"),
        ("¥1,234 JPY", "1234", "JPY"),
        ("US$ 5", "5", "USD"),
        ("A$12.00", "12.00", "AUD"),
        ("5 USD", "5", "USD"),
        ("USD $5", "5", "USD"),
        ("$ 1.299 COP", "1299", "COP"),
        ("£1.234", "1.234", "GBP"),
        ("£0.500", "0.500", "GBP"),
        ("£.99", "0.99", "GBP"),
        ("£.500", "0.500", "GBP"),
        ("0,125 €", "0.125", "EUR"),
        ("00.750 €", "0.750", "EUR"),
        ("CHF.500", "500", "CHF"),
        ("£1.5", "1.5", "GBP"),
        ("KWD 1.250", "1.250", "KWD"),
        ("KWD 1,250", "1250", "KWD"),
        ("£3.350", "3.350", "GBP"),
        ("£3,350", "3350", "GBP"),
        ("1.299 zł", "1299", "PLN"),
        ("1,299 zł", "1.299", "PLN"),
        ("R$ 1.299", "1299", "BRL"),
        ("US$1,299", "1299", "USD"),
        ("€1234.567", "1234.567", "EUR"),
        ("1.234.567,8 €", "1234567.8", "EUR"),
        ("€99999999999999999999.99", "99999999999999999999.99", "EUR"),
        ("€00099999999999999999999", "99999999999999999999", "EUR"),
        ("£0.123456789012345678", "0.123456789012345678", "GBP"),
    ],
)
def test_a_price_is_read_exactly(text, amount, currency):
    assert read_money(text) == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "declared", "separator", "amount", "currency"),
    [
        ("$44.900", "COP", None, "44900", "COP"),
        ("$44.900", "CLP", None, "44900", "CLP"),
        ("$44.900", "USD", ".", "44.900", "USD"),
        ("44,900", "EUR", ",", "44.900", "EUR"),
        ("$5.99", "CAD", None, "5.99", "CAD"),
        ("¥5", "CNY", None, "5", "CNY"),
        ("199:-", "SEK", None, "199", "SEK"),
        ("1,299:-", "SEK", None, "1299", "SEK"),
        ("299,00:-", "SEK", None, "299.00", "SEK"),
        ("12.50.-", "CHF", None, "12.50", "CHF"),
        ("1.299,90,-", "NOK", None, "1299.90", "NOK"),
        ("129,000 VND", "VND", None, "129000", "VND"),
        ("$12,990", "CLP", None, "12990", "CLP"),
        ("12,990 kr", "ISK", None, "12990", "ISK"),
        ("12,900 CFA", "XOF", None, "12900", "XOF"),
        ("129,000 TND", "TND", None, "129.000", "TND"),
        ("C$5", "NIO", None, "5", "NIO"),
        ("TT$5", "TTD", None, "5", "TTD"),
        ("5 ر.س.\u200f", "SAR", None, "5", "SAR"),
        ("kr 199,-", "NOK", None, "199", "NOK"),
        ("Rs.50", "INR", None, "50", "INR"),
        ("12.5", "EUR", None, "12.5", "EUR"),
        ("129.000", "VND", None, "129000", "VND"),
        ("129.000", "GBP", None, "129.000", "GBP"),
        ("129.000", "EUR", ",", "129000", "EUR"),
    ],
)
def test_the_field_settles_what_the_text_leaves_open(text, declared, separator, amount, currency):
    assert read_money(text, declared, separator) == Money(amount, currency)


@pytest.mark.parametrize(
    ("text", "declared", "problem"),
    [
        ("", None, "no amount"),
        ("-", "USD", "no amount"),
        ("free", "USD", "no amount"),
        ("12.50", None, "declare `currency`"),
        ("199 kr", None, "kr stands for several currencies; declare `currency`"),
        ("€5", "GBP", "the sign €, but `currency` says GBP"),
        ("5 EUR", "GBP", "is in EUR, but `currency` says GBP"),
        ("$5", "EUR", "the sign \\$"),
        ("500円", "USD", "the sign 円, but `currency` says USD"),
        ("Fr. 5.50", "EUR", "the sign Fr., but `currency` says EUR"),
        ("Fr. 5.50", None, "Fr. stands for several currencies; declare `currency`"),
        ("5 р.", "EUR", "but `currency` says EUR"),
        ("100 TL", "USD", "the sign TL, but `currency` says USD"),
        ("RD$1,299.00", "USD", "the sign RD$, but `currency` says USD".replace("$", r"\$")),
        ("LB£5", "GBP", "the sign LB£, but `currency` says GBP"),
        ("UF 3.500", "CLP", "the sign UF, but `currency` says CLP"),
        ("12 Pt", "EUR", "the sign Pt, but `currency` says EUR"),
        ("₿5", "USD", "which currency the sign ₿ stands for is not known"),
        ("₿5", None, "which currency the sign ₿ stands for is not known"),
        ("129,000 تومان", "IRR", "is not known"),
        ("-.50", "CHF", "may be a minus, or be no part of it"),
        ("CHF -.95", "CHF", "may be a minus, or be no part of it"),
        ("-,99 €", "EUR", "may be a minus, or be no part of it"),
        ("Bs.- 129", "BOB", "may be a minus, or be no part of it"),
        ("£10.00 – £15.00", None, "say `range: true`"),
        ("£5 (2 left)", None, "more than one amount"),
        ("2 for £10.00", None, "more than one amount"),
        ("12 Pt", None, "Pt may mean ESP, or be a word; declare `currency`"),
        ("5€ 30", None, "more than one amount"),
        ("12 Pack", "USD", "more in the text than a price"),
        ("Price: $5", "USD", "more in the text than a price"),
        ("1,23,4", "USD", "separators"),
        ("$1.00.00", "USD", "separators"),
        ("01.234 €", None, "separators"),
        ("0.125.000 €", None, "separators"),
        ("0'125 €", None, "separators"),
        ("−13%", "USD", "percentage"),
        ("9" * 21, "USD", "more than 20 digits before its decimals"),
        ("9" * 60, "USD", "more than 20 digits before its decimals"),
        ("0." + "1" * 19, "USD", "more than 18 decimals"),
        ("0." + "0" * 19, "USD", "more than 18 decimals"),
        ("9" * 300, "USD", "300 characters"),
    ],
)
def test_a_text_that_is_no_single_price_is_refused(text, declared, problem):
    with pytest.raises(ParseError, match=problem):
        read_money(text, declared)


@pytest.mark.parametrize(
    ("text", "declared", "key"),
    [
        ("€1.299", None, "decimal_separator"),
        ("1,299 €", None, "decimal_separator"),
        ("129.000", "EUR", "decimal_separator"),
        ("CAD 1,299", None, "decimal_separator"),
        ("$44.900", "USD", "decimal_separator"),
        ("129.000 TND", "TND", "decimal_separator"),
        ("$12.50", None, "currency"),
        ("¥1200", None, "currency"),
        ("kr 199", None, "currency"),
        ("Rs 50", None, "currency"),
        ("50 lei", None, "currency"),
        ("12 Pt", None, "currency"),
        ("1200 Pts", None, "currency"),
        ("12 MK", None, "currency"),
        ("5 CF", None, "currency"),
        ("12.50", None, "currency"),
    ],
)
def test_a_price_with_two_readings_names_the_key_that_settles_it(text, declared, key):
    with pytest.raises(OpenPriceError, match=f"declare `{key}`") as caught:
        read_money(text, declared)
    assert caught.value.key == key


@pytest.mark.parametrize(
    ("text", "start", "end", "currency"),
    [
        ("£10.00 – £15.00", "10.00", "15.00", "GBP"),
        ("10–15 EUR", "10", "15", "EUR"),
        ("€10 to €15,50", "10", "15.50", "EUR"),
        ("£10", "10", None, "GBP"),
        ("1.299,- – 1.499,- €", "1299", "1499", "EUR"),
        ("1.299 – 1.499,- €", "1299", "1499", "EUR"),
        ("1'299.- bis 1'499.- CHF", "1299", "1499", "CHF"),
    ],
)
def test_a_range_has_both_its_ends(text, start, end, currency):
    assert read_money(text, allow_range=True) == Money(start, currency, end)


@pytest.mark.parametrize("text", ["£15 – £10", "£10 – €15", "£1 – £2 – £3"])
def test_a_range_that_makes_no_sense_is_refused(text):
    with pytest.raises(ParseError):
        read_money(text, allow_range=True)
