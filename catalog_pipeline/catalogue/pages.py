"""Page numbers as people and Dagster write them: `7,9,12-15`, partition keys, ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from catalog_pipeline.errors import UsageError

_PART = re.compile(r"\s*(\d+)\s*(?:-\s*(\d+)\s*)?")


def parse_pages(text: str) -> list[int]:
    """Page numbers of a text such as `1-50` or `7,9,12-15`, sorted, each once.

    Raises:
        UsageError: the text is not of that form.
    """
    pages: set[int] = set()
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise UsageError(f"{text!r} is no list of pages; write 7 or 1-50 or 7,9,12-15.")
        first = int(match[1])
        last = int(match[2] or first)
        if last < first:
            raise UsageError(f"The range {part.strip()} in {text!r} runs backwards.")
        pages.update(range(first, last + 1))
    return sorted(pages)


def format_pages(pages: Iterable[int]) -> str:
    """The shortest text that `parse_pages` reads back: `7,9,12-15`."""
    return ",".join(
        str(first) if first == last else f"{first}-{last}" for first, last in page_ranges(pages)
    )


def page_ranges(pages: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Runs of consecutive pages as (first, last), in order."""
    first = last = None
    for page in sorted(set(pages)):
        if last is not None and page == last + 1:
            last = page
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = page
    if first is not None and last is not None:
        yield first, last
