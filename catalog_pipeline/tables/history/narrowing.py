"""Which pages the YAML names no longer, so that nobody looks for the products that were on them.

A page is one of those if it is the YAML that has changed: a listing that the site itself names no
longer, by the same `discover`, or the pages behind an end that has moved, are looked for in vain.
What becomes of such products is decided in `transitions`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.tables.history.matching import NONE, Mask, places_of, product_numbers


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
