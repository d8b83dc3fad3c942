"""Which of the addresses of a header `Link` leads to the next page."""

from __future__ import annotations

import pytest

from catalog_pipeline.fetching.link_header import next_links


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('<https://shop.example/l?page=2>; rel="next"', ("https://shop.example/l?page=2",)),
        ('</l;jsessionid=1?page=2>; rel="next"', ("/l;jsessionid=1?page=2",)),
        ("</l?a=1;page=2>; rel=next", ("/l?a=1;page=2",)),
        ("</l?ids=1,2>; rel=next", ("/l?ids=1,2",)),
        ('</l?q="x">;rel=next', ('/l?q="x"',)),
        ('<a>; rel="prev", <b>; rel="next"', ("b",)),
        ("<a>; rel=next, <b>; rel=last", ("a",)),
        ('<a> ; REL = "prev NEXT"', ("a",)),
        ("<a>; rel='next'", ("a",)),
        ("<a>; crossorigin; rel=next", ("a",)),
        ('<a>; title="b; rel=next"; rel=prev', ()),
        ('<a>; title="\\", <b>; rel=next"; rel=prev', ()),
        ('<a>; rel="nextpage"', ()),
        ('<a>; rel="next"; rel="prev"', ("a",)),
        ('<a>; rel="prev"; rel="next"', ()),
        ("<a>", ()),
        ("no link; rel=next", ()),
        ("", ()),
    ],
)
def test_the_address_with_rel_next_is_taken_as_it_is_written(value: str, found: tuple[str, ...]):
    assert next_links([("Date", "<x>; rel=next"), ("link", value)]) == found


def test_several_headers_are_one():
    assert next_links([("Link", "<a>; rel=prev"), ("LINK", "<b>; rel=next")]) == ("b",)
