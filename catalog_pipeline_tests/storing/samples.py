"""Pages to store, in several sizes; helpers, no tests."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.records import Columns, PageRecord, StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.store import Store

NOON = datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone.utc)


def record(
    page: int, *, rows: int = 1, fetched_at: datetime = NOON, body_bytes: int = 3000
) -> PageRecord:
    """What is known of a download of a page."""
    return PageRecord(
        page=PageKey(page),
        url=f"https://shop.example/products?page={page}",
        http_status=200,
        rows=rows,
        body_bytes=body_bytes,
        fetch_seconds=0.25,
        attempts=1,
        fetched_at=fetched_at,
        content_type="text/html; charset=utf-8",
        etag='"v1"',
        last_modified=None,
        not_modified=False,
        data_version="d" * 32,
        code_version="c" * 12,
    )


def columns(page: int) -> Columns:
    """The rows of a page."""
    return {"name": [f"Café № {page}"], "price": ["51.77"], "stock": [None], "new": [True]}


def body(page: int, size: int = 3000) -> bytes:
    """A body that does not compress, the same for the same page."""
    return random.Random(page).randbytes(size)


def store_page(store: Store, page: int, *, later: float = 0, size: int = 3000) -> StoredPage:
    """Store a page that was fetched some seconds after noon."""
    fetched_at = NOON + timedelta(seconds=later)
    rows = page_file.rows_json(columns(page))
    return store.write(record(page, fetched_at=fetched_at, body_bytes=size), rows, body(page, size))
