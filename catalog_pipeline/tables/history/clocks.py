"""Whether a page was downloaded since the last build, and by its time before that build was.

Only then a clock was ahead, or has been set back. That the newest page of the last build is none of
this one is no matter of clocks: the catalogue has become shorter, or the page was wiped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.tables.history.evidence import PageSeen
from catalog_pipeline.tables.history.state import State

_ROWS_AT_ONCE = 50_000


def went_back(last_table: Path, seen: Sequence[PageSeen], before: State | None) -> bool:
    """Whether all pages are from before the last build's time, and one that it had too is another.

    Of a table that cannot be read it is taken to be so.
    """
    if before is None or max(page.fetched_at for page in seen) >= before.at:
        return False
    try:
        fetches = _fetches(last_table)
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return True
    return any(fetches.get(page.page, page.fetched_at) != page.fetched_at for page in seen)


def _fetches(table: Path) -> dict[str, datetime]:
    """When each page was fetched that has rows in a table."""
    found: dict[str, datetime] = {}
    with pq.ParquetFile(table) as file:
        names = [name for name in ("listing", "page") if name in file.schema_arrow.names]
        for batch in file.iter_batches(_ROWS_AT_ONCE, columns=[*names, "fetched_at"]):
            rows = pa.Table.from_batches([batch])
            for row in rows.group_by(rows.column_names).aggregate([]).to_pylist():
                page = PageKey(row["page"], row.get("listing") or None)
                found[str(page)] = row["fetched_at"]
    return found
