"""Numbers that a pattern cuts: `(\\d+) reviews` picks 234 out of `1,234 reviews`.

Only what is picked for a number is held to this; how numbers are read is in `numbers` and `money`.
"""

from __future__ import annotations

import re

from catalog_pipeline.errors import ParseError

_NUMBER = re.compile(r"[0-9]+(?:[.,'\u2019 ][0-9]+)*")
_SIGNS = {False: r"[.,'\u2019]", True: r"[.,'\u2019 ]"}
"""What parts thousands, without spaces and with them."""
_AFTER = {spaces: re.compile(rf"{sign}[0-9]{{3}}(?![0-9])") for spaces, sign in _SIGNS.items()}
_BEFORE = {spaces: re.compile(rf"(?<![0-9])[0-9]{{1,3}}{sign}$") for spaces, sign in _SIGNS.items()}


def check_not_cut(
    pattern: str, text: str, start: int, end: int, *, decimals: bool, spaces: bool = False
) -> None:
    """Refuse the part of a text that is one of a number's groups of thousands, or some of them.

    With `decimals` it is refused as well where it lacks the number's decimals, or is these. Spaces
    part thousands if `spaces` says so.

    Raises:
        ParseError: the pattern cuts a number.
    """
    part = text[start:end]
    is_cut = part[-1:].isdigit() and (
        _AFTER[spaces].match(text, end)
        or (decimals and re.match(r"[.,][0-9]", text[end : end + 2]))
    )
    is_rest = re.match(r"[0-9]{3}(?![0-9])", part) and _BEFORE[spaces].search(
        text[max(0, start - 5) : start]
    )
    is_fraction = decimals and part[:1].isdigit() and re.search(r"[0-9][.,]$", text[:start][-2:])
    if is_cut or is_rest or is_fraction:
        whole = next(
            (each[0] for each in _NUMBER.finditer(text) if each.start() <= start < each.end()), text
        )
        raise ParseError(
            f"the pattern {pattern} picks {part!r} out of {whole!r}; let it pick the whole number"
        )
