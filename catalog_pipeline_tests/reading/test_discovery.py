"""Which listings a page names: its links, and the names that are made of them."""

import pytest

from catalog_pipeline.catalogue.discovered import Discover, FoundListing
from catalog_pipeline.catalogue.files import catalogue_from_attributes
from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import CatalogueError, ParseError
from catalog_pipeline.reading.discovery import ListingLinks, ListingNames
from catalog_pipeline.reading.reader import reader_of

URL = "https://shop.example/all/index.html"


def _catalogue(**discover: object) -> Catalogue:
    return catalogue_from_attributes(
        "shop",
        {
            "base_url": "https://shop.example",
            "discover": {"page": "/all/", "select": "nav a", **discover},
            "product": "li",
            "fields": {"sku": "b"},
            "key": "sku",
        },
    )


def _rule(catalogue: Catalogue) -> Discover:
    assert catalogue.discover is not None
    return catalogue.discover


def _found(body: str, **discover: object) -> dict[str, str]:
    catalogue = _catalogue(**discover)
    rule = _rule(catalogue)
    names = ListingNames(catalogue, rule)
    names.take(ListingLinks(catalogue, rule).addresses(body.encode(), url=URL))
    return {each.name: each.address for each in names.all()}


def test_links_are_addresses_as_a_browser_has_them_each_once():
    body = """<nav><a href="../c/phones/">P</a> <a href=" /c/phones/#top">P again</a>
    <a href="https://shop.example/c/bags/?x=1">B</a></nav><a href="/c/elsewhere/">no</a>"""
    assert _found(body) == {"phones": "/c/phones/", "bags": "/c/bags/?x=1"}


def test_a_base_and_another_attribute_count_and_what_leads_nowhere_does_not():
    body = """<base href="https://shop.example/x/"><nav><a data-to="c/hats">H</a>
    <a data-to="javascript:void(0)">J</a><a data-to="mailto:a@b.example">M</a><a>nothing</a></nav>
    <template><nav><a data-to="/c/template">T</a></nav></template>"""
    assert _found(body, attribute="data-to") == {"hats": "/x/c/hats"}


def test_the_first_selector_that_finds_links_counts():
    body = "<div class=menu><a href=/c/hats>H</a></div>"
    assert _found(body, select=["nav a", ".menu a"]) == {"hats": "/c/hats"}


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (r"^/c/([^/]+)/$", ["bags", "phones"]),
        (r"/c/(?:ph|b)[a-z]+", ["c_bags", "c_phones"]),
        (r"^https://shop\.example/c/(\w+)", ["bags", "phones"]),
        (r"/c/(phones)", ["phones"]),
    ],
)
def test_a_pattern_picks_the_listings_and_their_names_in_the_path_or_the_whole_address(
    pattern: str, names: list[str]
):
    body = "<nav><a href=/c/phones/>P</a><a href=/c/bags/>B</a><a href=/help>?</a></nav>"
    assert list(_found(body, pattern=pattern)) == names


@pytest.mark.parametrize(
    ("body", "discover", "said"),
    [
        ("<p>Hello</p>", {}, "nav a finds no link on the page"),
        ("<title>Just a moment</title>", {}, "it looks like a challenge"),
        ("<nav><a href=/x>X</a></nav>", {"pattern": "/c/(.+)"}, "/c/(.+) matches none of the 1"),
        ("<nav><a href='#x'>X</a></nav>", {"pattern": "/c/(.+)"}, "none of the 0 addresses"),
        ("<nav><a href='#x'>X</a></nav>", {}, "it leads to no web address"),
        ("<nav><a href=/c/x>X</a></nav>", {"pattern": "/c/(y)?"}, "group of the pattern /c/(y)?"),
        ("<nav><a href=/>X</a></nav>", {}, "the address / gives no name"),
        ("<nav><a href=/a/x>X</a><a href=/b/X>X</a></nav>", {}, "would be called x: /a/x and /b/X"),
        (
            "<nav><a href=/a>A</a><a href=/b>B</a></nav>",
            {"at_most": 1},
            "names more than 1 listings",
        ),
    ],
)
def test_a_page_that_names_no_listing_or_one_twice_is_an_error_that_says_so(
    body: str, discover: dict[str, object], said: str
):
    with pytest.raises(ParseError) as refused:
        _found(body, **discover)
    assert said in refused.value.problem


def test_a_path_of_the_shop_below_its_host_is_as_the_yaml_names_it():
    catalogue = catalogue_from_attributes(
        "shop",
        {
            "base_url": "https://host.example/shop",
            "discover": {"page": "/", "select": "a", "pattern": "^/c/(.+)"},
            "product": "li",
            "fields": {"sku": "b"},
            "key": "sku",
        },
    )
    names = ListingNames(catalogue, _rule(catalogue))
    names.take(["https://host.example/shop/c/hats", "https://host.example/help"])
    assert (names.addresses, names.others) == (2, 1)
    assert names.all() == (FoundListing("hats", "hats", "/c/hats"),)


def test_a_selector_that_is_none_is_a_mistake_of_the_yaml():
    with pytest.raises(CatalogueError) as refused:
        reader_of(_catalogue(select="nav["))
    assert refused.value.field == "discover.select"
