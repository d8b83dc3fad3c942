"""Pages as people write many of them at once, and Dagster's ranges: `7,9,12-15`, `phones-2-4`.

One page alone is a `PageKey`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey, in_order
from catalog_pipeline.errors import UsageError

# Python refuses to read very long numbers; no catalogue gets anywhere near the length allowed.
_PART = re.compile(
    r"\s*(?:([A-Za-z][A-Za-z0-9_]*)-)?([0-9]{1,18})\s*(?:-\s*([0-9]{1,18})\s*)?", re.ASCII
)
_LISTING = re.compile(r"\s*([A-Za-z][A-Za-z0-9_]*)\s*", re.ASCII)

PageRange = tuple[PageKey, PageKey]
"""First and last of consecutive pages of one listing."""


def select_pages(catalogue: Catalogue, text: str) -> list[PageKey]:
    """Pages of a text such as `1-50`, `7,9,12-15` or `phones-1,laptops`, sorted, each once.

    Raises:
        UsageError: the text is not of that form, or the catalogue does not have one of the pages.
    """
    ranges = [_parse_range(catalogue, part, text) for part in text.split(",")]
    # Asked before a range is written out, which may be longer than memory.
    check_pages(catalogue, ranges)
    return _all_of(ranges)


def select_known_pages(catalogue: Catalogue, text: str) -> list[PageKey]:
    """The pages of such a text that the catalogue has; where crawls find them, some may be gone.

    Raises:
        UsageError: the text is of another form.
    """
    known = frozenset(catalogue.pages)
    ranges = (_parse_range(catalogue, part, text) for part in text.split(","))
    return [page for page in _all_of(ranges) if page in known]


def check_pages(catalogue: Catalogue, ranges: Iterable[PageRange]) -> None:
    """Refuse ranges with a page that the catalogue does not have.

    Raises:
        UsageError: names the pages that are not there, and those that are.
    """
    beyond = [part for first, last in ranges for part in _parts_beyond(catalogue, first, last)]
    if beyond:
        raise UsageError(
            f"{catalogue.name} has no page {_format_ranges(beyond)}; "
            f"it has {format_pages(catalogue.pages)}."
        )


def check_page(catalogue: Catalogue, page: PageKey) -> None:
    """Refuse a page that the catalogue cannot have by its YAML.

    Raises:
        UsageError: names the pages that there are.
    """
    if catalogue.is_fixed:
        check_pages(catalogue, [(page, page)])
        return
    if catalogue.is_discovered and not catalogue.all_listings and page.listing is not None:
        return
    of_listing = [each for each in catalogue.all_listings if each.name == page.listing]
    if not of_listing or not of_listing[0].may_have(page.number):
        raise UsageError(f"{catalogue.name} has no page {page}; it has {pages_text(catalogue)}.")


def format_pages(pages: Iterable[PageKey]) -> str:
    """The shortest text that `select_pages` reads back: `7,9,12-15`."""
    return _format_ranges(page_ranges(pages))


def pages_text(catalogue: Catalogue) -> str:
    """Which pages a catalogue has, by its YAML alone."""
    if catalogue.is_discovered and not catalogue.all_listings:
        return f"of the listings that {catalogue.first_address} names"
    if not catalogue.is_fixed:
        firsts = ", ".join(str(each.first_key) for each in catalogue.all_listings)
        return f"{firsts} and what crawls find"
    return format_pages(catalogue.pages)


def page_ranges(pages: Iterable[PageKey]) -> Iterator[PageRange]:
    """Runs of consecutive pages, in order."""
    first = last = None
    for page in in_order(set(pages)):
        if last is not None and page.listing == last.listing and page.number == last.number + 1:
            last = page
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = page
    if first is not None and last is not None:
        yield first, last


def _parse_range(catalogue: Catalogue, part: str, text: str) -> PageRange:
    if (named := _LISTING.fullmatch(part)) and catalogue.has_named_listings:
        return _whole_listing(catalogue, named[1])
    match = _PART.fullmatch(part)
    if not match:
        forms = "7 or 1-50 or 7,9,12-15"
        if catalogue.has_named_listings:
            name = catalogue.first_key.listing
            forms = f"{name} or {name}-1 or {name}-1-5"
        raise UsageError(f"{text!r} is no list of pages; write {forms}.")
    first = int(match[2])
    last = int(match[3] or first)
    if last < first:
        raise UsageError(f"The range {part.strip()} in {text!r} runs backwards.")
    return PageKey(first, match[1]), PageKey(last, match[1])


def _whole_listing(catalogue: Catalogue, name: str) -> PageRange:
    known = catalogue.pages_of_listing(name)
    if known:
        return known[0], known[-1]
    if catalogue.is_discovered and not catalogue.all_listings:
        raise UsageError(
            f"{catalogue.name} has no listing {name} yet: a run over all pages discovers them."
        )
    names = ", ".join(str(each.name) for each in catalogue.all_listings)
    raise UsageError(f"{catalogue.name} has no listing {name}; it has {names}.")


def _all_of(ranges: Iterable[PageRange]) -> list[PageKey]:
    return sorted({page for first, last in ranges for page in _written_out(first, last)})


def _written_out(first: PageKey, last: PageKey) -> Iterator[PageKey]:
    return (PageKey(number, first.listing) for number in range(first.number, last.number + 1))


def _parts_beyond(catalogue: Catalogue, first: PageKey, last: PageKey) -> Iterator[PageRange]:
    known = catalogue.pages_of_listing(first.listing)
    if not known:
        yield first, last
        return
    name, lowest, highest = first.listing, known[0].number, known[-1].number
    if first.number < lowest:
        yield first, PageKey(min(last.number, lowest - 1), name)
    if last.number > highest:
        yield PageKey(max(first.number, highest + 1), name), last


def _format_ranges(ranges: Iterable[PageRange]) -> str:
    return ",".join(
        str(first) if first == last else f"{first}-{last.number}" for first, last in ranges
    )
