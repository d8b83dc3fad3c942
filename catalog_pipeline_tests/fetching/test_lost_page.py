"""Whether a redirect lost the page, told by addresses alone."""

from typing import Any

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.fetching.lost_page import why_lost
from catalog_pipeline_tests.fetching.raw_server import catalogue_at

QUERY = {"page_url": "/products?page={page}"}
PATH = {"page_url": "/v2/products/page-{page}.html"}
NAMED_FIRST = {"page_url": "/products/{page}/", "first_page_url": "/start-2"}
FROM_ZERO = {"page_url": "/products?page={page}", "first_page": 0}


@pytest.mark.parametrize(
    ("attributes", "page", "came_from"),
    [
        (QUERY, 2, "/products?page=2"),
        (QUERY, 2, "/products/?page=2"),
        (QUERY, 2, "/en/products?lang=en&page=2"),
        (QUERY, 2, "/products?page=02"),
        (QUERY, 2, "/products/page/2"),
        (QUERY, 2, "/products/page2"),
        (QUERY, 2, "/products?p=2&sort=name"),
        (QUERY, 1, "/products"),
        (QUERY, 1, "/"),
        (FROM_ZERO, 0, "/products"),
        (PATH, 2, "/v2/products/page-2.html?session=x"),
        (PATH, 2, "/shop/products/page-2.html"),
        (PATH, 1, "/v2/products/"),
        (NAMED_FIRST, 1, "/start-2"),
    ],
)
def test_a_page_that_has_moved_is_still_that_page(
    attributes: dict[str, Any], page: int, came_from: str
) -> None:
    catalogue = catalogue_at("http://shop.example", **attributes)
    for site in ("http://shop.example", "https://www.shop.example"):
        assert why_lost(catalogue, PageKey(page), site + came_from) == ""


@pytest.mark.parametrize(
    ("attributes", "page", "came_from", "reason"),
    [
        (QUERY, 2, "/products", "lost the page"),
        (QUERY, 2, "/", "lost the page"),
        (QUERY, 2, "/v2/products", "lost the page"),
        (QUERY, 2, "/products?page=", "lost the page"),
        (QUERY, 2, "/products?page=1", "address of page 1"),
        (QUERY, 1, "/products?page=2", "address of page 2"),
        (QUERY, 12, "/products?page=1&of=12", "address of page 1"),
        (QUERY, 2, "/products?page=" + "9" * 9000, "lost the page"),
        (FROM_ZERO, 1, "/products", "lost the page"),
        (PATH, 2, "/v2/products/", "lost the page"),
        (PATH, 2, "/v2/products/page-3.html", "address of page 3"),
        (NAMED_FIRST, 2, "/start-2", "address of page 1"),
    ],
)
def test_an_address_that_is_not_the_page_s_says_why(
    attributes: dict[str, Any], page: int, came_from: str, reason: str
) -> None:
    catalogue = catalogue_at("http://shop.example", **attributes)
    said = why_lost(catalogue, PageKey(page), f"http://shop.example{came_from}")
    assert reason in said
    assert len(said) < 400
