"""What of an element is its text."""

import pytest
from lxml import etree

from catalog_pipeline.reading.html.text import visible_text
from catalog_pipeline.reading.values.conversion import fold


def _text(markup: str) -> str:
    root = etree.fromstring(f"<main id=it>{markup}</main>after", etree.HTMLParser())
    return fold(visible_text(root.find(".//main")))


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("Kettle<style>.x{}</style><script>q(1)</script><template>none</template>", "Kettle"),
        ("<noscript>on</noscript>Ket<script>q</script>tle", "Kettle"),
        ("<b>Ket</b><i>tle</i>", "Kettle"),
        ("<svg><title>Icon</title><desc>cart</desc><text>9</text></svg>Kettle", "9Kettle"),
        ("<video>no<p>video</p></video>Ket<iframe>none</iframe>tle<noembed>x</noembed>", "Kettle"),
        (
            "<b><template><i>no</i></template>yes</b> and<template>no</template> more",
            "yes and more",
        ),
        ("Limited Edition<br>Following", "Limited Edition Following"),
        (
            "<p>one</p><p>two</p>three<div>four<span>five</span></div>six",
            "one two three fourfive six",
        ),
        ("<ul><li>a<li>b</ul>", "a b"),
        ("<table><tr><td>1<td>2</table>", "1 2"),
        ("<p>x<style>y</style></p>", "x"),
        ("", ""),
    ],
)
def test_it_is_what_a_reader_sees(markup, text):
    assert _text(markup) == text


def test_a_script_that_was_asked_for_has_its_text():
    root = etree.fromstring("<script>{}</script><title>a</title>", etree.HTMLParser())
    assert visible_text(root.find(".//script")) == "{}"
    template = etree.fromstring("<template>a<p>b</p></template>", etree.HTMLParser())
    assert fold(visible_text(template.find(".//template"))) == "a b"
