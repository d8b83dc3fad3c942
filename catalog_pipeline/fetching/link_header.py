"""Where the header `Link` of an answer leads: the next page of a listing (RFC 8288, `rel=next`).

An address is whatever stands in the angle brackets, semicolons and commas included, such as those
of `/list;jsessionid=1`. What follows from it is decided in `catalog_pipeline.crawling`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_PART = re.compile(r'<([^>]*)(?:>|$)|"(?:[^"\\]|\\.?)*(?:"|$)|[,;]|[^<",;]+', re.DOTALL)
"""An address, a quoted text, what parts links and parameters, or anything else; each ends."""


def next_links(headers: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """The addresses with `rel=next`, as they are written, in their order."""
    return tuple(
        address
        for name, value in headers
        if name.lower() == "link"
        for address, parameters in _links(value)
        if "next" in _relations(parameters)
    )


def _links(value: str) -> Iterator[tuple[str, list[str]]]:
    """The addresses of a header with their parameters, as they are written."""
    address: str | None = None
    parameters: list[list[str]] = []
    for text, inside in [(part[0], part[1]) for part in _PART.finditer(value)] + [(",", None)]:
        if text == ",":
            if address is not None:
                yield address, ["".join(texts) for texts in parameters]
            address, parameters = None, []
        elif text == ";":
            parameters.append([])
        elif inside is not None and address is None:
            address = inside.strip()
        elif parameters:
            parameters[-1].append(text)


def _relations(parameters: list[str]) -> list[str]:
    """What the link's target is; of several `rel` the first counts."""
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "rel":
            return value.strip().strip("\"'").lower().split()
    return []
