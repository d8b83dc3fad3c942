"""What `try` tells about a page that a YAML does not fit."""

from catalog_pipeline.reading.explaining import SelectorMatch, ValueFailure, explain
from catalog_pipeline.reading.html.listing import ListingParser
from catalog_pipeline_tests.reading.small_catalogues import catalogue

URL = "https://shop.example/list/1"
PAGE = b"""<title>Shop</title>
<div class=p><b>One</b><i>$1.00</i></div>
<div class=p><b>Two</b><i>ask</i></div>
<div class=p><u>Three</u></div>"""


def test_each_field_says_how_often_each_selector_matched_and_what_failed():
    parser = ListingParser(
        catalogue(
            {
                "name": {"select": ["h2", "b"]},
                "price": {"select": "i", "type": "money", "currency": "USD"},
                "new": {"select": "em", "type": "boolean", "exists": True},
            },
            product=[".card", ".p"],
        )
    )
    found = explain(parser, PAGE, url=URL, content_type="text/html; charset=utf-8")
    assert (found.title, found.charset, found.problem) == ("Shop", "utf-8 (HTTP header)", None)
    assert found.products == (SelectorMatch(".card", 0), SelectorMatch(".p", 3))
    name, price, new = found.fields
    assert name.selectors == (SelectorMatch("h2", 0), SelectorMatch("b", 2))
    assert (name.is_required, name.missing, name.is_good) == (True, (3,), False)
    assert price.failures == (ValueFailure(2, "there is no amount in the price", "ask"),)
    assert (price.failed, price.missing, price.is_good) == (1, (3,), False)
    assert new.is_good
    assert not found.is_good


def test_a_page_without_products_says_so():
    found = explain(ListingParser(catalogue({"name": {"select": "b"}})), b"<p>x", url=URL)
    assert found.problem == "no product on the page (4 bytes)"
    assert not found.is_good


def test_a_page_that_cannot_be_decoded_says_where():
    found = explain(ListingParser(catalogue({"name": {"select": "b"}})), b"<p>\xff", url=URL)
    assert "byte 3" in str(found.problem)
