"""Which ISO 4217 currency a price's symbol stands for, alone and with a declared currency.

What each symbol may mean is in `currency_signs`. One that several currencies share needs a declared
currency, and one whose meaning is not known agrees with none.
"""

from __future__ import annotations

import re

from price_parser.parser import CURRENCY_CODES, extract_currency_symbol

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.currency_signs import meaning_of_sign
from catalog_pipeline.reading.values.open_price import OpenPriceError
from catalog_pipeline.reading.values.separators import is_money_of_today

_NO_CODES = {"RMB", "NTD"}
"""What is written as if it were a code of ISO 4217, and is a sign."""
CODES = frozenset(
    code for code in CURRENCY_CODES if re.fullmatch(r"[A-Z]{3}", code) and code not in _NO_CODES
)
_CODE = re.compile(r"(?<![A-Za-z])[A-Z]{3}(?![A-Za-z])")


def is_currency(code: str) -> bool:
    """Whether a code of ISO 4217 stands for money that is in use somewhere."""
    return code in CODES or is_money_of_today(code)


def code_of_sign(sign: str, declared: str | None) -> str | None:
    """The ISO code that a sign stands for; None if that is open or contradicts `declared`."""
    default, possible = meaning_of_sign(sign)
    if declared is None:
        return default
    return declared if declared in possible else None


def split_currency(text: str, declared: str | None) -> tuple[str | None, str]:
    """The ISO code of a text around an amount, and what of the text is not the currency.

    Raises:
        ParseError: the text contradicts the declared currency, or leaves it open.
    """
    code = next((found[0] for found in _CODE.finditer(text) if found[0] in CODES), None)
    rest = text.replace(code, " ", 1) if code else text
    symbol = (extract_currency_symbol(rest, None) or "").strip()
    rest = rest.replace(symbol, " ") if symbol else rest
    if not symbol and not code:
        return None, rest
    return _agreed(symbol, code, declared), rest


def _agreed(symbol: str, code: str | None, declared: str | None) -> str:
    if declared and code and code != declared:
        raise ParseError(f"the price is in {code}, but `currency` says {declared}")
    wanted = code or declared
    default, possible = _meaning(symbol)
    if code and not possible:
        return code
    if not possible:
        raise ParseError(
            f"which currency the sign {symbol} stands for is not known; pick the amount with "
            f"`pattern`"
        )
    if wanted and wanted not in possible:
        source = "the price itself" if code else "`currency`"
        raise ParseError(f"the price has the sign {symbol}, but {source} says {wanted}")
    return wanted or default or _open(symbol, possible)


def _meaning(symbol: str) -> tuple[str | None, frozenset[str]]:
    return (symbol, frozenset({symbol})) if symbol in CODES else meaning_of_sign(symbol)


def _open(symbol: str, possible: frozenset[str]) -> str:
    (one, *more) = possible
    what = "stands for several currencies" if more else f"may mean {one}, or be a word"
    raise OpenPriceError(
        f"the sign {symbol} {what}; declare `currency`",
        key="currency",
        possible=possible,
    )
