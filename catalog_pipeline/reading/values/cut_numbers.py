"""Numbers that a pattern cuts: `(\\d+) reviews` picks 234 out of `1,234 reviews`.

Only what is picked for a number is held to this; how numbers are read is in `numbers` and `money`.
Where the pattern says itself what it leaves out, by digits or a minus of its own, it may.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from catalog_pipeline.errors import ParseError

if TYPE_CHECKING:
    import regex

_NUMBER = re.compile(r"[0-9]+(?:[.,'\u2019 ][0-9]+)*")
_AFTER = re.compile(r"[.,'\u2019](?:[0-9]{2}[.,'\u2019])*[0-9]{3}(?![0-9])")
_BEFORE = re.compile(r"(?<![0-9])[0-9]{1,3}[.,'\u2019]$")
_FREE = r"(?<![\w.,'\u2019/:-])-?[1-9][0-9]{0,2}(?: [0-9]{3})*"
"""The first groups of thousands, with nothing else that they hang on."""
_AFTER_SPACE = re.compile(r" [0-9]{3}(?![0-9])")
_GROUPS, _BEFORE_SPACE = re.compile(f"{_FREE}$"), re.compile(f"{_FREE} $")
_CURRENCY = r"(?:[A-Z]{0,3}[$£€¥₹₽₺₴₫₩]|[A-Z]{3}|kr\.?|Kč|zł|Ft|Fr\.?)"
_SIGN = re.compile(rf"(?:^|[\s$£€¥₹:])([-\N{{MINUS SIGN}}\u2013](?:{_CURRENCY}\s?)?)$")
"""A minus, and maybe the sign of a currency behind it."""
_PERCENT = re.compile(r"\s?%")
"""`-20%` is what a price is reduced by."""
_FARTHEST = 40
"""How many characters before the part are looked at."""
_QUANTIFIER = re.compile(r"(?<!\\)\{[0-9,]*\}")
_DIGITS = re.compile(r"\\d|\[[^\]]*(?:\\d|0-9)[^\]]*\]|[0-9]")
_WIDTH = re.compile(r"(?<!\\)\{[0-9]+\}")
"""`\\d{4}` picks the year of a date on purpose."""
_RANGE = re.compile(r"\w-\w")


def check_not_cut(
    pattern: str,
    match: re.Match[str] | regex.Match[str],
    group: int | str,
    *,
    decimals: bool,
) -> None:
    """Refuse the part of a text that is one of a number's groups of thousands, or some of them.

    It is refused as well where it lacks some of the number's digits or its minus, is the decimals
    of another one, or with `decimals` lacks these.

    Raises:
        ParseError: the pattern cuts a number.
    """
    text, (start, end) = match.string, match.span(group)
    part, before = text[start:end], text[max(0, start - _FARTHEST) : start]
    # What is matched by `.*` or by blanks alone says nothing of the digits in it.
    seen_from, seen_to = match.span() if _has_other_digits(pattern) else (start, end)
    ends, begins = part[-1:].isdigit(), part[:1].isdigit()
    is_cut = ends and (
        _AFTER.match(text, end)
        or (seen_to == end and text[end : end + 1].isdigit() and not _WIDTH.search(pattern))
        or (seen_to <= end + 1 and _AFTER_SPACE.match(text, end) and _GROUPS.search(text[:end]))
        or (decimals and re.match(r"[.,][0-9]", text[end : end + 2]))
    )
    is_rest = begins and (
        (seen_from == start and before[-1:].isdigit())
        or (re.match(r"[0-9]{3}(?![0-9])", part) and _is_behind_groups(before, start - seen_from))
    )
    is_fraction = begins and re.search(r"[0-9][.,]$", before) and (decimals or seen_from == start)
    sign = _sign_left_out(pattern, match, group)
    if is_cut or is_rest or is_fraction or sign:
        whole = next(
            (each[0] for each in _NUMBER.finditer(text) if each.start() <= start < each.end()), text
        )
        raise ParseError(
            f"the pattern {pattern} picks {part!r} out of {sign + whole!r}; let it pick the whole "
            f"number, or match what it is to leave out"
        )


def _is_behind_groups(before: str, seen: int) -> bool:
    """Whether groups of thousands stand before a part, unless a pattern has `seen` them."""
    return bool(_BEFORE.search(before) or (seen <= 1 and _BEFORE_SPACE.search(before)))


def _sign_left_out(pattern: str, match: re.Match[str] | regex.Match[str], group: int | str) -> str:
    """The minus before a part, with what is between them; "" if there is none, or it is matched."""
    text, (start, end) = match.string, match.span(group)
    sign = _SIGN.search(text[max(0, start - _FARTHEST) : start])
    if sign is None or not text[start:end][:1].isdigit() or _PERCENT.match(text, end):
        return ""
    is_matched = match.start() <= start - len(sign[1]) and _has_minus(pattern)
    return "" if is_matched else sign[1]


@lru_cache(maxsize=256)
def _has_other_digits(pattern: str) -> bool:
    """Whether a pattern says of more digits than those that it picks what they are."""
    return len(_DIGITS.findall(_QUANTIFIER.sub("", pattern))) > 1


@lru_cache(maxsize=256)
def _has_minus(pattern: str) -> bool:
    return re.search("[-\N{MINUS SIGN}\u2013]", _RANGE.sub("", pattern)) is not None
