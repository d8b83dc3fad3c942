"""The same product on several pages: one row stays, the one that was fetched last."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from catalog_pipeline.errors import TableError
from catalog_pipeline.storing.folder_store import FolderStore
from catalog_pipeline.tables import stored_rows
from catalog_pipeline.tables.quality.merged_verdict import KEYS_UNIQUE
from catalog_pipeline.tables.report import MergedRows
from catalog_pipeline_tests.tables import shop

_REPEATS = "its page has the same rows as another"


def kept(table: Path) -> list[tuple[Any, ...]]:
    """Key, page and position of the table's rows."""
    rows = pq.read_table(table, columns=["sku", "page", "position"]).to_pylist()
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize(
    ("fetched", "winner"),
    [((0, 1, 2), 3), ((2, 1, 0), 1), ((0, 5, 5), 3), ((0, 0, 0), 3), ((1, 2, 1), 2)],
)
def test_the_row_fetched_last_wins_and_of_equals_the_later_page(
    store: FolderStore, table: Path, fetched: tuple[float, ...], winner: int
) -> None:
    pages = [
        shop.store_page(store, page, shop.rows(["shared", f"own {page}"]), later=later)
        for page, later in enumerate(fetched, start=1)
    ]
    report = shop.build_table(shop.catalogue(), pages, store, table)
    expected = [(f"own {page}", page, 2) for page in (1, 2, 3)] + [("shared", winner, 1)]
    assert kept(table) == sorted(expected, key=lambda row: row[1:])
    assert (report.rows, report.duplicates) == (4, 2)


def test_of_a_product_twice_on_one_page_the_later_position_wins(
    store: FolderStore, table: Path
) -> None:
    page = shop.store_page(store, 1, shop.rows("aba"))
    assert shop.build_table(shop.catalogue(), [page], store, table).duplicates == 1
    assert kept(table) == [("b", 1, 2), ("a", 1, 3)]


def test_rows_that_gave_way_are_counted_by_why(store: FolderStore, table: Path) -> None:
    same = shop.rows("ab")
    pages = [
        shop.store_page(store, 1, same),
        shop.store_page(store, 2, same),
        shop.store_page(store, 3, shop.rows("cd")),
        shop.store_page(store, 4, shop.rows("ce")),
        shop.store_page(store, 5, shop.rows("d", stock=[7])),
    ]
    report = shop.build_table(shop.catalogue(), pages, store, table)
    assert report.merged == MergedRows(same_page=2, equal=1, different=1)
    verdict = report.judgement.verdicts[0]
    assert (verdict.name, verdict.passed) == (KEYS_UNIQUE, True)
    assert verdict.seen["gave_way"] == 4
    assert list(verdict.examples) == [
        {
            "sku": "d", "page": "3", "kept_page": "5", "why": "different values",
            "differs": "stock: 3 here, 7 kept",
        },
        {"sku": "c", "page": "3", "kept_page": "4", "why": "equal values"},
        {"sku": "a", "page": "1", "kept_page": "2", "why": _REPEATS},
        {"sku": "b", "page": "1", "kept_page": "2", "why": _REPEATS},
    ]  # fmt: skip
    with pytest.raises(TableError, match=r"4 of 9 rows have the key of another one \(2 of pages"):
        shop.build_table(shop.catalogue(), pages, store, table, most_merged=0.4)
    assert len(kept(table)) == 5


def test_of_many_rows_that_gave_way_twenty_are_shown_those_with_other_values_first(
    store: FolderStore, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_rows, "BATCH_ROWS", 25)
    skus = [f"p{number}" for number in range(100)]
    prices = ["51.77"] * 95 + ["9.123"] * 5
    pages = [
        shop.store_page(store, 1, shop.rows(skus)),
        shop.store_page(store, 2, shop.rows([*skus, "own"], price=[*prices, "1"])),
    ]
    with pytest.raises(TableError, match="with different values") as refused:
        shop.build_table(shop.catalogue(), pages, store, table, most_merged=0.2)
    verdict = refused.value.verdicts[0]
    assert (verdict.passed, verdict.always_keeps_old_table) == (False, True)
    assert verdict.allowed == {"share": 0.2}
    assert len(verdict.examples) == 20
    shown = [(each["sku"], each.get("differs", "")) for each in verdict.examples]
    assert [sku for sku, _ in shown[:6]] == ["p95", "p96", "p97", "p98", "p99", "p0"]
    assert shown[0][1] == "price: 51.77 here, 9.123 kept"


def test_rows_without_a_key_are_all_kept_and_counted(store: FolderStore, table: Path) -> None:
    page = shop.store_page(store, 1, shop.rows([None, "a", None, "a"]))
    report = shop.build_table(shop.catalogue(), [page], store, table)
    assert kept(table) == [(None, 1, 1), (None, 1, 3), ("a", 1, 4)]
    assert (report.duplicates, report.rows_without_key) == (1, 2)


@pytest.mark.parametrize(
    ("key", "columns", "duplicates"),
    [
        (("sku", "stock"), {"stock": [1, 2, 1, 1]}, 1),
        (("sku", "stock"), {"stock": [1, None, 1, None]}, 2),
        (("sku", "stock", "link"), {"stock": 1, "link": ["x", "y", "y", "y"]}, 1),
        ("price", {"price": ["1.5", "1.50", "1.500", "2"]}, 2),
        ("price", {"price": "1", "price_currency": ["EUR", "EUR", "USD", None]}, 1),
        ("listed_at", {}, 3),
        ("is_new", {"is_new": [True, False, True, False]}, 2),
        ("rating", {"rating": [1, 1.0, 2.5, 2]}, 1),
    ],
)
def test_a_key_of_any_columns_is_compared_by_value(
    store: FolderStore, table: Path, key: str, columns: dict[str, Any], duplicates: int
) -> None:
    page = shop.store_page(store, 1, shop.rows(["a", "b", "a", "b"], **columns))
    report = shop.build_table(shop.catalogue(key=key), [page], store, table)
    assert report.duplicates == duplicates
    assert report.rows == 4 - duplicates


@pytest.mark.parametrize("seed", range(3))
def test_many_random_pages_agree_with_a_plain_dictionary(
    store: FolderStore, table: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr(stored_rows, "BATCH_ROWS", 25)
    dice = random.Random(seed)
    pages = []
    seen: list[tuple[str, tuple[int, int, int]]] = []
    for page in range(1, 41):
        skus = [f"p{dice.randrange(150)}" for _ in range(dice.randrange(12))]
        later = dice.randrange(10)
        pages.append(shop.store_page(store, page, shop.rows(skus), later=later))
        seen += [(sku, (later, page, place)) for place, sku in enumerate(skus, start=1)]
    winners: dict[str, tuple[int, int, int]] = {}
    for sku, rank in seen:
        winners[sku] = max(rank, winners.get(sku) or rank)
    dice.shuffle(pages)
    report = shop.build_table(shop.catalogue(), pages, store, table)
    assert kept(table) == sorted(
        ((sku, page, place) for sku, (_, page, place) in winners.items()), key=lambda row: row[1:]
    )
    assert report.duplicates == len(seen) - len(winners)


def test_keys_of_any_length_are_told_apart(store: FolderStore, table: Path) -> None:
    long = ["x" * 100, "x" * 101, "x" * 5_000, "x" * 4_999 + "y", "é" * 60, "é" * 50]
    pages = [shop.store_page(store, page, shop.rows(long), later=page) for page in (1, 2)]
    report = shop.build_table(shop.catalogue(), pages, store, table)
    assert (report.rows, report.duplicates) == (len(long), len(long))
    assert [row[0] for row in kept(table)] == long
