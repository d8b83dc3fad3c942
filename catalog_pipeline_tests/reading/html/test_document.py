"""Markup made to harm the parser: a clear error, quickly."""

import time

import pytest

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.document import MAX_TAGS, parse_document

ATTRIBUTES = " ".join(f"a{number}=1" for number in range(1_000_000))


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("<div>" * 100_000 + "x" + "</div>" * 100_000, "depth"),
        ("<table><tr><td>" * 100_000, "depth"),
        ("<b><i>" * 1_000, "depth"),
        (f"<div {ATTRIBUTES}>x</div>", "more than 2000 attributes"),
        (f'<div x=">" {ATTRIBUTES}>x</div>', "more than 2000 attributes"),
        ("<div " + " ".join(f'a{n}=">"' for n in range(20_000)) + ">", "more than 2000 attributes"),
        ("<div " + " ".join(f"a{n}='><p>'" for n in range(20_000)) + ">", "more than 2000"),
        (f"<script>i<b c='</script><div {ATTRIBUTES} z=''>", "more than 2000 attributes"),
        ("<p>" + "x" * 12_000_000, "exceeds"),
        (f"<p title='{'x' * 12_000_000}'>", "exceeds"),
        ("<br>" * (MAX_TAGS + 1), "500000 are the most"),
        ("<a " + "x " * 1_100_000 + ">", "more than 1000000 attributes"),
        ("", "empty|no HTML"),
        ("  \n", "empty|no HTML"),
        ("<!-- nothing -->", "empty|no HTML"),
    ],
    ids=lambda value: value[:24],
)
def test_harmful_markup_is_refused_quickly(page, problem):
    started = time.process_time()
    with pytest.raises(ParseError, match=problem):
        parse_document(page.encode())
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    "page",
    [
        "<p>" * 100_000,
        "<p>" + "</div>" * 200_000,
        "<" * 400_000,
        "<p " + "a=1 " * 1_999 + ">x",
        f"<img src='data:,{'x' * 200_000}'>",
        f"<script>{'if (a<b) c(); ' * 20_000}</script>",
        "<a<a<a<a" * 40_000,
        "<a b='" * 200_000 + ">",
        "<a b='<a b=\"" * 100_000 + ">",
        "&amp;" * 1_000_000,
        "x\0y",
    ],
    ids=lambda value: value[:24],
)
def test_odd_markup_is_parsed_quickly(page):
    started = time.process_time()
    assert parse_document(page.encode()) is not None
    assert time.process_time() - started < 5


def test_the_charset_of_the_page_was_settled_before():
    """A `<meta>` in the page must not make the parser decode the UTF-8 once more."""
    root = parse_document("<meta charset=iso-8859-1><p>£</p>".encode())
    assert root.findtext(".//p") == "£"
