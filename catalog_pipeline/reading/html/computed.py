"""What an XPath computes out of texts, such as `string(.)` or `sum(.//i)`, and what is known of it.

XPath knows no borders of elements: of `$12<sup>99</sup>` its `string()` is `$1299`. So it is asked
a second time, in a copy of the page in which the digits of two elements that meet are apart.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Sequence
from enum import Enum

from lxml import etree

from catalog_pipeline.catalogue.field_types import NUMBERS, FieldType
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.text import marked_chunks
from catalog_pipeline.reading.values.borders import BORDER, CENTS
from catalog_pipeline.reading.values.exact_point import exact

_MARKS = {BORDER: "\ufdd0", CENTS: "\ufdd1"}
"""Characters that no text holds, and that XML bears."""
_DIGIT = re.compile("[0-9]")
_MARK = re.compile(f"([0-9]\\s*)?([{''.join(_MARKS.values())}])(?=(\\s*[0-9])?)")
_WHOLE_TO = 2.0**53
_EXACT_DIGITS = 15
"""As many digits of a decimal number a float keeps."""


class Digits(Enum):
    """How digits of two elements that meet are kept apart in a copy of a page."""

    MARKED = "marked"
    SPACED = "spaced"


def with_digits_apart(elements: Sequence[etree._Element], how: Digits) -> list[etree._Element]:
    """The same elements in a copy of their document, in which digits that meet are apart."""
    if not elements:
        return []
    root = elements[0].getroottree().getroot()
    marked = copy.deepcopy(root)
    twins = dict(zip(root.iter(), marked.iter(), strict=True))
    for node, is_text, mark in list(marked_chunks(marked)):
        between = _MARKS[mark] if how is Digits.MARKED else " "
        if is_text:
            node.text = between + (node.text or "")
        else:
            node.tail = between + (node.tail or "")
    return [twins[element] for element in elements]


def computed_text(
    result: object,
    kind: FieldType,
    ask_again: Callable[[Digits], object],
    *,
    is_asked_for: bool,
) -> str | None:
    """The text of a `result` for a field of that kind; None if it is no match.

    `ask_again` evaluates the XPath in a copy of the page. A field that asks whether something
    `is_asked_for` takes an empty text and zero for nothing, as XPath does.

    Raises:
        ParseError: the result is a number that is not exact.
    """
    text = scalar_text(result)
    if is_asked_for:
        return text if result else None
    _check_whole(result)
    if text is None or kind not in NUMBERS:
        return text
    if kind is FieldType.MONEY:
        _check_decimals(result, text)
    if _may_be_glued(text) and not _is_same_number(result, ask_again):
        return with_borders(text, scalar_text(ask_again(Digits.MARKED)))
    return exact(text) if isinstance(result, float) else text


def scalar_text(result: object) -> str | None:
    """What an XPath gives that selects nothing but computes: numbers and truths are texts."""
    if isinstance(result, bool):
        return "true" if result else None
    if isinstance(result, float):
        if result != result:
            return None
        return str(int(result)) if result.is_integer() else repr(result)
    return str(result)


def with_borders(plain: str, marked: str | None) -> str:
    """What an XPath computes, with the borders that its texts have in the marked copy.

    Where it computes something else there, as a sum does, all of it counts as put together.
    """
    found = marked or ""
    if _MARK.sub(r"\1", found) != plain:
        return f"{BORDER}{plain}{BORDER}"
    return _MARK.sub(_border, found)


def _may_be_glued(text: str) -> bool:
    """Whether there are digits that may be those of several elements."""
    return len(_DIGIT.findall(text)) > 1


def _is_same_number(result: object, ask_again: Callable[[Digits], object]) -> bool:
    """Whether a number is the same where digits of two elements have a space between them."""
    return isinstance(result, float) and result == ask_again(Digits.SPACED)


def _check_whole(result: object) -> None:
    if isinstance(result, float) and abs(result) >= _WHOLE_TO:
        raise ParseError(
            f"the XPath computes {result:.17g}, and numbers so great are not exact in XPath; "
            f"select the text itself"
        )


def _check_decimals(result: object, text: str) -> None:
    if isinstance(result, float) and len(_DIGIT.findall(text)) > _EXACT_DIGITS:
        raise ParseError(
            f"the XPath computes {text}, which is not exact; select the price as it is written"
        )


def _border(mark: re.Match[str]) -> str:
    """What stands for a mark: nothing where `concat` has put something else before it."""
    if mark[1] is None or mark[3] is None:
        return mark[1] or ""
    return mark[1] + next(border for border, sign in _MARKS.items() if sign == mark[2])
