"""Stored pages that are missing, altered or of an older YAML: never silently in the table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import TableError
from catalog_pipeline.records import Columns, StoredPage
from catalog_pipeline.storing import page_file
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.storing.page_file import PageFile
from catalog_pipeline_tests.pages import keys
from catalog_pipeline_tests.tables import shop


def pages_of(table: Path) -> list[int]:
    """The pages that have rows in the table."""
    return sorted(set(pq.read_table(table)["page"].to_pylist()))


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "deleted": (Path.unlink, "is missing"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:-10]), "altered"),
    "emptied": (lambda path: path.write_bytes(b""), "altered"),
    "altered": (flip_a_byte, "altered"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_page_is_left_out_and_reported(
    store: FolderStore, table: Path, damage: str
) -> None:
    pages = shop.store_pages(store, 3)
    act, complaint = DAMAGES[damage]
    act(store.folder / pages[1].file_name)
    report = shop.build_table(shop.catalogue(), pages, store, table)
    assert pages_of(table) == [1, 3]
    assert (report.pages, report.rows) == (2, 40)
    assert len(report.left_out) == 1
    assert report.left_out[0].reason.startswith("page 2: stored file")
    assert complaint in report.left_out[0].reason
    assert "parsed again" not in report.left_out[0].reason


@dataclass
class Refetch:
    """Gives the newer file for whatever page it is asked for."""

    newer: StoredPage
    asked: list[PageKey] = field(default_factory=list)

    def __call__(self, page: PageKey) -> StoredPage:
        self.asked.append(page)
        return self.newer


def test_a_page_whose_checkpoint_moved_on_is_read_from_the_newer_file(
    store: FolderStore, table: Path
) -> None:
    pages = shop.store_pages(store, 3)
    newer = shop.store_page(store, 2, shop.rows(["newer"]), later=9)
    (store.folder / pages[1].file_name).unlink()
    refetch = Refetch(newer)
    report = shop.build_table(shop.catalogue(), pages, store, table, refetch=refetch)
    assert refetch.asked == keys(2)
    assert report.left_out == ()
    assert pq.read_table(table, filters=[("page", "=", 2)])["sku"].to_pylist() == ["newer"]


def test_the_newer_file_is_verified_too_and_asked_for_once(store: FolderStore, table: Path) -> None:
    pages = shop.store_pages(store, 2)
    newer = shop.store_page(store, 2, shop.rows(["newer"]), later=9)
    (store.folder / pages[1].file_name).unlink()
    flip_a_byte(store.folder / newer.file_name)
    refetch = Refetch(newer)
    report = shop.build_table(shop.catalogue(), pages, store, table, refetch=refetch)
    assert refetch.asked == keys(2)
    assert pages_of(table) == [1]
    assert newer.file_name in report.left_out[0].reason
    assert "parsed again" not in report.left_out[0].reason


def test_with_every_page_damaged_the_old_table_stays(store: FolderStore, table: Path) -> None:
    pages = shop.store_pages(store, 2)
    shop.build_table(shop.catalogue(), pages, store, table)
    for stored in pages:
        (store.folder / stored.file_name).unlink()
    with pytest.raises(TableError, match=r"shop: none of its 2 stored pages .*page 1: .*missing"):
        shop.build_table(shop.catalogue(), pages, store, table)
    assert pages_of(table) == [1, 2]
    assert shop.leftovers(table) == []


def test_a_file_of_another_page_is_not_taken(store: FolderStore, table: Path) -> None:
    one, two = shop.store_pages(store, 2)
    swapped = replace(two, file_name=one.file_name, sha256=one.sha256)
    report = shop.build_table(shop.catalogue(), [one, swapped], store, table)
    assert pages_of(table) == [1]
    assert "one of page 1" in report.left_out[0].reason


def test_columns_of_unequal_length_are_damage(store: FolderStore, table: Path) -> None:
    good = shop.store_page(store, 1, shop.rows(["a", "b"]))
    bad = shop.store_page(store, 2, shop.rows(["c", "d"], stock=[1]))
    report = shop.build_table(shop.catalogue(), [good, bad], store, table)
    assert pages_of(table) == [1]
    assert "does not hold 2 whole rows" in report.left_out[0].reason


def test_pages_of_an_older_yaml_are_used_as_far_as_they_fit(
    store: FolderStore, table: Path
) -> None:
    old_rows: Columns = {
        "sku": ["old"],
        "stock": [2],
        "dropped": ["x"],
    }
    pages = [
        shop.store_page(store, 1, old_rows, code_version="older"),
        shop.store_page(store, 2, shop.rows(["new"])),
    ]
    report = shop.build_table(shop.catalogue(), pages, store, table)
    read = pq.read_table(table)
    assert (report.pages, report.outdated_pages, report.left_out) == (2, 1, ())
    assert read["sku"].to_pylist() == ["old", "new"]
    assert read["stock"].to_pylist() == [2, 3]
    assert read["rating"].to_pylist() == [None, 4.5]
    assert "dropped" not in read.column_names


@pytest.mark.parametrize(
    ("name", "cell", "complaint"),
    [
        ("stock", 4.5, "4.5 is no integer"),
        ("stock", "4", "'4' is no integer"),
        ("stock", True, "True is no integer"),
        ("stock", 2**63, f"{2**63} is no integer"),
        ("rating", True, "True is no number"),
        ("rating", "good", "'good' is no number"),
        ("rating", 2**53 + 1, f"{2**53 + 1} is no number"),
        ("is_new", 1, "1 is no boolean"),
        ("is_new", "yes", "'yes' is no boolean"),
        ("price", "cheap", "'cheap' is no money"),
        ("price", 51.77, "51.77 is no money"),
        ("price", "NaN", "'NaN' is no money"),
        ("price", "1" * 21, f"'{'1' * 21}' is no money"),
        ("price", "0." + "1" * 19, "is no money"),
        ("link", 5, "5 is no url"),
        ("sku", 5, "5 is no text"),
        ("price_currency", 5, "5 is no currency"),
        ("listed_at", "yesterday", "'yesterday' is no timestamp"),
        ("listed_at", "2026-02-01T08:30:00", "is no timestamp"),
    ],
)
def test_a_cell_that_does_not_fit_its_column_is_damage_and_never_changed(
    store: FolderStore, table: Path, name: str, cell: Any, complaint: str
) -> None:
    old = shop.rows(["b", "c"]) | {name: [None, cell]}
    pages = [
        shop.store_page(store, 1, shop.rows(["a"])),
        shop.store_page(store, 2, old, code_version="older"),
        shop.store_page(store, 3, shop.rows(["d"])),
    ]
    report = shop.build_table(shop.catalogue(), pages, store, table)
    assert pages_of(table) == [1, 3]
    assert (report.pages, report.outdated_pages) == (2, 0)
    assert report.left_out[0].reason.startswith(f"page 2: product 2, column {name}: ")
    assert complaint in report.left_out[0].reason
    assert (
        "parsed again from its stored body: page 2 https://shop.example"
        in report.left_out[0].reason
    )


def test_whole_numbers_of_an_older_number_field_fit_an_integer_column(
    store: FolderStore, table: Path
) -> None:
    page = shop.store_page(store, 1, shop.rows(["a"], stock=[4.0]), code_version="older")
    report = shop.build_table(shop.catalogue(), [page], store, table)
    assert report.left_out == ()
    assert pq.read_table(table)["stock"].to_pylist() == [4]


HTML = (
    b"<div class=product><b class=sku>a</b><i class=stock>4</i></div>"
    b"<div class=product><b class=sku>b</b><i class=stock>5</i></div>"
)


@pytest.mark.parametrize(
    "rows", [b"no zstandard", page_file.pack(b"no json"), page_file.pack(b'{"sku":["a"]}')]
)
def test_rows_that_cannot_be_read_are_parsed_again_from_the_body(
    store: FolderStore, table: Path, rows: bytes
) -> None:
    good = shop.store_page(store, 1, shop.rows(["c", "d"]))
    record = replace(good.record, page=PageKey(2))
    pages = [good, store.write_again(record, PageFile(record, rows, page_file.pack(HTML)))]
    report = shop.build_table(shop.catalogue(product=".product"), pages, store, table)
    assert (report.left_out, report.parsed_again) == ((), tuple(keys(2)))
    assert pq.read_table(table)["stock"].to_pylist() == [3, 3, 4, 5]


def test_cells_that_do_not_fit_are_parsed_again_in_their_place(
    store: FolderStore, table: Path
) -> None:
    first = shop.store_page(store, 1, shop.rows(["x"]))
    record = replace(first.record, page=PageKey(2), rows=2, code_version="older")
    old = page_file.pack(page_file.rows_json({"sku": ["a", "b"], "stock": ["many", "few"]}))
    second = store.write_again(record, PageFile(record, old, page_file.pack(HTML)))
    third = shop.store_page(store, 3, shop.rows(["z"]))
    report = shop.build_table(shop.catalogue(), [first, second, third], store, table)
    assert (report.left_out, report.parsed_again, report.outdated_pages) == ((), tuple(keys(2)), 0)
    read = pq.read_table(table)
    assert read["sku"].to_pylist() == ["x", "a", "b", "z"]
    assert read["stock"].to_pylist() == [3, 4, 5, 3]
    assert read["page"].to_pylist() == [1, 2, 2, 3]


def test_a_body_that_cannot_be_read_either_is_told_with_both_reasons(
    store: FolderStore, table: Path
) -> None:
    good = shop.store_page(store, 1, shop.rows(["c"]))
    record = replace(good.record, page=PageKey(2))
    pages = [good, store.write_again(record, PageFile(record, b"no", page_file.pack(b"<p>")))]
    report = shop.build_table(shop.catalogue(), pages, store, table)
    (left_out,) = report.left_out
    assert left_out.page == PageKey(2)
    assert "does not decompress" in left_out.reason
    assert "parsed again from its stored body: page 2 " in left_out.reason


@pytest.mark.parametrize(
    ("body", "stock", "outdated"), [(HTML, [3, 4, 5], 0), (b"<p>closed</p>", [3, 1, 2], 1)]
)
def test_a_failed_page_that_another_yaml_read_is_parsed_again_or_keeps_its_rows(
    store: FolderStore, table: Path, body: bytes, stock: list[int], outdated: int
) -> None:
    first = shop.store_page(store, 1, shop.rows(["x"]))
    record = replace(first.record, page=PageKey(2), rows=2, code_version="older")
    old = page_file.pack(page_file.rows_json({"sku": ["a", "b"], "stock": [1, 2]}))
    second = store.write_again(record, PageFile(record, old, page_file.pack(body)))
    for failed, expected in [((), [3, 1, 2]), (keys(2), stock)]:
        report = shop.build_table(shop.catalogue(), [first, second], store, table, failed=failed)
        assert pq.read_table(table)["stock"].to_pylist() == expected
        assert report.left_out == ()
    assert report.outdated_pages == outdated
