"""Each page has an address of its own, with a number that reaches the server."""

from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.attributes import attributes


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"page_url": "/#page={page}"}, "never reaches the server"),
        ({"page_url": "/list?page=1#{page}"}, "never reaches the server"),
        ({"page_url": "/list/{page}/../all"}, "takes it out again"),
        ({"page_url": "/list/{page}/%2E./all"}, "takes it out again"),
        ({"page_url": "/list/{page}\\..\\all"}, "takes it out again"),
        ({"page_url": "/list"}, "hold {page} once"),
        ({"page_url": "/{page}/{page}"}, "hold {page} once"),
        ({"page_url": "/list?page={PAGE}"}, "hold {page} once"),
        ({"page_url": "/list?page=5&page={page}"}, "parameter page is there twice"),
        ({"page_url": "/list?page={page}&a=b&page=1"}, "parameter page is there twice"),
        ({"page_url": "//shop.example/{page}"}, "of another host"),
        ({"page_url": "/\\shop.example/{page}"}, "of another host"),
        ({"page_url": "https://{page}.shop.example/"}, "in the path or the query"),
        ({"page_url": "https://{page}@shop.example/"}, "credentials"),
        ({"page_url": "https://me:secret@shop.example/{page}"}, "credentials"),
        ({"page_url": "https://shop.example:{page}/"}, "port"),
        ({"base_url": "https://shop.example/{page}"}, "belongs in page_url"),
        ({"first_page_url": "/list?page={page}"}, "belongs in page_url"),
        ({"first_page_url": "/list?page=2"}, "the address that page 2 has"),
        ({"first_page_url": "https://shop.example/list?page=9#top"}, "the address that page 9 has"),
    ],
)
def test_pages_without_an_address_of_their_own_are_a_mistake(changes: dict[str, Any], problem: str):
    with pytest.raises(CatalogueError, match=problem.replace("?", r"\?")):
        catalogue_from_attributes("shop", attributes(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"page_url": "/list;p={page}?a=b"},
        {"page_url": "/list/{page}#products"},
        {"page_url": "/list?f[]=new&f[]=p{page}&x=1&x=2"},
        {"page_url": "/list/../{page}/..."},
        {"page_url": "/list?page={page}&from=/a/../b"},
        {"page_url": "https://cdn.example/{page}.html"},
        {"first_page_url": "/"},
        {"first_page_url": "/list?page=1"},
        {"first_page_url": "/list?page=10"},
        {"first_page_url": "/list?page=02"},
    ],
)
def test_pages_with_an_address_each_are_taken(changes: dict[str, Any]):
    catalogue = catalogue_from_attributes("shop", attributes(**changes))
    assert len({catalogue.page_address(page) for page in catalogue.pages}) == 9
