"""Why a selector finds nothing: the longest part that matches, what is there, known traps."""

import pytest

from catalog_pipeline.catalogue.page_key import PageKey
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.explaining import explain
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline_tests.reading.small_catalogues import catalogue

URL = "https://shop.example/list/1"
TABLE = "<table id=list>" + "<tr class=row><td><b>x</b></td></tr>" * 20 + "</table>"
CARDS = "<div class='Card_title__Ab12c'><b>x</b></div>" * 9
JSON = "{" + '"a": 1,' * 100 + "}"
WORDS = "<p>" + "words that people read " * 30


def _reasons(page: str, product: str, field: str = "b") -> tuple[str, ...]:
    """What `try` says in full."""
    parser = ListingParser(catalogue({"name": {"select": field}}, product))
    found = explain(parser, page.encode(), url=URL)
    return (*found.reasons, *(reason for match in found.fields for reason in match.reasons))


def _error(page: str, product: str, field: str = "b") -> str:
    """What the error of a failed page in a crawl says."""
    parser = ListingParser(catalogue({"name": {"select": field}}, product))
    with pytest.raises(ParseError) as caught:
        parser.read(page.encode(), url=URL, page=PageKey(1))
    return caught.value.problem


@pytest.mark.parametrize(
    ("page", "product", "reasons"),
    [
        (TABLE, "table#list > tbody > tr", ["'table#list' matches 1, but '> tbody' does not follow",
                                            "there is: 20 tr.row", "browsers put in tbody",
                                            "'table#list > tr' matches 20"]),
        (TABLE, "//table[@id='list']/tbody/tr", ["\"//table[@id='list']\" matches 1, but 'tbody'",
                                                 "\"//table[@id='list']/tr\" matches 20"]),
        (TABLE, "tr:nth-child(40) td", ["positions change", "'tr td' matches 20"]),
        (TABLE, "//tr[21]/td", ["positions change", "'//tr/td' matches 20"]),
        (TABLE, "table#list div.row", ["'div.row' does not follow"]),
        (TABLE, "table#list tr.rows", ["20 tr without .rows"]),
        (TABLE, "table.list, ul > li", ["1 table without .list"]),
        (TABLE, "#lists tr", ["nothing matches '#lists'; there is: 1 #list"]),
        (CARDS, "div.Card_title__x7f2k", ["made by a build", "9 .Card_title__Ab12c",
                                          "'div[class*=\"Card_title__\"]' matches 9"]),
        (CARDS, ".css-1q2w3e4", ["the class css-1q2w3e4 looks made by a build"]),
        (WORDS, ".p", ["nothing matches '.p'"]),
    ],
)  # fmt: skip
def test_a_selector_of_products_that_finds_nothing_is_explained(page, product, reasons):
    told = "\n".join(_reasons(page, product))
    assert [reason for reason in reasons if reason not in told] == []


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (f"<div id=__next></div><script id=__NEXT_DATA__ type=application/json>{JSON}</script>",
         "empty shell that JavaScript fills; the data may be in script#__NEXT_DATA__"),
        (f"<div id=app></div>{WORDS}<script>window.__STATE__ = {JSON}</script>",
         "the data may be in a script's __STATE__"),
        (f"<script type='application/ld+json'>{JSON}</script>",
         'the data may be in script[type="application/ld+json"]'),
        ("<div id=root></div><script src=/main.js></script>", "empty shell that JavaScript fills"),
        ("<title>Just a moment...</title>Checking your browser", "challenge for people"),
        (f"{WORDS}<div class=g-recaptcha></div>", "challenge for people"),
        ("<h1>Before you continue</h1><form><button>Accept</button></form>", "consent or age"),
    ],
)  # fmt: skip
def test_a_page_that_is_no_listing_is_said_to_be_what_it_seems(page, reason):
    assert reason in _reasons(page, ".p")[0]
    assert reason in _error(page, ".p")


def test_a_page_that_only_mentions_a_captcha_is_not_taken_for_one():
    page = "<p>" + "Our shop has no captcha. " * 300
    assert "challenge" not in "".join(_reasons(page, ".p"))


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        ("h3 > span > a", "'h3' matches 2, but '> span' does not follow; there is: 2 a"),
        ("./h3/b/a", "'./h3' matches 2, but 'b' does not follow; there is: 2 a"),
        ("xpath:./h3/b", "'./h3' matches 2, but 'b' does not follow"),
        (".prize", "there is: 2 .price"),
        ("i", "'i' matches 2, without text or attribute to take"),
        ("h3/@title", "'h3' matches 2, but '@title' does not follow"),
    ],
)
def test_a_selector_of_a_field_is_explained_over_all_products(field, reason):
    page = "<div class=p><h3><a>x</a></h3><i></i><u class=price>5</u></div>" * 2
    if field.startswith("h3/"):
        field = f"xpath:{field}"
    assert reason in "".join(_reasons(page, ".p", field))


def test_the_error_of_a_failed_page_says_it_shorter():
    assert _error(TABLE, "table#list > tbody > tr").endswith(
        "browsers put in tbody, the page has none: 'table#list > tr' matches 20)"
    )
    page = "<div class=p><h3><a>x</a></h3></div>"
    assert "'h3' matches 1, but '> b' does not follow (there is: 1 a)" in _error(
        page, ".p", "h3 > b"
    )
    assert _error(WORDS, ".p").endswith("without title)")
