"""Digits of one text that stand in different elements, and what may be made of them.

Where digits of a number field meet across the border of an element, its text has the mark `BORDER`
in between: `<s>20</s><b>15</b>` is no 2015. Where the markup says that the digits behind it are the
cents of the whole amount before it, it has `CENTS`. Neither occurs in a page: a parser drops NULs.
"""

from __future__ import annotations

import re

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.stray_bytes import shown_bytes
from catalog_pipeline.reading.values.exact_point import as_written

BORDER = "\0"
CENTS = "\0\0"

_CENTS = re.compile(r"(?<=[0-9])\s*\0\0\s*(?=[0-9]{2,3}(?![0-9\0]))")
_WHOLE = re.compile(r"[0-9]+(?:([.,'\u2019\s])[0-9]{3}(?:\1[0-9]{3})*)?$")


def shown(text: str) -> str:
    """The text for people to read: what the borders part is apart."""
    text = text.replace(CENTS, " ").replace(BORDER, " ") if BORDER in text else text
    return shown_bytes(as_written(text))


def unmarked(text: str) -> str:
    """The text without its marks, for what takes digits as letters."""
    return text.replace(BORDER, "") if BORDER in text else text


def check_no_border(text: str) -> None:
    """Refuse a number that is put together out of the digits of several elements.

    Raises:
        ParseError: the text has a border in it.
    """
    if BORDER in text:
        raise ParseError(
            "digits of different elements meet, which are no one number; select one of the "
            "elements, or `join` them by what should stand in between"
        )


def with_cents(text: str, separator: str | None) -> tuple[str, int | None]:
    """The text with its cents behind a decimal separator, and how many digits they have.

    Cents belong to a whole amount only, and to one in a text.
    """
    found = list(_CENTS.finditer(text))
    if len(found) != 1 or BORDER in text[: found[0].start()] + text[found[0].end() :]:
        return text, None
    before, cents = text[: found[0].start()], text[found[0].end() :]
    whole = _WHOLE.search(before)
    if whole is None or (whole.start() and before[whole.start() - 1] in ".,'\u2019"):
        return text, None
    group = whole[1]
    if separator is not None and group == separator:
        return text, None
    digits = re.match(r"[0-9]+", cents)
    sign = separator or ("," if group == "." else ".")
    return before + sign + cents, len(digits[0]) if digits else 0
