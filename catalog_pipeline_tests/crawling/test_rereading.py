"""Stored pages that a build of the table reads again: watched, and in a process only if need be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.lock import TABLE_LOCK, catalogue_lock
from catalog_pipeline.crawling.rereading import StoredPageReader
from catalog_pipeline.errors import WorkerError
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.records import StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.storing.page_file import PageFile
from catalog_pipeline.system.locked_file import read_values
from catalog_pipeline.tables.build import build_table
from catalog_pipeline.tables.report import TableReport
from catalog_pipeline_tests.crawling.conftest import Endanger
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.tables import shop

pytestmark = pytest.mark.processes

LIMITS = {"parse_seconds": 0.5, "parse_memory": 200 * 2**20}


@pytest.fixture
def places(tmp_path: Path) -> CataloguePlaces:
    """Where the pages and the table of a shop are."""
    places = CataloguePlaces(tmp_path / "shop")
    FolderStore(places.pages).prepare()
    return places


def _damaged(store: FolderStore, page: int, more: str = "") -> StoredPage:
    """A page whose body is whole, and whose rows are not."""
    good = shop.store_page(store, page, shop.rows([str(page)]))
    html = f"<div class=product><b class=sku>{page}</b><i class=stock>5</i>{more}</div>".encode()
    return store.write_again(good.record, PageFile(good.record, b"no rows", page_file.pack(html)))


def _build(places: CataloguePlaces, pages: list[StoredPage], **changes: Any) -> TableReport:
    catalogue = shop.catalogue(limits=LIMITS, **changes)
    with _reader(catalogue, places) as reader:
        store = FolderStore(places.pages)
        return build_table(catalogue, pages, store, places.table, read_again=reader.read)


@contextmanager
def _reader(catalogue: Catalogue, places: CataloguePlaces) -> Iterator[StoredPageReader]:
    with (
        catalogue_lock(places.folder, "a build", lock_file=TABLE_LOCK) as lease,
        StoredPageReader(catalogue, places, lease) as reader,
    ):
        yield reader


@pytest.mark.parametrize(("damaged", "processes"), [((), 0), ((2,), 1), ((1, 2, 3), 1)])
def test_one_process_parses_what_has_to_be_and_without_that_there_is_none(
    places: CataloguePlaces, damaged: tuple[int, ...], processes: int
):
    """The lock names it, so that whoever comes after a build that was killed can end it."""
    store = FolderStore(places.pages)
    pages = shop.store_pages(store, 3, per_page=1)
    pages = [_damaged(store, n) if n in damaged else page for n, page in enumerate(pages, start=1)]
    catalogue = shop.catalogue()
    with _reader(catalogue, places) as reader:
        report = build_table(catalogue, pages, store, places.table, read_again=reader.read)
        workers = read_values(places.folder / TABLE_LOCK).get("workers", [])
    assert (report.parsed_again, report.left_out) == (tuple(keys(*damaged)), ())
    assert pq.read_table(places.table)["stock"].to_pylist() == [
        5 if page in damaged else 3 for page in (1, 2, 3)
    ]
    assert len(workers) == processes


def test_a_page_at_which_a_selector_explodes_is_left_out_alone_and_the_field_is_named(
    places: CataloguePlaces,
):
    path = "//*"
    for _ in range(12):
        path = f"//*[count({path}) > 0]"
    slow = {"select": f"xpath:.//u[{path}]", "type": "number"}
    store = FolderStore(places.pages)
    pages = [_damaged(store, 1), _damaged(store, 2, "<u></u>" * 6), _damaged(store, 3)]
    report = _build(places, pages, fields=shop.FIELDS | {"rating": slow})
    (left_out,) = report.left_out
    assert left_out.page == PageKey(2)
    assert "took longer than 0.5 s (limits.parse_seconds) [field rating]" in left_out.reason
    assert pq.read_table(places.table)["sku"].to_pylist() == ["1", "3"]


@pytest.mark.parametrize(
    ("danger", "reason"),
    [
        ("crash", "2 worker processes ended while they were reading it, the last one with signal"),
        ("hog", "took more than 200 MiB (limits.parse_memory)"),
        ("hang", "took longer than 0.5 s (limits.parse_seconds)"),
        ("break", "reading it broke: MemoryError: nobody foresaw this"),
    ],
)
def test_a_page_that_is_a_danger_to_whoever_parses_it_is_left_out_alone(
    places: CataloguePlaces, endanger: Endanger, danger: str, reason: str
):
    endanger(**{danger: [2]})
    store = FolderStore(places.pages)
    report = _build(places, [_damaged(store, page) for page in (1, 2, 3)])
    (left_out,) = report.left_out
    assert left_out.page == PageKey(2)
    assert reason in left_out.reason
    assert pq.read_table(places.table)["sku"].to_pylist() == ["1", "3"]


def test_a_failed_page_that_today_is_a_danger_keeps_the_rows_that_it_had(
    places: CataloguePlaces, endanger: Endanger
):
    endanger(crash=[2])
    store = FolderStore(places.pages)
    pages = shop.store_pages(store, 2)
    record = replace(pages[1].record, code_version="older")
    file = store.read(record.page, pages[1].file_name, pages[1].sha256)
    pages[1] = store.write_again(record, file)
    catalogue = shop.catalogue()
    with _reader(catalogue, places) as reader:
        report = build_table(
            catalogue, pages, store, places.table, read_again=reader.read, failed=keys(2)
        )
    assert (report.pages, report.left_out, report.outdated_pages) == (2, (), 1)


def test_processes_that_cannot_start_end_the_build_and_leave_no_page_out(
    places: CataloguePlaces, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    (tmp_path / "sitecustomize.py").write_text("import os; os._exit(7)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(WorkerError, match=r"10 worker processes .* exit status 7"):
        _build(places, [_damaged(FolderStore(places.pages), 1)])
    assert not places.table.exists()
