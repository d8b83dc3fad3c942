# ruff: noqa: RUF001 (currencies are written in many alphabets)
"""Signs of currencies: none that is found in a price agrees with a currency that it is not of."""

from price_parser.parser import OTHER_CURRENCY_SYMBOLS, SAFE_CURRENCY_SYMBOLS

from catalog_pipeline.reading.values.currencies import CODES
from catalog_pipeline.reading.values.currency_signs import meaning_of_sign

NO_MONEY_OF_TODAY = {"₠", "₢", "₰", "₳", "₶", "₷", "₿", "ℳ", "SL Re", "تومان"}


def test_each_sign_that_is_found_has_a_meaning_or_none_on_purpose():
    found = {sign.strip() for sign in (*SAFE_CURRENCY_SYMBOLS, *OTHER_CURRENCY_SYMBOLS)} - CODES
    assert {sign for sign in found if not meaning_of_sign(sign)[1]} == NO_MONEY_OF_TODAY


def test_a_sign_that_means_something_by_itself_may_mean_that():
    for sign in (*SAFE_CURRENCY_SYMBOLS, *OTHER_CURRENCY_SYMBOLS):
        default, possible = meaning_of_sign(sign.strip())
        assert default is None or default in possible
