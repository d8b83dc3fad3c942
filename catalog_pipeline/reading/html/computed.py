"""Numbers that an XPath computes out of texts, such as `string(.)`, with the borders in them.

XPath knows no borders of elements: of `$12<sup>99</sup>` its `string()` is `$1299`. So it is asked
a second time, in a copy of the page in which the digits of two elements that meet are apart.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence

from lxml import etree

from catalog_pipeline.reading.html.text import marked_chunks
from catalog_pipeline.reading.values.borders import BORDER, CENTS

_MARKS = {BORDER: "\ufdd0", CENTS: "\ufdd1"}
"""Characters that no text holds, and that XML bears."""
_DIGIT = re.compile("[0-9]")
_MARK = re.compile(f"([0-9]\\s*)?([{''.join(_MARKS.values())}])(?=(\\s*[0-9])?)")


def with_marks(elements: Sequence[etree._Element]) -> list[etree._Element]:
    """The same elements in a copy of their document, in which digits that meet are marked."""
    if not elements:
        return []
    root = elements[0].getroottree().getroot()
    marked = copy.deepcopy(root)
    twins = dict(zip(root.iter(), marked.iter(), strict=True))
    for node, is_text, mark in list(marked_chunks(marked)):
        if is_text:
            node.text = _MARKS[mark] + (node.text or "")
        else:
            node.tail = _MARKS[mark] + (node.tail or "")
    return [twins[element] for element in elements]


def may_be_glued(text: str | None) -> bool:
    """Whether there are digits that may be those of several elements."""
    return text is not None and len(_DIGIT.findall(text)) > 1


def with_borders(plain: str, marked: str | None) -> str:
    """What an XPath computes, with the borders that its texts have in the marked copy.

    Where it computes something else there, as a sum does, all of it counts as put together.
    """
    found = marked or ""
    if _MARK.sub(r"\1", found) != plain:
        return f"{BORDER}{plain}{BORDER}"
    return _MARK.sub(_border, found)


def _border(mark: re.Match[str]) -> str:
    """What stands for a mark: nothing where `concat` has put something else before it."""
    if mark[1] is None or mark[3] is None:
        return mark[1] or ""
    return mark[1] + next(border for border, sign in _MARKS.items() if sign == mark[2])
