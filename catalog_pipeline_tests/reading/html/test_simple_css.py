"""The walk that matches plain CSS must find what XPath finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog_pipeline.reading.html.document import parse_document
from catalog_pipeline.reading.html.selectors import field_selector
from catalog_pipeline.reading.html.simple_css import PlainMatcher, plain_chains

STEPS = st.sampled_from(["p", "i", "b", "*", ".x", ".y", "i.x", "b.y", ".x.y", "B.x"])
CHAINS = st.lists(st.tuples(st.sampled_from([" ", " > "]), STEPS), min_size=1, max_size=3).map(
    lambda steps: "".join(joint + step for joint, step in steps).lstrip(" >")
)
SELECTORS = st.lists(CHAINS, min_size=1, max_size=2).map(", ".join)
ELEMENTS = st.recursive(
    st.just(""),
    lambda inside: st.builds(
        lambda tag, classes, parts: f"<{tag} class='{classes}'>{''.join(parts)}</{tag}>",
        st.sampled_from(["i", "b", "span"]),
        st.sampled_from(["", "x", "y", "x y", " y\n x ", "xy"]),
        st.lists(inside, max_size=3),
    ),
    max_leaves=12,
)


@given(content=st.lists(ELEMENTS, max_size=3).map("".join), selectors=st.lists(SELECTORS))
def test_the_walk_finds_what_xpath_finds(content, selectors):
    root = parse_document(f"<div class=x><div id=p>{content}</div></div>".encode())
    product = root.find(".//div[@id='p']")
    matcher = PlainMatcher(selectors)
    assert set(matcher.selectors) == set(selectors)
    for text, found in matcher.matches([product]).items():
        matches = field_selector("shop", "x", text).compiled()(product)
        assert isinstance(matches, list)
        (first,) = found.first
        assert ([] if first is None else [first, *found.others.get(0, [])]) == matches


@pytest.mark.parametrize(
    "text", ["a[href]", "a:first-child", "a + b", "a ~ b", "#id", ":scope > a", "a, b[c]"]
)
def test_other_selectors_are_left_to_xpath(text):
    assert plain_chains(text) is None
