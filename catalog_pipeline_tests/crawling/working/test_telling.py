"""What is kept of the address to which a page leads: only one that a crawl may go to."""

from __future__ import annotations

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.crawling.working.telling import Telling
from catalog_pipeline.fetching.secrets import Secrets
from catalog_pipeline.records import Response, Told, Validators
from catalog_pipeline_tests.catalogue.attributes import attributes

URL = "https://shop.example/list?page=1"
TOKEN = "f00d-cafe-0123456789"


def told_by(link: str) -> Told:
    """What a first page with that link to the next one tells."""
    length = {"kind": "linked", "next": {"select": "a[rel=next]"}}
    given = {name: value for name, value in attributes().items() if name != "last_page"}
    catalogue = catalogue_from_attributes("shop", {**given, "pages": length})
    body = f'<a rel="next" href="{link}">next</a>'.encode()
    response = Response(URL, 200, "text/html", Validators(), body, len(body), 0.1)
    told = Telling(catalogue, Secrets([TOKEN])).told(PageKey(1), response, body, "text/html")
    assert told is not None
    return told


def test_an_address_of_the_site_is_kept_as_the_yaml_would_name_it() -> None:
    told = told_by("?page=2&from=1")
    assert (told.successor, told.problem) == ("/list?page=2&from=1", "")


@pytest.mark.parametrize(
    ("link", "why"),
    [
        ("https://other.example/list?page=2", "https://other.example/list: it leaves the site"),
        ("http://shop.example/list?page=2", "http://shop.example/list: it leaves https"),
        ("https://me:pw@shop.example/list", "https://shop.example/list: it holds credentials"),
    ],
)
def test_an_address_that_a_crawl_must_not_follow_is_refused_with_page_and_target(
    link: str, why: str
) -> None:
    told = told_by(link)
    assert told.successor is None
    assert told.problem.startswith(f"{URL}: the next page is refused: {why}")


def test_an_address_with_a_secret_is_not_kept() -> None:
    told = told_by(f"?page=2&token={TOKEN}")
    assert (told.successor, told.found) == (None, "")
    assert told.problem.startswith(f"{URL}: the address of the next page holds a secret")
    assert TOKEN not in repr(told)
