"""Prices as exact decimal text and ISO 4217 currency. No float is ever involved.

The text must be one price and nothing else (a `pattern` picks it out of a sentence). How its
separators are read, in this order:

1. `decimal_separator`, if the field declares it;
2. with both `.` and `,` in the amount, the last of them parts the decimals;
3. a separator that occurs more than once parts thousands, and so do spaces and apostrophes;
4. one separator before exactly three digits parts thousands where the currency has no decimals;
   else it is read as the countries of the currency write numbers (`separators`), if they write them
   one way (`£3.350` is 3.35), and is an error if not; where it can part no thousands (`0,125`,
   `.125`, `1234,500`) it parts decimals;
5. any other single separator parts the decimals.

Groups must be well formed, in threes or as in India (`9,99,999`). Signs that several currencies
share, such as `$` and `kr`, need a declared currency; `£` is sterling unless one is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from catalog_pipeline.catalogue.value_range import amount_refusal
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.borders import check_no_border
from catalog_pipeline.reading.values.currencies import code_of_sign, split_currency
from catalog_pipeline.reading.values.open_price import OpenPriceError
from catalog_pipeline.reading.values.separators import (
    AMOUNT,
    decimals_of_currency,
    open_separator,
    separator_of_currency,
)

MAX_TEXT = 200

_SIMPLE = re.compile(r"([$£€₹])([0-9]{1,9}\.[0-9]{2})")
_DASH = r"(?:[-\u2013\u2014~\u301c]|to|bis|до)"
_BETWEEN = re.compile(rf"\s*([.,:]\s?[-\u2013\u2014]{{1,2}})?\s*{_DASH}\s*")
_BEFORE = re.compile(r"[\s.:]*(-?)[\s.:]*")
_AFTER = re.compile(r"[\s.:]*?([.,:]\s?[-\u2013\u2014]{1,2})?[\s.:]*")
"""With a dash where the decimals would be (`1.299,-`), if there is one."""
_DECIMALS = re.compile(r"[.,][0-9]{1,2}$")
_DASH_OF_SIGN = re.compile(r"\w\.\s?-")
"""`Bs.- 129`: the dash belongs to the sign, or is a minus."""
_THOUSANDS = re.compile(r"[1-9][0-9]{0,2}(?:S[0-9]{3})+|[1-9][0-9]?(?:S[0-9]{2})+S[0-9]{3}|[0-9]+")


@dataclass(frozen=True, slots=True)
class Money:
    """A price, or a range of prices if `end` is there; amounts as plain decimal text."""

    amount: str
    currency: str
    end: str | None = None


@lru_cache(maxsize=4096)
def read_money(
    text: str,
    currency: str | None = None,
    decimal_separator: str | None = None,
    allow_range: bool = False,
) -> Money:
    """The price that a text is.

    Raises:
        ParseError: it is none, is more than one, or leaves amount or currency open.
    """
    # Nearly all prices are of this form, and it leaves nothing open.
    simple = _SIMPLE.fullmatch(text) if decimal_separator != "," else None
    if simple:
        code = code_of_sign(simple[1], currency)
        if code is not None:
            return Money(str(Decimal(simple[2])), code)
    if len(text) > MAX_TEXT:
        raise ParseError(f"a text of {len(text)} characters is no price")
    check_no_border(text)
    tidy = " ".join(text.replace("\N{MINUS SIGN}", "-").split())
    amounts = list(AMOUNT.finditer(tidy))
    if not amounts:
        raise ParseError("there is no amount in the price")
    if "%" in tidy:
        raise ParseError("a percentage is no price")
    if len(amounts) == 1:
        parts = (tidy[: amounts[0].start()], tidy[amounts[0].end() :])
        code = _currency(" ".join(parts), currency)
        return Money(_signed(amounts[0][0], parts, code, decimal_separator), code)
    return _read_range(tidy, amounts, currency, decimal_separator, allow_range)


def _read_range(
    text: str,
    amounts: list[re.Match[str]],
    currency: str | None,
    decimal_separator: str | None,
    allow_range: bool,
) -> Money:
    low, high = amounts[0], amounts[1]
    before, between, after = text[: low.start()], text[low.end() : high.start()], text[high.end() :]
    parting = _BETWEEN.fullmatch(split_currency(between, currency)[1])
    if len(amounts) > 2 or not parting:
        raise ParseError("there is more than one amount in the price; pick one with `pattern`")
    if not allow_range:
        raise ParseError("the price is a range; say `range: true` to have both its ends")
    # Each end may have the currency, on either side of it; where both have, they must agree.
    codes = {split_currency(part, currency)[0] for part in (before, between, after)} - {None}
    if len(codes) > 1:
        raise ParseError(f"the ends of the range are in {' and '.join(sorted(map(str, codes)))}")
    code = _currency(" ".join((before, between, after)), currency)
    # What has no decimals at its end has none at its beginning.
    whole = _AFTER.fullmatch(split_currency(after, code)[1])
    dash = parting[1] or (whole[1] if whole else None) or ""
    start = _signed(low[0], (before, dash), code, decimal_separator)
    end = _signed(high[0], ("", after), code, decimal_separator)
    if Decimal(end) < Decimal(start):
        raise ParseError("the range of prices runs backwards")
    return Money(start, code, end)


def _currency(around: str, declared: str | None) -> str:
    code = split_currency(around, declared)[0] or declared
    if code is None:
        raise OpenPriceError("the price has no currency; declare `currency`", key="currency")
    return code


def _signed(amount: str, around: tuple[str, str], code: str, separator: str | None) -> str:
    """The amount as decimal text, after a look at what else stands before and after it."""
    before = _BEFORE.fullmatch(split_currency(around[0], code)[1])
    after = _AFTER.fullmatch(split_currency(around[1], code)[1])
    if not before or not after:
        raise ParseError("there is more in the text than a price; pick it out with `pattern`")
    if before[1] and (amount[0] in ".," or _DASH_OF_SIGN.search(around[0])):
        raise ParseError(
            "the dash before the amount may be a minus, or be no part of it; pick the amount with "
            "`pattern`"
        )
    # Behind decimals that are there, a dash is what the shop puts behind each price.
    is_whole = after[1] is not None and not _DECIMALS.search(amount)
    plain = _plain(amount, code, separator, is_whole=is_whole)
    return format(-Decimal(plain) if before[1] else Decimal(plain), "f")


def _plain(amount: str, code: str, separator: str | None, *, is_whole: bool) -> str:
    """The amount with a point for the decimals and without separators of thousands.

    One that `is_whole` has no decimals, so that all of its separators part thousands.
    """
    separator = None if is_whole else separator or _decimal_separator(amount, code)
    whole, fraction = amount, ""
    if separator and separator in amount:
        whole, _, fraction = amount.rpartition(separator)
    groups = {character for character in whole if not character.isdigit()}
    shape = re.sub(r"[^0-9]", "S", whole)
    if len(groups) > 1 or not _THOUSANDS.sub("", shape, count=1) == "" or not _digits(fraction):
        raise ParseError("the separators of the amount make no sense; `decimal_separator` may help")
    digits = re.sub(r"[^0-9]", "", whole) or "0"
    problem = amount_refusal(digits, fraction)
    if problem:
        raise ParseError(problem)
    return f"{digits}.{fraction}" if fraction else digits


def _digits(text: str) -> bool:
    return not text or text.isdigit()


def _decimal_separator(amount: str, code: str) -> str | None:
    separator = open_separator(amount)
    if separator is not None:
        digits = decimals_of_currency(code)
        if digits == 0:
            return None
        way = separator_of_currency(code, separator)
        # Of three decimals, the point of whoever writes a comma at home may be either.
        if way is None or (digits == 3 and (way, separator) == (",", ".")):
            whole, _, rest = amount.partition(separator)
            raise OpenPriceError(
                f"{amount} may be {whole}{rest} or, with decimals, {whole}.{rest}: those who pay "
                f"in {code} write both; declare `decimal_separator`",
                key="decimal_separator",
            )
        return way if way == separator else None
    points, commas = amount.count("."), amount.count(",")
    if points and commas:
        return max(".", ",", key=amount.rfind)
    if points + commas != 1:
        return None
    separator = "." if points else ","
    whole, _, fraction = amount.partition(separator)
    # A zero before other digits is a mistake, and no whole amount that has decimals.
    is_odd = whole.startswith("0") and whole.strip("0") and len(fraction) == 3
    return None if is_odd else separator
