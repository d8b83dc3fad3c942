"""Real listing pages that are saved beside the repository, and the rows they are known to hold."""

import json
from pathlib import Path

import pytest

from catalog_pipeline.catalogue.files import load_catalogue, read_catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.listing import ListingParser

SAVED = Path(__file__).parents[3] / "shared" / "catalogues"
ACESSORIOS = Path(__file__).parent / "acessorioscelular" / "defs.yaml"

pytestmark = pytest.mark.skipif(
    not SAVED.is_dir(), reason="the saved pages (../shared/catalogues) are not there"
)


def _rows(catalogue, folder, pages):
    parser = ListingParser(catalogue)
    for page in pages:
        columns = parser.read(
            (folder / f"page-{page:03}.html").read_bytes(),
            url=catalogue.page_address(PageKey(page)),
            page=page,
            content_type="text/html",
        ).columns
        for position, values in enumerate(zip(*columns.values(), strict=True), start=1):
            yield {"page": page, "pos": position, **dict(zip(columns, values, strict=True))}


def _truth(path, names):
    rows = json.loads(path.read_text(encoding="utf-8"))
    return [{name: row[name] for name in names} for row in rows]


def _renamed(rows, names):
    """Our rows with the columns of the truth: name there → name here."""
    return [{there: row[here] for there, here in names.items()} for row in rows]


BOOK_COLUMNS = {
    "page": "page",
    "pos": "pos",
    "title": "title",
    "price": "price",
    "currency": "price_currency",
    "rating": "rating",
    "availability": "availability",
    "url": "url",
    "image": "image",
}


def test_all_saved_pages_of_the_bookshop_give_the_known_rows():
    folder = SAVED / "books.toscrape.com"
    catalogue = load_catalogue("books_toscrape", environ={})
    rows = _renamed(_rows(catalogue, folder, range(1, 50)), BOOK_COLUMNS)
    assert rows == _truth(folder / "truth.json", BOOK_COLUMNS)
    assert len(rows) == 980


def test_all_pages_of_the_affiliate_shop_give_the_known_rows():
    folder = SAVED / "acessorioscelular"
    columns = {
        "page": "page",
        "pos": "pos",
        "title": "title",
        "price": "price",
        "currency": "price_currency",
        "item_id": "item_id",
        "href": "link",
        "category": "category",
        "image": "image",
    }
    rows = _renamed(_rows(read_catalogue(ACESSORIOS), folder, range(1, 751)), columns)
    assert rows == _truth(folder / "truth.json", columns)
    assert len({row["item_id"] for row in rows}) == 9000


def test_a_page_that_only_leads_on_is_no_listing():
    stub = SAVED / "acessorioscelular" / "page-001.redirect-stub.html"
    parser = ListingParser(read_catalogue(ACESSORIOS))
    with pytest.raises(ParseError, match=r"no product on the page .* meta refresh"):
        parser.read(
            stub.read_bytes(), url="https://shop.example/", page=PageKey(1), content_type=None
        )
