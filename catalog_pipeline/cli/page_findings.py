"""What `try` says of a page that could be read: how full its fields are, and what to doubt."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from catalog_pipeline.catalogue.length import OpenLength
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.scheduling.end_signs import sign_of
from catalog_pipeline.errors import PageError
from catalog_pipeline.reading.explaining import Explanation
from catalog_pipeline.records import Columns, Reading, Told

_MOST_NAMED = 3


def findings_of(
    catalogue: Catalogue,
    reading: Reading,
    explanation: Explanation | None,
    told: Told | None = None,
    *,
    page: PageKey | None = None,
    empty: Mapping[str, str] | None = None,
) -> list[str]:
    """One line for each field, and one for each thing to doubt.

    `empty` says of fields that no product has what is there instead; `page` is which one this is.
    """
    return [
        *_fill_rates(catalogue, reading.columns),
        *(f"{name}: {reason}" for name, reason in (empty or {}).items()),
        *_notes(reading),
        *_equal_keys(catalogue, reading.columns),
        *_assumed(explanation),
        *_listing(told),
        *(_of_open_listing(catalogue, page) if page is not None else ()),
    ]


def sign_of_end(catalogue: Catalogue, page: PageKey, error: PageError) -> str | None:
    """What a page that cannot be had, or has no product, says of the end of an open listing."""
    listing = catalogue.listing_of(page)
    if not isinstance(listing.length, OpenLength) or page == listing.first_key:
        return None
    sign = sign_of(error, listing.length.end)
    if sign is None:
        return None
    more = listing.length.end.confirm - 1
    others = "the page after it shows" if more == 1 else f"the {more} pages after it show"
    return f"pages: the listing ends before page {page} ({sign}), if {others} such a sign, too"


def _fill_rates(catalogue: Catalogue, columns: Columns) -> Iterator[str]:
    for name in catalogue.fields:
        cells = columns[name]
        filled = sum(cell is not None for cell in cells)
        share = f" ({filled / len(cells):.0%})" if cells else ""
        yield f"{name}: {filled} of {len(cells)} filled{share}"


def _notes(reading: Reading) -> Iterator[str]:
    notes = reading.notes
    if notes is None:
        return
    for name, number in notes.several.items():
        products = "1 product has" if number == 1 else f"{number} products have"
        yield f"{name}: {products} several values, of which the first is taken; see `nth`"
    for text in notes.texts[:_MOST_NAMED]:
        what = "the product" if text.row else "the value"
        yield (
            f"{text.field}: {what} is left out at product {text.position}: {text.problem} "
            f"(found: {text.found!r})"
        )
    if len(notes.texts) > _MOST_NAMED:
        yield f"… and {len(notes.texts) - _MOST_NAMED} more texts are left out"
    if notes.total is not None:
        yield f"total: the page says that the site has {notes.total:,} products"


def _listing(told: Told | None) -> Iterator[str]:
    if told is None:
        return
    if told.problem:
        yield f"pages: {told.problem}"
    elif told.last is not None:
        yield f"pages: page {told.last} is the last one ({told.found})"
    elif told.successor is not None:
        yield f"pages: the next one is {told.successor}"
    else:
        yield f"pages: no page follows this one ({told.found})"


def _of_open_listing(catalogue: Catalogue, page: PageKey) -> Iterator[str]:
    length = catalogue.listing_of(page).length
    if not isinstance(length, OpenLength):
        return
    end = length.end
    signs = [
        *(["no product"] if end.empty else []),
        *([f"status {', '.join(map(str, end.status))}"] if end.status else []),
        *(["the products of another page"] if end.repeats else []),
        *(["a redirect to another page"] if end.redirect else []),
    ]
    yield (
        f"pages: crawls look for the end, which {end.confirm} pages one after the other show by "
        f"{'; '.join(signs)}"
    )


def _equal_keys(catalogue: Catalogue, columns: Columns) -> Iterator[str]:
    places: dict[tuple[object, ...], list[int]] = defaultdict(list)
    keys = zip(*(columns[name] for name in catalogue.key_columns), strict=True)
    for position, key in enumerate(keys, start=1):
        if any(cell is not None for cell in key):
            places[key].append(position)
    equal = {key: positions for key, positions in places.items() if len(positions) > 1}
    if not equal:
        return
    lost = sum(len(positions) - 1 for positions in equal.values())
    named = "; ".join(
        f"{', '.join(map(repr, key))} at {', '.join(map(str, positions[:5]))}"
        for key, positions in list(equal.items())[:_MOST_NAMED]
    )
    fields = ", ".join(catalogue.key)
    yield f"key: {lost} of these rows would give way to another one of the same {fields}: {named}"


def _assumed(explanation: Explanation | None) -> Iterator[str]:
    for match in explanation.fields if explanation is not None else ():
        if match.assumed:
            named = ", ".join(f"{text!r} as {value}" for text, value in match.assumed[:_MOST_NAMED])
            more = len(match.assumed) - _MOST_NAMED
            others = f" and {more} more" if more > 0 else ""
            yield (
                f"{match.field}: read by what is usual, not by what is declared: {named}{others}; "
                f"`decimal_separator` declares it"
            )
