"""Integers and decimal numbers as pages write them, with signs and separators of thousands."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from catalog_pipeline.catalogue.value_range import MAX_INTEGER, MIN_INTEGER
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.borders import check_no_border
from catalog_pipeline.reading.values.open_price import OpenPriceError

MAX_TEXT = 100

_WHOLE_TO = 2.0**53
"""Floats beyond it skip whole numbers."""
_INTEGER = re.compile(r"([+-]?)([0-9]+|[1-9][0-9]{0,2}(?:([.,'\u2019 ])[0-9]{3}(?:\3[0-9]{3})*))")
_INDIAN = re.compile(r"([+-]?)([1-9][0-9]?(?:,[0-9]{2})+,[0-9]{3})")
_PLAIN = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
_OPEN = re.compile(r"\s*[+\N{MINUS SIGN}-]?([1-9][0-9]{0,2})[.,]([0-9]{3})\s*")
"""Its only separator may part thousands as well as decimals; after a zero nobody groups them."""
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def _tidy(text: str, kind: str) -> str:
    if len(text) > MAX_TEXT:
        raise ParseError(f"a text of {len(text)} characters is no {kind}")
    check_no_border(text)
    return text.strip().replace("\N{MINUS SIGN}", "-")


def read_integer(text: str) -> int:
    """`22`, `-3`, `1,234` or `1 234`; anything around it must be cut off by a pattern."""
    if text.isdigit() and text.isascii() and len(text) < 19:
        return int(text)
    tidy = _tidy(text, "integer")
    match = _INTEGER.fullmatch(tidy) or _INDIAN.fullmatch(tidy)
    if not match:
        raise ParseError("no integer; if there is more in the text, pick it out with `pattern`")
    value = int(match[1] + re.sub(r"[^0-9]", "", match[2]))
    if not MIN_INTEGER <= value <= MAX_INTEGER:
        raise ParseError("the integer does not fit 64 bits")
    return value


def read_number(text: str, decimal_separator: str | None = None) -> float:
    """`4.5`, `1,234.5`, `4,5`; `1.234` and `1,234` have two readings without `decimal_separator`.

    Raises:
        ParseError: it is none, or has two readings.
    """
    if decimal_separator is None:
        _check_not_open(text)
    if decimal_separator != "," and _PLAIN.fullmatch(text):
        return float(text)
    tidy = _tidy(text, "number")
    separator = decimal_separator or _decimal_separator(tidy)
    groups = "," if separator == "." else "."
    whole, point, fraction = tidy.partition(separator)
    if re.search(r"[.,'\u2019 ]", whole):
        whole = _without_groups(whole, groups)
    plain = f"{whole}.{fraction}" if point else whole
    value = float(plain) if _NUMBER.fullmatch(plain) else math.nan
    if _loses_digits(value, plain):
        raise ParseError(
            f"the number does not fit 64 bits without loss ({value:.0f} is the next that does); "
            f"`type: text` keeps it, `integer` holds up to {MAX_INTEGER}"
        )
    if not math.isfinite(value) or _has_vanished(value, plain):
        raise ParseError("no number; if there is more in the text, pick it out with `pattern`")
    return value


def _check_not_open(text: str) -> None:
    match = _OPEN.fullmatch(text)
    if match is not None:
        whole, rest = match[1], match[2]
        raise OpenPriceError(
            f"{text.strip()} may be {whole}{rest} or, with decimals, {whole}.{rest}; declare "
            f"`decimal_separator`",
            key="decimal_separator",
        )


def _loses_digits(value: float, plain: str) -> bool:
    """Whether a number that is written out is too great for a float to have its last digits."""
    is_written_out = math.isfinite(value) and "e" not in plain.lower()
    return is_written_out and abs(value) >= _WHOLE_TO and Decimal(plain) != Decimal(value)


def _has_vanished(value: float, plain: str) -> bool:
    """Whether a number that is not zero is too small for 64 bits."""
    return value == 0 and re.search(r"[1-9]", re.split("[eE]", plain)[0]) is not None


def _decimal_separator(text: str) -> str:
    points, commas = text.count("."), text.count(",")
    if points and commas:
        return max(".", ",", key=text.rfind)
    # Nobody groups thousands after a zero, so that `0,125` has three decimals.
    if commas == 1 and (not re.search(r",[0-9]{3}$", text) or re.match(r"[+-]?0+,", text)):
        return ","
    return "," if points > 1 else "."


def _without_groups(whole: str, group: str) -> str:
    match = _INTEGER.fullmatch(whole) or _INDIAN.fullmatch(whole)
    if not match or (match.lastindex == 3 and match[3] not in (group, "'", "\u2019", " ")):
        raise ParseError("the separators of the number make no sense; see `decimal_separator`")
    return match[1] + re.sub(r"[^0-9]", "", match[2])
