"""Numbers that a pattern cuts: `(\\d+) reviews` picks 234 out of `1,234 reviews`.

Only what is picked for a number is held to this; how numbers are read is in `numbers` and `money`.
A space and a minus are a number's own as well, unless the pattern itself says what stands there.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from catalog_pipeline.errors import ParseError

if TYPE_CHECKING:
    import regex

_NUMBER = re.compile(r"[-\N{MINUS SIGN}]?[0-9]+(?:[.,'\u2019 ][0-9]+)*")
_AFTER = re.compile(r"[.,'\u2019][0-9]{3}(?![0-9])")
_BEFORE = re.compile(r"(?<![0-9])[0-9]{1,3}[.,'\u2019]$")
_AFTER_SPACE = re.compile(r" [0-9]{3}(?![0-9])")
_BEFORE_SPACE = re.compile(r"(?<![0-9.,'\u2019])[1-9][0-9]{0,2}(?: [0-9]{3})* $")
_SIGN = re.compile(r"(?:^|[\s$£€¥₹])([-\N{MINUS SIGN}][^\w\s.,]{0,2})$")
"""A minus, and maybe the sign of a currency behind it."""
_FARTHEST = 40
"""How many characters before the part are looked at."""


def check_not_cut(
    pattern: str,
    match: re.Match[str] | regex.Match[str],
    group: int | str,
    *,
    decimals: bool,
) -> None:
    """Refuse the part of a text that is one of a number's groups of thousands, or some of them.

    It is refused as well where it lacks the number's minus, and with `decimals` where it lacks the
    number's decimals, or is these.

    Raises:
        ParseError: the pattern cuts a number.
    """
    text, (start, end), (seen_from, seen_to) = match.string, match.span(group), match.span()
    part = text[start:end]
    before = text[max(0, start - _FARTHEST) : start]
    is_cut = part[-1:].isdigit() and (
        _AFTER.match(text, end)
        or (seen_to <= end + 1 and _AFTER_SPACE.match(text, end) and _is_group(part))
        or (decimals and re.match(r"[.,][0-9]", text[end : end + 2]))
    )
    is_rest = re.match(r"[0-9]{3}(?![0-9])", part) and (
        _BEFORE.search(before) or (seen_from >= start - 1 and _BEFORE_SPACE.search(before))
    )
    is_fraction = decimals and part[:1].isdigit() and re.search(r"[0-9][.,]$", before[-2:])
    sign = _SIGN.search(before)
    is_turned = part[:1].isdigit() and sign and seen_from > start - len(sign[1])
    if is_cut or is_rest or is_fraction or is_turned:
        whole = next(
            (each[0] for each in _NUMBER.finditer(text) if each.start() <= start < each.end()), text
        )
        raise ParseError(
            f"the pattern {pattern} picks {part!r} out of {whole!r}; let it pick the whole number"
        )


def _is_group(part: str) -> bool:
    """Whether thousands may follow a part behind a space."""
    return re.search(r"(?<![0-9.,'\u2019])[1-9][0-9]{0,2}(?: [0-9]{3})*$", part) is not None
