"""Links made absolute; the fast paths must give what joining gives."""

import ada_url
import pytest
from hypothesis import given
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
        ("", PAGE),
        ("#top", PAGE + "#top"),
        ("a b#c d", "https://shop.example/catalogue/a%20b#c%20d"),
        ("\\\\cdn.example\\a", "https://cdn.example/a"),
        ("\\p\\1", "https://shop.example/p/1"),
        ("https:p/1", "https://shop.example/catalogue/p/1"),
        ("http:p/1", "http://p/1"),
        ("https:///shop.example//p", "https://shop.example//p"),
        ("HTTPS://Shop.Example:443/P", "https://shop.example/P"),
        ("https://Bücher.example/ü?q=ü", "https://xn--bcher-kva.example/%C3%BC?q=%C3%BC"),
        ("/50%-off?x=100%&y='z'", "https://shop.example/50%-off?x=100%&y=%27z%27"),
        ("/a/%2e%2e/b", "https://shop.example/b"),
        ("/a/./b/../c", "https://shop.example/a/c"),
        ("..//p", "https://shop.example//p"),
        ("/a|b`d{e}", "https://shop.example/a|b%60d%7Be%7D"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
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


@pytest.mark.parametrize("base", ["mailto:a@b.example", "javascript:x", "http://[", ""])
def test_a_base_that_is_no_web_address_is_none(base):
    assert LinkResolver(PAGE, base).absolute("x") == "https://shop.example/catalogue/x"


@pytest.mark.parametrize(
    ("encoding", "address"),
    [
        ("utf-8", "https://shop.example/%D1%8F?q=%D1%8F%E2%82%B4#%D1%8F"),
        ("cp1251", "https://shop.example/%D1%8F?q=%FF%26%238372%3B#%D1%8F"),
    ],
)
def test_a_query_is_written_in_the_charset_of_the_page(encoding, address):
    assert LinkResolver(PAGE, None, encoding).absolute("/я?q=я₴#я") == address


def test_a_link_without_a_page_must_be_whole():
    links = LinkResolver(None)
    assert links.absolute("https://Shop.Example") == "https://shop.example/"
    with pytest.raises(ParseError, match="no web address"):
        links.absolute("/p/1")


@given(
    page=st.sampled_from(
        [PAGE, "https://shop.example", "https://shop.example/a/./b//c?d=/e/f#g/h", "http://[::1]/a"]
    ),
    link=st.text("ab/.-_?=&%:~+;,@'|\\ #é", max_size=12)
    | st.from_regex(r"https?://[a-z0-9.-]{1,8}[/a.%?]{1,8}", fullmatch=True)
    | st.from_regex(r"(\.\./){0,4}[/a.%?-]{1,8}", fullmatch=True),
)
def test_the_fast_paths_agree_with_the_standard(page, link):
    try:
        found = LinkResolver(page).absolute(link)
    except ParseError:
        return
    assert found == ada_url.join_url(page, link)
