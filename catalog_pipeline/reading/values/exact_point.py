"""Numbers whose point parts decimals, whatever people may mean by one.

JSON writes them so, a YAML does, and so do the numbers that are computed. Until such a text is
read it has `POINT` where its point is: patterns and value maps see the point (`as_written`).
"""

from __future__ import annotations

POINT = "\ufdd2"
"""A character that no text holds; as long as the point, so that places in a text stay."""


def exact(number: str) -> str:
    """The text of a number whose point parts decimals."""
    return number.replace(".", POINT)


def as_written(text: str) -> str:
    """The text as it is shown."""
    return text.replace(POINT, ".") if POINT in text else text
