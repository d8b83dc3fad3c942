"""In which listings the products of a table stand, where its catalogue's listings have names.

Which rows stay is decided in `duplicates`; here their `listings` column is made, and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from catalog_pipeline.catalogue.fields import PROVENANCE_COLUMNS
from catalog_pipeline.catalogue.listing_attributes import LISTING_COLUMNS
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.tables.duplicates import Survivors

Names = npt.NDArray[np.object_]
"""The name of each row's listing."""


def listings_of_products(survivors: Survivors, names: Names) -> list[list[str]]:
    """By row the listings that its product stands in, in order."""
    found: list[list[str]] = [[name] for name in names.tolist()]
    shared = np.flatnonzero(survivors.is_shared).tolist()
    by_key: dict[int, set[str]] = {}
    for row in shared:
        by_key.setdefault(int(survivors.keys[row]), set()).add(names[row])
    for row in shared:
        found[row] = sorted(by_key[int(survivors.keys[row])])
    return found


def with_listings(rows: pa.Table, listings: Sequence[list[str]]) -> pa.Table:
    """The rows with these listings of their products."""
    name = LISTING_COLUMNS[1]
    place = rows.schema.get_field_index(name)
    return rows.set_column(place, rows.schema.field(place), pa.array(listings, rows[name].type))


def rows_of_listings(survivors: Survivors, names: Names) -> dict[str, int]:
    """How many products stand in each listing."""
    counted = names[survivors.is_last_of_listing | ~survivors.has_key]
    return dict(sorted(Counter(counted.tolist()).items()))


def columns_not_compared(catalogue: Catalogue) -> list[str]:
    """Columns in which rows of one product may differ: those of its page, and of its listing."""
    if not catalogue.has_named_listings:
        return list(PROVENANCE_COLUMNS)
    fields = catalogue.fields.items()
    of_page = [c for name, field in fields if field.of == "page" for c in field.columns(name)]
    return [*of_page, *PROVENANCE_COLUMNS, *LISTING_COLUMNS]
