"""Page numbers as people and Dagster write them: `7,9,12-15`, partition keys, ranges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import UsageError

# Python refuses to read very long numbers; no catalogue gets anywhere near the length allowed.
_PART = re.compile(r"\s*([0-9]{1,18})\s*(?:-\s*([0-9]{1,18})\s*)?")


def select_pages(catalogue: Catalogue, text: str) -> list[int]:
    """Pages of a text such as `1-50` or `7,9,12-15`, sorted, each once.

    Raises:
        UsageError: the text is not of that form, or the catalogue does not have one of the pages.
    """
    ranges = [_parse_range(part, text) for part in text.split(",")]
    # Asked before a range is written out, which may be longer than memory.
    check_pages(catalogue, ranges)
    return sorted({page for first, last in ranges for page in range(first, last + 1)})


def check_pages(catalogue: Catalogue, ranges: Iterable[tuple[int, int]]) -> None:
    """Refuse ranges, each (first, last), with a page that the catalogue does not have.

    Raises:
        UsageError: names the pages that are not there, and those that are.
    """
    beyond = [part for first, last in ranges for part in _parts_beyond(catalogue, first, last)]
    if beyond:
        raise UsageError(
            f"{catalogue.name} has no page {_format_ranges(beyond)}; "
            f"it has {format_pages(catalogue.pages)}."
        )


def format_pages(pages: Iterable[int]) -> str:
    """The shortest text that `select_pages` reads back: `7,9,12-15`."""
    return _format_ranges(page_ranges(pages))


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


def _parse_range(part: str, text: str) -> tuple[int, int]:
    match = _PART.fullmatch(part)
    if not match:
        raise UsageError(f"{text!r} is no list of pages; write 7 or 1-50 or 7,9,12-15.")
    first = int(match[1])
    last = int(match[2] or first)
    if last < first:
        raise UsageError(f"The range {part.strip()} in {text!r} runs backwards.")
    return first, last


def _parts_beyond(catalogue: Catalogue, first: int, last: int) -> Iterator[tuple[int, int]]:
    if first < catalogue.first_page:
        yield first, min(last, catalogue.first_page - 1)
    if last > catalogue.last_page:
        yield max(first, catalogue.last_page + 1), last


def _format_ranges(ranges: Iterable[tuple[int, int]]) -> str:
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)
