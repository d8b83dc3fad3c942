"""What a sitemap lists (sitemaps.org): addresses of pages, or of further sitemaps.

Entities are never read, and nothing is asked for on the way. Which addresses are listings is told
in `discovery`; how many sitemaps may be asked for, by whoever asks the site.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from io import BytesIO

from lxml import etree

from catalog_pipeline.catalogue.model import Catalogue
from catalog_pipeline.errors import ParseError
from catalog_pipeline.reading.html.document import parse_document
from catalog_pipeline.reading.html.page_kind import page_kind
from catalog_pipeline.reading.values.links import LinkResolver
from catalog_pipeline.reading.watch import at_most

SITEMAP_TYPES = frozenset(
    {
        "application/xml",
        "text/xml",
        "application/gzip",
        "application/x-gzip",
        "application/octet-stream",
        "binary/octet-stream",
        "text/plain",
        "text/html",
    }
)
"""Media types that servers send sitemaps as; of HTML it is told what it seems to be."""
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31


@dataclass(frozen=True)
class Sitemap:
    """The addresses that a sitemap lists: of pages, or of sitemaps where it is an index."""

    addresses: tuple[str, ...]
    is_index: bool


def read_sitemap(catalogue: Catalogue, body: bytes, *, url: str) -> Sitemap:
    """What the sitemap from that address lists, compressed or not.

    Raises:
        ParseError: it is none, damaged, too large, or declares entities.
    """
    with at_most(catalogue.limits.parse_seconds):
        content = _unzipped(body, catalogue.limits.max_decoded_bytes)
        root = _root(content)
        name = etree.QName(root).localname
        if name not in ("urlset", "sitemapindex"):
            raise ParseError(f"it is no sitemap: its outermost element is {name}{_seems(content)}")
        links = LinkResolver(url)
        found = (
            _address(place)
            for entry in root.iterchildren("{*}url", "{*}sitemap")
            for place in entry.iterchildren("{*}loc")
        )
        addresses = dict.fromkeys(links.absolute(text) for text in found if text)
        return Sitemap(tuple(addresses), name == "sitemapindex")


def _address(place: etree._Element) -> str:
    """The address that an element `loc` holds; "" if it is blank."""
    if len(place):
        raise ParseError("an address in it has markup within", found="".join(place.itertext()))
    return (place.text or "").strip()


def _root(content: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )
    try:
        tree = etree.parse(BytesIO(content.lstrip()), parser)
    except etree.XMLSyntaxError as error:
        raise ParseError(f"it is no XML: {error.msg}{_seems(content)}") from error
    if tree.docinfo.internalDTD is not None and any(tree.docinfo.internalDTD.iterentities()):
        raise ParseError("it declares entities, which a sitemap has no need of")
    return tree.getroot()


def _seems(content: bytes) -> str:
    """What else it seems to be, if it is a page."""
    kind = page_kind(parse_document(content)) if b"<" in content[:1000] else None
    return f"; {kind}" if kind else ""


def _unzipped(body: bytes, most: int) -> bytes:
    if not body.startswith(_GZIP):
        return body
    parts: list[bytes] = []
    rest = body
    try:
        while rest.startswith(_GZIP):
            member = zlib.decompressobj(_GZIP_WINDOW)
            parts.append(member.decompress(rest, most + 1 - sum(map(len, parts))))
            if sum(map(len, parts)) > most:
                raise ParseError(
                    f"decompressed it has more than {most} bytes, which is what "
                    f"limits.max_decoded_bytes allows"
                )
            if not member.eof:
                raise ParseError("its compressed content is cut short")
            rest = member.unused_data
    except zlib.error as error:
        raise ParseError(f"its compressed content is damaged: {error}") from error
    return b"".join(parts)
