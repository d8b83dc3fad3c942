"""Where a page's links lead: what the site says of its own pages, such as which comes next.

The addresses of products are fields (`field_reading`); what a link means for a listing is decided
in `catalog_pipeline.crawling`.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.charset import Charset, charset_of, in_utf8
from catalog_pipeline.reading.decoders import python_name
from catalog_pipeline.reading.html.document import parse_document
from catalog_pipeline.reading.values.links import LinkResolver


def link_resolver(root: etree._Element, url: str, charset: Charset) -> LinkResolver:
    """What makes the links of a page absolute, whose address and charset these are."""
    hrefs = (base.get("href") for base in root.iter("base"))
    base = next((href for href in hrefs if href is not None), None)
    return LinkResolver(url, base, python_name(charset.name))


def page_links(
    body: bytes, *, url: str, content_type: str | None = None, encoding: str | None = None
) -> Iterator[str]:
    """The web addresses that the page links to, absolute, in the order of the page.

    Raises:
        ParseError: the page cannot be read.
    """
    charset = charset_of(body, content_type, encoding)
    root = parse_document(in_utf8(body, charset))
    resolver = link_resolver(root, url, charset)
    for element in root.iter("a", "link", "area"):
        href = element.get("href")
        if href is None:
            continue
        try:
            yield resolver.absolute(href)
        except ParseError:
            continue
