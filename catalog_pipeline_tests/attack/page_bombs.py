"""Pages of a few kilobytes on the wire that are made to fill the memory of whoever reads them."""

from __future__ import annotations

import gzip
from functools import cache

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.reader import reader_of
from catalog_pipeline_tests.attack.attacks import MEBIBYTE, Attack, hostile_server
from catalog_pipeline_tests.attack.projects import project
from catalog_pipeline_tests.fetching.raw_server import Visit, page

_DEPTH = 60
_PAGES = 100
_CELL_BYTES = MEBIBYTE - 1000
"""As much text as one value may have."""


def products_in_each_other() -> str:
    text = "x" * (900 * 1024)
    return _refusal(f"{_DEPTH * '<li><a>'}{text}{_DEPTH * '</a></li>'}")


def cell_of_10_mb() -> str:
    return _refusal(f"<li><a>{'x' * 9_900_000}</a></li>")


def page_of_large_cells() -> str:
    cell = "x" * (900 * 1024)
    return _refusal("".join(f"<li><a>{number} {cell}</a></li>" for number in range(10)))


def table_of_the_largest_cells() -> str:
    """Each page has one, which takes a kilobyte on the wire."""
    with hostile_server(_send_a_large_cell) as url, project(url, _PAGES) as crawled:
        came_to = crawled.summary()
    return f"exit {came_to['exit_code']}, {came_to['rows']} rows"


def _refusal(body: str) -> str:
    attributes = {
        "base_url": "https://shop.example",
        "page_url": "/p?page={page}",
        "last_page": 1,
        "product": "li",
        "fields": {"title": {"select": "a"}, "again": {"select": "a"}},
        "key": "title",
    }
    reader = reader_of(catalogue_from_attributes("hostile", attributes))
    try:
        read = reader.read(body.encode(), url="https://shop.example/p?page=1", page=PageKey(1))
    except ParseError as error:
        return f"refused: {error.problem}"
    return f"taken for a page of {len(read.columns['title'])} products"


def _send_a_large_cell(visit: Visit) -> None:
    if visit.path == "/robots.txt":
        visit.send(page(b"", status="404 Not Found"))
        return
    visit.send(page(_large_cell(visit.path.rpartition("=")[2]), "Content-Encoding: gzip"))


@cache
def _large_cell(number: str) -> bytes:
    return gzip.compress(f"<li><a>{number} {'x' * _CELL_BYTES}</a></li>".encode())


ATTACKS = (
    Attack(
        "60 products in each other",
        products_in_each_other,
        "^refused: .*more than 10 deep",
        100,
        20,
    ),
    Attack("a cell of 9.9 MB", cell_of_10_mb, "^refused: .*max_cell_bytes", 150, 20),
    Attack("a page of cells of 900 KB", page_of_large_cells, "^refused: .*max_rows_bytes", 200, 20),
    Attack(
        f"a table of {_PAGES} cells of 1 MiB",
        table_of_the_largest_cells,
        f"^exit 0, {_PAGES} rows$",
        500,
        120,
    ),
)
