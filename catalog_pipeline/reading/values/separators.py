"""What parts the decimals of an amount whose text leaves it open, such as `1.299`.

Evidence only: how the countries of a currency write numbers (CLDR, by Babel), and what the other
amounts of a page leave no doubt of. How an amount is read is in `money`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

AMOUNT = re.compile(
    r"(?:(?<![\w.,])[.,](?=[0-9]))?"
    r"[0-9]+(?:(?:[.,'\u2019]| (?=[0-9]{3}(?![0-9])))[0-9]+)*"
)
_MAY_BE_GROUPED = re.compile(r"[1-9][0-9]{0,2}")
"""Before thousands: nobody writes a zero there, or more than three digits."""
_OTHER = {".": ",", ",": "."}


def open_separator(amount: str) -> str | None:
    """The only separator of an amount, if it may part thousands as well as decimals."""
    points, commas = amount.count("."), amount.count(",")
    if points + commas != 1:
        return None
    separator = "." if points else ","
    whole, _, fraction = amount.partition(separator)
    return separator if len(fraction) == 3 and _MAY_BE_GROUPED.fullmatch(whole) else None


def separator_of_texts(texts: Iterable[str]) -> str | None:
    """What parts decimals in all of a page's texts of one field, if some of them show it."""
    shown = {separator for text in texts for separator in _shown_by(text)}
    return shown.pop() if len(shown) == 1 else None


def _shown_by(text: str) -> Iterator[str]:
    for found in AMOUNT.finditer(text):
        amount = found[0]
        points, commas = amount.count("."), amount.count(",")
        if points and commas:
            yield max(".", ",", key=amount.rfind)
        elif points + commas > 1:
            yield "," if points else "."
        elif points + commas == 1 and open_separator(amount) is None:
            yield "." if points else ","


@lru_cache(maxsize=64)
def separator_of_currency(code: str, separator: str) -> str | None:
    """What parts decimals where prices are in that currency, if its countries leave no doubt.

    They do where all of them write numbers one way. Where only the country that issues it does,
    as the United States among all that use its dollar, its way counts for thousands: a price with
    more decimals than its currency has needs all of them.
    """
    ways: set[str] = set()
    for territory in _territories(code):
        ways |= _ways_of(territory)
        if len(ways) > 1:
            break
    if len(ways) == 1:
        return ways.pop()
    other = _OTHER[separator]
    return other if _ways_of(code[:2]) == {other} else None


def decimals_of_currency(code: str) -> int:
    """How many digits the smaller unit of a currency has, by CLDR."""
    from babel.core import get_global

    fractions = get_global("currency_fractions")
    return int(fractions.get(code, fractions["DEFAULT"])[0])


def currency_of_territory(territory: str) -> str | None:
    """The money of a country, by its code in ISO 3166, if it has only one."""
    from babel.core import get_global

    spans = get_global("territory_currencies").get(territory, [])
    codes = [code for code, _, end, is_tender in spans if end is None and is_tender]
    return codes[0] if len(codes) == 1 else None


def is_money_of_today(code: str) -> bool:
    """Whether some country pays in that currency."""
    return bool(_territories(code))


def _territories(code: str) -> list[str]:
    from babel.core import get_global

    return [
        territory
        for territory, spans in get_global("territory_currencies").items()
        if any(name == code and end is None and tender for name, _, end, tender in spans)
    ]


@lru_cache(maxsize=512)
def _ways_of(territory: str) -> frozenset[str]:
    """The signs that part decimals in the languages of a country."""
    from babel.core import Locale, UnknownLocaleError
    from babel.languages import get_official_languages

    signs: set[str] = set()
    for language in get_official_languages(territory, de_facto=True):
        try:
            symbols = Locale.parse(f"{language}_{territory}").number_symbols
        except (UnknownLocaleError, ValueError):
            continue
        signs.add(symbols.get("latn", symbols).get("decimal"))
    return frozenset(signs & {".", ","})
