"""Whole crawls of real sites' saved pages, served locally: the table against the known rows."""

import json
from pathlib import Path

import pandas as pd
import pytest

from catalog_pipeline.catalogue.files import base_url_variable
from catalog_pipeline.catalogue.finding import EXTRA_FOLDER_VARIABLE
from catalog_pipeline.places import catalogue_places
from catalog_pipeline_tests.conftest import Run
from catalog_pipeline_tests.saved_site import SAVED, needs_saved_pages, served_files

BOOKS = SAVED / "books.toscrape.com"
ACESSORIOS = SAVED / "acessorioscelular"
PARSING_TESTS = Path(__file__).parents[1] / "reading"

pytestmark = [needs_saved_pages, pytest.mark.processes]


def _books(*more: tuple[str, Path]) -> dict[str, Path]:
    pages = {f"/catalogue/page-{n}.html": BOOKS / f"page-{n:03}.html" for n in range(2, 50)}
    return {"/": BOOKS / "page-001.html", **pages, **dict(more)}


def _known(path: Path, names: list[str], base_url: str, original: str) -> list[dict]:
    """The known rows, their links on the server that we crawled."""
    return [
        {
            name: row[name].replace(original, base_url)
            if name in ("url", "href") and row[name]
            else row[name]
            for name in names
        }
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]


def _rows(catalogue: str, columns: dict[str, str]) -> list[dict]:
    table = pd.read_parquet(catalogue_places(catalogue).table)
    table = table.astype({column: str for column in columns if column == "price"})
    picked = table[list(columns)].rename(columns=columns)
    return json.loads(picked.to_json(orient="records"))


BOOK_COLUMNS = {
    "page": "page",
    "position": "pos",
    "title": "title",
    "price": "price",
    "price_currency": "currency",
    "rating": "rating",
    "availability": "availability",
    "url": "url",
}


@pytest.fixture(autouse=True)
def _as_fast_as_it_goes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, home: Path):
    """The bundled bookshop allows two requests a second; for our own server it is copied."""
    text = (PARSING_TESTS.parents[1] / "catalog_pipeline/defs/books_toscrape/defs.yaml").read_text()
    folder = tmp_path / "catalogues"
    for name in ("bookshop", "acessorioscelular"):
        (folder / name).mkdir(parents=True)
    quick = text.replace("requests_per_second: 2", "requests_per_second: null")
    assert quick != text
    (folder / "bookshop" / "defs.yaml").write_text(quick)
    acessorios = (PARSING_TESTS / "acessorioscelular" / "defs.yaml").read_text()
    (folder / "acessorioscelular" / "defs.yaml").write_text(acessorios)
    monkeypatch.setenv(EXTRA_FOLDER_VARIABLE, str(folder))


def test_the_bookshop_without_its_last_page_gives_980_known_rows(run: Run):
    with served_files(_books()) as base_url:
        answer = run("run", "bookshop", "--base-url", base_url, "--json")
    assert answer.code == 1
    assert (answer.json["done"], answer.json["failed_pages"], answer.json["rows"]) == (
        49,
        "50",
        980,
    )
    assert answer.json["failures"][0]["http_status"] == 404
    original = "http://books.toscrape.com"
    known = _known(BOOKS / "truth.json", list(BOOK_COLUMNS.values()), base_url, original)
    assert _rows("bookshop", BOOK_COLUMNS) == known


def test_the_bookshop_with_its_last_page_gives_all_1000_rows(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    last = ("/catalogue/page-50.html", BOOKS / "derived" / "page-050.html")
    with served_files(_books(last)) as base_url:
        monkeypatch.setenv(base_url_variable("bookshop"), base_url)
        answer = run("run", "bookshop", "--json")
        assert (answer.code, answer.json["done"], answer.json["rows"]) == (0, 50, 1000)
    rows = _rows("bookshop", BOOK_COLUMNS)
    assert len({row["url"] for row in rows}) == 1000
    table = pd.read_parquet(catalogue_places("bookshop").table)
    assert str(table["price"].sum()) == "35070.35"


def test_all_750_pages_of_the_affiliate_shop_give_9000_known_rows(run: Run):
    pages = {f"/products/page/{n}/": ACESSORIOS / f"page-{n:03}.html" for n in range(2, 751)}
    columns = {
        "page": "page",
        "position": "pos",
        "title": "title",
        "price": "price",
        "price_currency": "currency",
        "item_id": "item_id",
    }
    with served_files({"/products/": ACESSORIOS / "page-001.html", **pages}) as base_url:
        answer = run("run", "acessorioscelular", "--base-url", base_url, "--json")
    assert (answer.code, answer.json["done"], answer.json["rows"]) == (0, 750, 9000)
    known = _known(ACESSORIOS / "truth.json", list(columns.values()), base_url, "")
    assert _rows("acessorioscelular", columns) == known
