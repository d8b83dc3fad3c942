"""A catalogue with a field of every type, and pages of it to store; helpers, no tests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling import messages
from catalog_pipeline.crawling.working.page_worker import PageWorker
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.records import Cell, Columns, PageRecord, Reading, StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.storing.store import Store
from catalog_pipeline.tables import build
from catalog_pipeline.tables.report import TableReport

START = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)

FIELDS: dict[str, Any] = {
    "sku": {"select": ".sku", "required": True},
    "price": {"select": ".price", "type": "money", "range": True},
    "stock": {"select": ".stock", "type": "integer"},
    "rating": {"select": ".rating", "type": "number"},
    "is_new": {"select": ".new", "type": "boolean", "exists": True},
    "link": {"select": "a", "attribute": "href", "type": "url"},
    "listed_at": {"select": "time", "type": "timestamp"},
}


def catalogue(**changes: Any) -> Catalogue:
    """The catalogue, with some of its attributes replaced."""
    attributes: dict[str, Any] = {
        "name": "shop",
        "base_url": "https://shop.example",
        "page_url": "/products?page={page}",
        "last_page": 50,
        "product": ".product",
        "fields": FIELDS,
        "key": "sku",
    }
    return Catalogue.model_validate(attributes | changes)


def rows(skus: Iterable[str | None], **columns: Any) -> Columns:
    """Products of a page; a single value stands for a whole column."""
    keys: list[Cell] = list(skus)
    cells: dict[str, Any] = {
        "price": "51.77",
        "price_max": None,
        "price_currency": "GBP",
        "stock": 3,
        "rating": 4.5,
        "is_new": True,
        "link": "https://shop.example/1",
        "listed_at": "2026-02-01T08:30:00+00:00",
    } | columns
    spread: Columns = {n: c if isinstance(c, list) else [c] * len(keys) for n, c in cells.items()}
    return {"sku": keys, **spread}


def store_page(
    store: Store,
    page: int,
    columns: Columns,
    *,
    later: float = 0,
    code_version: str | None = None,
    same_since: float | None = None,
) -> StoredPage:
    """Store a page that was fetched some seconds after the start of all things; where it was
    confirmed then, `same_since` says when its body had come."""
    packed = page_file.rows_json(columns)
    record = PageRecord(
        page=PageKey(page),
        url=f"https://shop.example/products?page={page}",
        http_status=200,
        rows=len(columns["sku"]),
        body_bytes=6,
        fetch_seconds=0.1,
        attempts=1,
        fetched_at=START + timedelta(seconds=later),
        content_type="text/html",
        etag=None,
        last_modified=None,
        not_modified=same_since is not None,
        data_version=page_file.data_version(packed),
        code_version=code_version or catalogue().code_version,
        same_since=None if same_since is None else START + timedelta(seconds=same_since),
    )
    return store.write(record, packed, b"<html>")


def store_pages(store: Store, count: int, *, per_page: int = 20) -> list[StoredPage]:
    """Store pages 1 to `count`, each with products of its own."""
    return [
        store_page(store, page, rows(f"{page}-{place}" for place in range(per_page)))
        for page in range(1, count + 1)
    ]


def build_table(
    catalogue: Catalogue, pages: Sequence[StoredPage], store: Store, table: Path, **more: Any
) -> TableReport:
    """Build the table; what has to be read again is, as in a worker, but in this process."""

    def read_again(stored: StoredPage) -> Reading:
        assert isinstance(store, FolderStore)
        worker = PageWorker(catalogue, CataloguePlaces(store.folder.parent), asks=False)
        answer = worker.do(messages.ReadStored(stored.record.page, stored))
        if isinstance(answer, messages.PageRead):
            return answer.reading
        assert isinstance(answer, messages.PageRefused)
        raise answer.error

    return build.build_table(catalogue, pages, store, table, read_again=read_again, **more)


def leftovers(table: Path) -> list[str]:
    """Whatever lies beside the table besides it and the page store."""
    return sorted(p.name for p in table.parent.iterdir() if p.is_file() and p != table)
