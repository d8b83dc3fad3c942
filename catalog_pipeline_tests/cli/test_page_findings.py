"""What `try` says of a page that fits the YAML: what is filled, and what to doubt."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.site import NAME, Site
from catalog_pipeline_tests.written_site import WrittenSite

FIELDS = {
    "name": {"select": "u"},
    "price": {"select": "i", "type": "money", "currency": "PLN", "on_invalid": "discard_value"},
    "weight": {"select": "s", "type": "number"},
}


@pytest.fixture
def described(site: Site) -> Site:
    """The catalogue `shop` of products in `li`, unique by `sku`, at an address without a server."""
    WrittenSite("http://127.0.0.1:9").describe(site, FIELDS, last_page=2)
    return site


def _file(folder: Path, *products: str) -> str:
    path = folder / f"{len(products)}.html"
    path.write_text("".join(f"<li>{product}</li>" for product in products))
    return str(path)


def test_fill_rates_and_doubts_are_told(described: Site, run: Run, tmp_path: Path):
    file = _file(
        tmp_path,
        "<b>1</b><u>A</u><u>B</u><i>1.299</i><s>1.250</s>",
        "<b>2</b><u>A</u><i>ask</i>",
        "<b>1</b><i>7,50</i><s>2.5</s>",
        "<b>4</b><u>C</u>",
    )
    answer = run("try", NAME, "--file", file)
    assert answer.code == 0
    assert "sku: 4 of 4 filled (100%)" in answer.out
    assert "name: 3 of 4 filled (75%)" in answer.out
    assert "price: 2 of 4 filled (50%)" in answer.out
    assert "name: 1 product has several values" in answer.out
    assert "price: the value is left out at product 2: there is no amount" in answer.out
    assert "key: 1 of these rows would give way to another one of the same sku: '1' at 1, 3" in (
        answer.out
    )
    assert "price: read by what is usual, not by what is declared: '1.299' as 1299;" in answer.out
    assert "weight: read by what is usual, not by what is declared: '1.250' as 1.25;" in answer.out


def test_a_page_without_doubts_has_none_told(described: Site, run: Run, tmp_path: Path):
    file = _file(tmp_path, "<b>1</b><u>A</u><i>7,50</i>", "<b>2</b><u>A</u><u>A</u><i>8</i>")
    told = run("try", NAME, "--file", file).out
    assert "name: 2 of 2 filled (100%)" in told
    for word in ("several", "left out", "give way", "usual", "total"):
        assert word not in told


def test_all_rows_are_shown_when_asked_for(described: Site, run: Run, tmp_path: Path):
    file = _file(tmp_path, *(f"<b>{number}</b><u>Thing{number}</u>" for number in range(1, 31)))
    brief = run("try", NAME, "--file", file).out
    assert "Thing20" in brief
    assert "Thing21" not in brief
    assert "and 10 more (--all shows them)" in brief
    assert "Thing30" in run("try", NAME, "--file", file, "--all").out


def test_several_files_are_tried_one_after_the_other(described: Site, run: Run, tmp_path: Path):
    good = _file(tmp_path, "<b>1</b>", "<b>2</b>")
    other = _file(tmp_path, "<b>3</b>")
    rows = run("try", NAME, "--file", good, "--file", other, "--json").json
    assert [row["sku"] for row in rows] == ["1", "2", "3"]
    bad = _file(tmp_path, *["<u>no key</u>"] * 3)
    answer = run("try", NAME, "--file", bad, "--file", good)
    assert answer.code == 1
    assert f"{bad}\n" in answer.out
    assert "sku: 2 of 2 filled" in answer.out
    assert "error" in run("try", NAME, "--file", good, "--file", bad, "--json").json


def test_a_path_that_finds_nothing_says_what_is_there_instead(site: Site, run: Run, tmp_path: Path):
    fields = {"sku": {"json": "id"}, "name": {"json": "titel"}, "was": {"json": "was"}}
    records = {"from": "json", "path": "items"}
    WrittenSite("http://127.0.0.1:9").describe(
        site,
        {**fields, "seen": {"json": "meta.on", "of": "page"}, "price": {"json": "p"}},
        last_page=2,
        records=records,
        product=[],
    )
    file = tmp_path / "page.json"
    file.write_text(
        '{"meta": {"of": 2}, "items": [{"id": "a", "title": "A", "was": null}, '
        '{"id": "b", "p": 1}]}'
    )
    answer = run("try", NAME, "--file", str(file))
    assert answer.code == 0
    assert (
        "name: titel finds nothing: there is no titel at the top; there is an object with id, "
        "title, was\n"
    ) in answer.out
    assert "was: was finds nothing: was is null\n" in answer.out
    assert (
        "seen: meta.on finds nothing: there is no on in meta; there is an object with of\n"
    ) in answer.out
    assert "p finds nothing" not in answer.out


def test_a_price_of_two_elements_is_shown_without_marks(described: Site, run: Run, tmp_path: Path):
    file = _file(tmp_path, "<b>1</b><i>1.299<sup>00</sup></i>")
    out = run("try", NAME, "--file", file).out
    assert "'1.299 00' as 1299.00;" in out
