"""How a YAML says where the site names its listings, and what one of them is called."""

import re

import pytest

from catalog_pipeline.catalogue.discovered import FoundListing, listing_name
from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import CatalogueError
from catalog_pipeline_tests.catalogue.attributes import attributes

DISCOVER = {"page": "/", "select": "nav a"}
FOUND = [FoundListing.of("mens-shoes", "/c/mens-shoes/"), FoundListing.of("bags", "/c/bags/")]


def _catalogue(**changes: object) -> Catalogue:
    given = {**attributes(), "discover": DISCOVER, **changes}
    given = {key: value for key, value in given.items() if value is not None}
    return catalogue_from_attributes("shop", given)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("phones", "phones"),
        ("Mens-Shoes", "mens_shoes"),
        ("travel_2", "travel_2"),
        ("2024-sale", "listing_2024_sale"),
        ("caf%C3%A9", "cafe"),
        ("a/b c", "a_b_c"),
    ],
)
def test_a_listing_is_called_by_the_letters_and_digits_of_its_address(text: str, name: str):
    assert listing_name(text) == name
    assert str(PageKey(1, name)) == f"{name}-1"


@pytest.mark.parametrize("text", ["обувь", "鞋", "a" * 80, "2" * 64, "shoes-für-обувь"])
def test_what_a_name_cannot_show_is_told_apart_by_digits_of_the_whole_text(text: str):
    name = listing_name(text)
    assert re.fullmatch(r"[a-z][a-z0-9_]*_[0-9a-f]{6}", name)
    assert len(name) <= 63
    assert listing_name(text) == name != listing_name(text + "x")


@pytest.mark.parametrize("text", ["", "-", "/%2F/", "…"])
def test_what_has_neither_letter_nor_digit_is_no_name(text: str):
    with pytest.raises(ValueError, match="no letter and no digit"):
        listing_name(text)


def test_its_address_and_its_name_in_that_stand_in_the_addresses_of_its_pages():
    by_address = _catalogue(
        page_url="{listing_url}?page={page}", first_page_url="{listing_url}", last_page=2
    ).with_listings(FOUND)
    assert [str(page) for page in by_address.with_pages(()).all_listings[1].pages] == [
        "mens_shoes-1",
        "mens_shoes-2",
    ]
    assert by_address.page_path(PageKey(1, "mens_shoes")) == "/c/mens-shoes/"
    assert by_address.page_path(PageKey(2, "mens_shoes")) == "/c/mens-shoes/?page=2"
    by_name = _catalogue(page_url="/list/{listing}/{page}", last_page=2).with_listings(FOUND)
    assert by_name.page_path(PageKey(2, "mens_shoes")) == "/list/mens-shoes/2"
    assert not by_name.is_fixed
    assert by_name.has_named_listings


def test_without_a_word_of_pages_each_listing_is_the_page_at_its_address():
    catalogue = _catalogue(page_url=None, last_page=None).with_listings(FOUND)
    assert [each.addresses for each in catalogue.all_listings] == [
        ("/c/bags/",),
        ("/c/mens-shoes/",),
    ]


def test_rows_are_read_alike_whichever_listings_there_are():
    told = {"kind": "told", "last": {"select": "b"}}
    plain = _catalogue(page_url="{listing_url}?p={page}", last_page=None, pages=told)
    for found in ([], FOUND[:1], FOUND):
        assert plain.with_listings(found).code_version == plain.code_version
        assert plain.with_listings(found).table_version == plain.table_version


def test_two_listings_whose_pages_would_have_one_address_are_refused():
    catalogue = _catalogue(page_url="/c/{listing}?page={page}", last_page=2)
    twins = [FoundListing("a", "same", "/a"), FoundListing("b", "same", "/b")]
    with pytest.raises(ValueError, match="the listings a and b have the same page_url"):
        catalogue.with_listings(twins)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("{listing_url}?page={page}", "/c?id=7&page=2"),
        ("{listing_url}&page={page}", "/c?id=7&page=2"),
        ("/list/{listing}?page={page}", "/list/7?page=2"),
    ],
)
def test_a_query_goes_on_behind_that_of_a_listings_address(template: str, path: str):
    catalogue = _catalogue(page_url=template, last_page=2)
    seven = catalogue.with_listings([FoundListing("listing_7", "7", "/c?id=7")])
    assert seven.page_path(PageKey(2, "listing_7")) == path


def test_an_ampersand_begins_the_query_of_an_address_without_one():
    catalogue = _catalogue(page_url="{listing_url}&page={page}", last_page=2)
    assert catalogue.with_listings(FOUND).page_path(PageKey(2, "bags")) == "/c/bags/?page=2"


@pytest.mark.parametrize("address", ["/collections/hats", "/collections/hats/"])
def test_listings_of_a_preset_have_its_pages_below_their_addresses(address: str):
    template = "{listing_url}/products.json?limit=250&page={page}"
    shop = _catalogue(
        preset="shopify", currency="EUR", page_url=template, product=None, last_page=None, key=None
    )
    hats = shop.with_listings([FoundListing("hats", "hats", address)])
    assert hats.page_path(PageKey(2, "hats")) == "/collections/hats/products.json?limit=250&page=2"


def test_a_path_cannot_follow_an_address_with_a_query():
    catalogue = _catalogue(page_url="{listing_url}/{page}", last_page=2)
    with pytest.raises(ValueError, match=r"listing x, /c\?id=7: its address has a query"):
        catalogue.with_listings([FoundListing("x", "7", "/c?id=7")])


@pytest.mark.parametrize("address", ["/c?page=1&id=7", "/c?id={page}"])
def test_a_page_number_in_a_listings_address_is_refused(address: str):
    catalogue = _catalogue(page_url="{listing_url}?page={page}", last_page=2)
    with pytest.raises(
        ValueError, match=r"the listing x, /c\?.*: (the parameter page|it must hold)"
    ):
        catalogue.with_listings([FoundListing("x", "x", address)])


@pytest.mark.parametrize(
    ("changes", "place", "said"),
    [
        ({"page_url": "/c?page={page}"}, "page_url", "all listings would have the same pages"),
        (
            {"page_url": "{listing_url}?p={page}", "first_page_url": "/c"},
            "first_page_url",
            "all listings would have the same pages",
        ),
        ({"page_url": "/c{listing_url}?p={page}"}, "page_url.0", "belongs at the beginning"),
        ({"page_url": None, "last_page": 3}, "page_url", "such as '{listing_url}?page={page}'"),
        ({"page_url": "{listing_url}?p={page}", "last_page": None}, "last_page", "required"),
        ({"listings": {"a": "/a?p={page}"}}, "discover", "listings names them already"),
        ({"discover": {"select": "a"}}, "discover", "one of page and sitemap; neither is given"),
        ({"discover": {**DISCOVER, "sitemap": "/s"}}, "discover", "both are given"),
        ({"discover": {"page": "/"}}, "discover", "say which links of the page lead to listings"),
        ({"discover": {"sitemap": "/s"}}, "discover", "say which are listings by pattern"),
        (
            {"discover": {"sitemap": "/s", "pattern": "x", "attribute": "href"}},
            "discover",
            "select and attribute are for the links of a page",
        ),
        ({"discover": {**DISCOVER, "patern": "x"}}, "discover.patern", "did you mean pattern"),
        ({"discover": {**DISCOVER, "pattern": "("}}, "discover.pattern", ""),
        ({"discover": {**DISCOVER, "page": "shop"}}, "discover.page", "start it with /"),
        ({"discover": {**DISCOVER, "at_most": 0}}, "discover.at_most", ""),
        (
            {"discover": None, "page_url": "{listing_url}?p={page}"},
            "page_url",
            "a listing that discover finds",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused_at_its_place(
    changes: dict[str, object], place: str, said: str
):
    with pytest.raises(CatalogueError) as refused:
        _catalogue(**changes)
    assert refused.value.field == place
    assert said in refused.value.problem
