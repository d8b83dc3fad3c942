"""Markup made to harm the parser: a clear error, quickly."""

import time

import pytest
from lxml import etree

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.document import MAX_DEPTH, MAX_TAGS, parse_document
from catalog_pipeline.reading.html.text import visible_text

ATTRIBUTES = " ".join(f"a{number}=1" for number in range(1_000_000))


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("<div>" * 100_000 + "x" + "</div>" * 100_000, "depth"),
        ("<table><tr><td>" * 100_000, "depth"),
        ("<b><i>" * 3_000, "depth in document: 5000"),
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


@pytest.mark.parametrize("tag", ["div", "b", "p><div", "font", "ul><li", "section"])
@pytest.mark.parametrize("depth", [300, 2_400])
def test_a_page_of_unclosed_tags_is_read_to_its_end(tag, depth):
    page = f"<title>é</title>{f'<{tag}>' * depth}<article><h2>A &amp; B</h2> tail</article>"
    root = parse_document(page.encode())
    assert root.findtext(".//title") == "é"
    (product,) = root.iter("article")
    assert product.findtext("h2") == "A & B"
    assert visible_text(product).split() == ["A", "&", "B", "tail"]
    assert len(list(product.iterancestors())) > depth


def test_a_page_is_read_to_a_depth_of_5000_and_no_deeper():
    around = 3  # html, body and what is in the innermost
    deep = parse_document(b"<div>" * (MAX_DEPTH - around) + b"<i>x</i>")
    assert deep.find(".//i").text == "x"
    with pytest.raises(
        ParseError, match="exceeds what is parsed: Excessive depth in document: 5000"
    ):
        parse_document(b"<div>" * (MAX_DEPTH - around + 1) + b"<i>x</i>")


def test_a_deep_tree_is_the_one_that_the_parser_builds_by_itself():
    body = (
        "<!doctype html><html lang=x><head><meta charset=utf-8><!-- c --></head><body class='a b'>"
    )
    page = body + "<p>a<b>b<p>c&nbsp;<table><td>d</table>e<?pi?><br/>f" * 30
    deeper = page + "<div>" * 300
    inner = parse_document(deeper.encode())
    for each in inner.findall(".//div"):
        each.getparent().remove(each)
    assert etree.tostring(inner) == etree.tostring(parse_document(page.encode()))


def test_the_charset_of_the_page_was_settled_before():
    """A `<meta>` in the page must not make the parser decode the UTF-8 once more."""
    root = parse_document("<meta charset=iso-8859-1><p>£</p>".encode())
    assert root.findtext(".//p") == "£"
