"""Which pages the YAML names no longer, so that nobody looks for the products that were on them,
and which it has not named before, so that nobody knows which products of theirs are new.

A page is one of those if it is the YAML that has changed: a listing that the site itself names no
longer, or names since, by the same `discover`, and the pages behind an end that has moved, are not.
What becomes of such products is decided in `transitions` and `merging`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.tables.history.evidence import PagesSeen
from catalog_pipeline.tables.history.matching import NONE, Mask, places_of, product_numbers
from catalog_pipeline.tables.history.state import LookedAt, Span


def outside_of(catalogue: Catalogue, rule_before: str | None) -> Callable[[str], bool]:
    """What tells of a page that had products whether today's YAML cannot mean it any more.

    `rule_before` is the version of the `discover` by which the last build's listings were found.
    """
    may_have = catalogue.may_have
    names = {each.name for each in catalogue.all_listings}
    is_of_site = catalogue.is_discovered and catalogue.listings_rule == rule_before

    def is_outside(text: str) -> bool:
        page = PageKey.parse(text)
        if is_of_site and page.listing not in names:
            return False
        return not may_have(page)

    return is_outside


def unseen_before(catalogue: Catalogue, looked: LookedAt | None) -> Callable[[str], bool]:
    """What tells of a page that has products whether no crawl has had it so far, because no YAML
    meant it."""
    if looked is None:
        return lambda text: False
    spans: dict[str | None, list[Span]] = {}
    for span in looked.spans:
        spans.setdefault(span.listing, []).append(span)
    is_of_site = catalogue.is_discovered and catalogue.listings_rule == looked.rule

    def is_unseen(text: str) -> bool:
        page = PageKey.parse(text)
        if is_of_site and page.listing not in spans:
            return False
        own = Span(page.listing, page.number, page.number)
        return not any(span.covers(own) for span in spans.get(page.listing, ()))

    return is_unseen


def looked_at(catalogue: Catalogue, looked: LookedAt | None, seen: PagesSeen) -> LookedAt | None:
    """The pages that crawls have had, after one that had all of today's or but some of them."""
    if seen.lacks is not None:
        return looked and replace(looked, spans=(*looked.spans, *_added(catalogue, looked, seen)))
    today = [Span(each.name, each.first_page, each.last_number) for each in catalogue.all_listings]
    of_listing = {each.listing: each for each in today}
    former = looked.spans if looked is not None else ()
    kept = [each for each in former if not _is_covered(each, of_listing.get(each.listing))]
    spans = (*kept, *(each for each in today if each not in kept))
    return LookedAt(spans, catalogue.listings_rule)


def _added(catalogue: Catalogue, looked: LookedAt, seen: PagesSeen) -> list[Span]:
    """The pages of a build that none before it had, as spans."""
    is_unseen = unseen_before(catalogue, looked)
    spans: list[Span] = []
    for page in sorted(PageKey.parse(each.page) for each in seen.pages if is_unseen(each.page)):
        last = spans[-1] if spans else None
        if last and (last.listing, last.last) == (page.listing, page.number - 1):
            spans[-1] = replace(last, last=page.number)
        else:
            spans.append(Span(page.listing, page.number, page.number))
    return spans


def _is_covered(span: Span, other: Span | None) -> bool:
    return other is not None and other.covers(span)


def are_outside(pages: pa.ChunkedArray, is_outside: Callable[[str], bool]) -> Mask:
    """The same of many pages; of one that is not known it is not so."""
    texts = pages.unique().drop_null().to_pylist()
    outside = pa.array([text for text in texts if is_outside(text)], pa.string())
    found: Mask = pc.call_function("is_in", [pages], pc.SetLookupOptions(outside)).to_numpy()
    return found


def pages_known(
    keys: pa.Table, pages: pa.ChunkedArray, table: Path, key: Sequence[str]
) -> pa.ChunkedArray:
    """The pages of products; those that a history from before it had pages lacks are the last
    table's, as far as it has them."""
    with contextlib.suppress(OSError, pa.ArrowException, KeyError):
        if pages.null_count:
            with pq.ParquetFile(table) as file:
                rows = file.read(list(key)).select(list(key)).cast(keys.schema)
                texts = page_texts(file, has_listings="listing" in file.schema_arrow.names)
            place = places_of(*product_numbers([keys, rows], key))
            of_table = texts.take(pa.array(place, mask=place == NONE))
            return pc.call_function("coalesce", [pages, of_table])
    return pages


def page_texts(table: pq.ParquetFile, *, has_listings: bool) -> pa.Array:
    """The page of each row of a table, as text."""
    names = ["listing", "page"] if has_listings else ["page"]
    known: dict[tuple[str | None, int], str] = {}
    texts: list[str] = []
    for group in range(table.num_row_groups):
        rows = table.read_row_group(group, names)
        numbers = rows["page"].to_pylist()
        listings = rows["listing"].to_pylist() if has_listings else [None] * len(numbers)
        for listing, number in zip(listings, numbers, strict=True):
            text = known.get((listing, number))
            if text is None:
                text = known[listing, number] = str(PageKey(number, listing))
            texts.append(text)
    return pa.array(texts, pa.string())
