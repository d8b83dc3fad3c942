"""Listings as a catalogue's YAML names them: their pages, addresses, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from catalog_pipeline.catalogue.files import catalogue_from_attributes, read_catalogue
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.catalogue.page_selection import format_pages, select_pages
from catalog_pipeline.errors import CatalogueError, UsageError
from catalog_pipeline_tests.catalogue.attributes import attributes
from catalog_pipeline_tests.catalogue.files_of_texts import catalogue_file

PHONES = {"page_url": "/phones?page={page}", "last_page": 3}


def _catalogue(**changes: Any) -> Catalogue:
    return catalogue_from_attributes("shop", attributes(**changes))


def _addresses(catalogue: Catalogue) -> dict[str, str]:
    return {
        str(page): catalogue.page_address(page).removeprefix("https://shop.example")
        for page in catalogue.pages
    }


@pytest.mark.parametrize(
    ("changes", "addresses"),
    [
        (
            {"listings": {"phones": PHONES, "bags": "/bags/{page}"}, "last_page": 2},
            {
                "bags-1": "/bags/1",
                "bags-2": "/bags/2",
                "phones-1": "/phones?page=1",
                "phones-2": "/phones?page=2",
                "phones-3": "/phones?page=3",
            },
        ),
        (
            {"listings": ["b", "A"], "page_url": "/c/{listing}?p={page}", "last_page": 1},
            {"A-1": "/c/A?p=1", "b-1": "/c/b?p=1"},
        ),
        (
            {
                "listings": {"a": None, "b": {"first_page": 0, "last_page": 1}},
                "page_url": "/{listing}/{page}",
                "first_page_url": "/{listing}",
                "last_page": 2,
            },
            {"a-1": "/a", "a-2": "/a/2", "b-0": "/b", "b-1": "/b/1"},
        ),
        (
            {
                "listings": {"a": {"page_url": "/a?o={page}", "step": 48}, "b": "/b?o={page}"},
                "step": 10,
                "last_page": 2,
            },
            {"a-1": "/a?o=0", "a-2": "/a?o=48", "b-1": "/b?o=0", "b-2": "/b?o=10"},
        ),
        (
            {"listings": {"a": {"page_url": ["/x", "/y"]}, "b": "/b"}, "last_page": None},
            {"a-1": "/x", "a-2": "/y", "b-1": "/b"},
        ),
        ({"page_url": "/sale", "last_page": None}, {"1": "/sale"}),
        ({"page_url": "/sale", "last_page": 1}, {"1": "/sale"}),
        ({"page_url": ["/b", "/a"], "last_page": None}, {"1": "/b", "2": "/a"}),
        ({"page_url": ["/b", "/a"], "last_page": None, "first_page": 0}, {"0": "/b", "1": "/a"}),
    ],
)
def test_pages_are_those_of_all_listings_in_the_order_of_their_keys(
    changes: dict[str, Any], addresses: dict[str, str]
):
    assert list(_addresses(_catalogue(**changes)).items()) == list(addresses.items())


@pytest.mark.parametrize(
    ("changes", "place", "problem"),
    [
        ({"listings": {"a": "/same/{page}", "b": "/same/{page}"}}, "attributes", "a and b have"),
        ({"listings": ["a", "b"]}, "attributes", "one with {listing}"),
        ({"listings": ["a", "a"]}, "listings", "'a' is there twice"),
        ({"listings": {"Bags": "/a/{page}", "bags": "/b/{page}"}}, "listings", "case alone"),
        ({"listings": {"smart-phones": "/a/{page}"}}, "listings", "no name of a listing"),
        ({"listings": {"1st": "/a/{page}"}}, "listings", "no name of a listing"),
        ({"listings": {"a": {"page_url": "/a"}}}, "listings.a.page_url", "{page} once"),
        ({"listings": {"a": {"pages_url": "/a/{page}"}}}, "listings.a.pages_url", "page_url"),
        ({"listings": {"a": "/a/{page}"}, "last_page": None}, "listings.a.last_page", "missing"),
        ({"listings": {"a": None}, "page_url": None}, "listings.a.page_url", "missing"),
        (
            {"listings": {"a": "/a/{page}", "b": {"page_url": ["/b", "/a/2"]}}},
            "attributes",
            "the address that page a-2 has",
        ),
        ({"page_url": None}, "page_url", "required, and missing"),
        ({"page_url": ["/a", "/b", "/a#x"], "last_page": None}, "attributes", "pages 1 and 3"),
        ({"page_url": ["/a", "/b"]}, "page_url", "2 URLs are 2 pages"),
        ({"page_url": ["/a", "/b/{page}"], "last_page": None}, "page_url", "alone"),
        ({"page_url": "/sale?p={pages}", "last_page": None}, "page_url", "{pages} stands for"),
        ({"page_url": "/{listing}", "last_page": None}, "page_url", "{listing} stands for"),
        ({"page_url": "/sale", "pages": {"kind": "open"}, "last_page": None}, "page_url", "once"),
        (
            {"listings": {"a": PHONES}, "fields": {"name": "h2", "listing": "p"}},
            "attributes",
            "the column listing is already taken",
        ),
    ],
)
def test_what_gives_pages_no_address_of_their_own_is_refused(
    changes: dict[str, Any], place: str, problem: str
):
    with pytest.raises(CatalogueError) as caught:
        _catalogue(**changes)
    (mistake,) = caught.value.mistakes
    assert (mistake.field, problem in str(mistake)) == (place, True), str(mistake)


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("phones", "phones-1-3"),
        ("phones-2", "phones-2"),
        ("phones-2-3, bags", "bags-1-2,phones-2-3"),
        ("phones-1,phones-3,bags-2", "bags-2,phones-1,phones-3"),
    ],
)
def test_pages_of_listings_are_chosen_by_their_keys_or_by_name(text: str, pages: str):
    shop = _catalogue(listings={"phones": PHONES, "bags": "/bags/{page}"}, last_page=2)
    chosen = select_pages(shop, text)
    assert format_pages(chosen) == pages
    assert select_pages(shop, format_pages(chosen)) == chosen


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1", "has no page 1; it has bags-1-2,phones-1-3"),
        ("phones-0-5", "has no page phones-0,phones-4-5"),
        ("hats", "has no listing hats; it has bags, phones"),
        ("phones-1-phones-3", "write bags or bags-1 or bags-1-5"),
    ],
)
def test_pages_that_no_listing_has_are_named(text: str, problem: str):
    shop = _catalogue(listings={"phones": PHONES, "bags": "/bags/{page}"}, last_page=2)
    with pytest.raises(UsageError) as caught:
        select_pages(shop, text)
    assert problem in str(caught.value)


def test_a_listing_of_which_nothing_is_said_is_one_mistake(tmp_path: Path):
    path = catalogue_file(tmp_path, more="  listings:\n    phones:\n")
    with pytest.raises(CatalogueError) as caught:
        read_catalogue(path)
    (mistake,) = caught.value.mistakes
    assert (mistake.field, mistake.line) == ("listings.phones", 11)


def test_names_for_listings_make_another_table_and_no_page_is_parsed_anew():
    plain, named = _catalogue(), _catalogue(listings={"phones": PHONES})
    assert plain.code_version == named.code_version
    assert plain.table_version != named.table_version


def test_hosts_of_all_listings_are_the_sites_own():
    shop = _catalogue(listings={"a": "https://a.example/{page}", "b": "/b/{page}"})
    assert shop.own_addresses == ("https://shop.example", "https://a.example/{page}")
    assert shop.page_address(PageKey(2, "a")) == "https://a.example/2"
