"""Links made absolute; the fast paths must give what joining gives."""

from urllib.parse import urljoin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.values.links import LinkResolver

PAGE = "https://shop.example/catalogue/page-2.html"


@pytest.mark.parametrize(
    ("link", "absolute"),
    [
        ("in-her-wake_980/index.html", "https://shop.example/catalogue/in-her-wake_980/index.html"),
        ("/p/1?x=1&y=2", "https://shop.example/p/1?x=1&y=2"),
        ("../media/a.jpg", "https://shop.example/media/a.jpg"),
        ("../../../a.jpg", "https://shop.example/a.jpg"),
        ("//cdn.example/a", "https://cdn.example/a"),
        ("?page=3", "https://shop.example/catalogue/page-2.html?page=3"),
        ("http://else.example/a#b", "http://else.example/a#b"),
        (" \n/p/a\tb c ", "https://shop.example/p/ab%20c"),
        ("/café", "https://shop.example/caf%C3%A9"),
    ],
)
def test_a_link_is_made_absolute(link, absolute):
    assert LinkResolver(PAGE).absolute(link) == absolute


@pytest.mark.parametrize(
    "link", ["javascript:void(0)", "mailto:a@b.example", "http://[", "data:,x"]
)
def test_a_link_that_leads_to_no_web_address_is_refused(link):
    with pytest.raises(ParseError, match="no web address"):
        LinkResolver(PAGE).absolute(link)


def test_links_are_relative_to_the_base_of_the_page():
    links = LinkResolver("https://shop.example/a/b", "/other/")
    assert links.absolute("c") == "https://shop.example/other/c"


@settings(deadline=None)
@given(
    page=st.sampled_from([PAGE, "https://shop.example", "https://shop.example/a/./b/c?d=/e/f"]),
    link=st.text("ab/.-_?=&%:", min_size=1, max_size=12),
)
def test_the_fast_paths_agree_with_joining(page, link):
    try:
        found = LinkResolver(page).absolute(link)
    except ParseError:
        return
    assert found == urljoin(page, link)
