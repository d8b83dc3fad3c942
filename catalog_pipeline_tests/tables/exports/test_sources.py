"""What is exported of a catalogue: its table, and the past that belongs to that table."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from catalog_pipeline.errors import ExportError
from catalog_pipeline.places import CataloguePlaces
from catalog_pipeline.tables.exports.sources import source_of
from catalog_pipeline_tests.tables import shop
from catalog_pipeline_tests.tables.history.days import TRACKED, Days, products


@pytest.fixture
def days(tmp_path: Path) -> Days:
    """A shop that is not crawled yet."""
    return Days(tmp_path / "shop")


def _rows(days: Days, what: str) -> list[dict[str, object]]:
    path = source_of("shop", CataloguePlaces(days.folder), what)  # type: ignore[arg-type]
    rows: list[dict[str, object]] = pq.read_table(path).to_pylist()
    return rows


def test_what_is_not_there_is_said_with_what_to_do(days: Days) -> None:
    places = CataloguePlaces(days.folder)
    with pytest.raises(
        ExportError, match=r"has no table at .*\.parquet\. To make it: catalog-pipeline run shop"
    ):
        source_of("shop", places, "table")
    days.fetch(1, products(a="5"))
    shop.build_table(shop.catalogue(), list(days.pages.values()), days.store, days.table)
    for what in ("history", "changes"):
        with pytest.raises(ExportError, match=f"shop has no {what}. .* whose YAML says `history`"):
            _rows(days, what)


def test_a_past_that_a_build_which_died_had_not_named_yet_is_the_one_that_is_exported(
    days: Days,
) -> None:
    days.day(1, products(a="5"))
    before = {name: (days.folder / f"{name}.parquet").read_bytes() for name in _PAST}
    days.day(2, products(a="6"))
    after = {name: _rows(days, name) for name in _PAST}
    version = pq.read_metadata(days.table).metadata[b"catalog_pipeline.history"].decode()
    for name, former in before.items():
        path = days.folder / f"{name}.parquet"
        path.rename(path.with_name(f".{path.name}.staged-{version}"))
        path.write_bytes(former)
    assert {name: _rows(days, name) for name in _PAST} == after
    assert after["changes"][-1]["after"] == "6.00"


def test_of_another_key_the_present_past_is_exported_and_not_the_one_kept_aside(
    days: Days,
) -> None:
    days.day(1, products(a="5"))
    days.catalogue = shop.catalogue(key=["sku", "link"], history=TRACKED)
    days.day(2, products(b="6"))
    assert list(days.folder.glob("history.kept-*.parquet"))
    assert [row["sku"] for row in _rows(days, "history")] == ["b"]


@pytest.mark.parametrize("what", ["history", "changes"])
def test_a_past_that_cannot_be_read_is_refused_before_anything_is_written(
    days: Days, what: str
) -> None:
    days.day(1, products(a="5"))
    path = days.folder / f"{what}.parquet"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ExportError, match="cannot be read"):
        _rows(days, what)
    pq.write_table(pq.read_table(days.table), path)
    with pytest.raises(ExportError, match="it is no history of a catalogue"):
        _rows(days, what)


_PAST = ("history", "changes")
